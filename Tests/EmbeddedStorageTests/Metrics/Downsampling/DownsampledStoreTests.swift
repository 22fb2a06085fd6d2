import Platform
import Storage
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Keeping downsampled metrics")
struct DownsampledStoreTests {
    private static let hour = DownsampledPair.hour

    /// The number of samples of each series by hour, which both stores must agree on.
    private func counts(_ pair: DownsampledPair) throws -> String? {
        let answer = try pair.ask(
            "count_over_time(load[1h])", start: DownsampledPair.start, end: pair.now / Self.hour * Self.hour, step: Self.hour)
        #expect(answer.warnings.isEmpty)
        return DownsampledPair.difference(answer.thinned, answer.whole, isSum: false)
    }

    @Test("a process that is killed anywhere in its upkeep loses no sample and counts none twice", arguments: 0..<30)
    func killed(seed: UInt64) throws {
        let pair = try DownsampledPair(seed: seed)
        var killedCount = 0
        for step in 0..<50 {
            try pair.advance(minutes: 30)
            pair.system.fail(after: Int.random(in: 0..<60, using: &pair.random))
            var isKilled = false
            do {
                if step % 9 == 8 { try pair.thinned.compact() }
                for _ in 0..<2 { try pair.thinned.maintain() }
            } catch {
                isKilled = true
                killedCount += 1
            }
            pair.system.fail(after: nil)
            if isKilled || step % 5 == 0 { try pair.reopen() }
            if step % 7 == 0 {
                // What is in blocks is durable, and so must be what they were made into.
                try pair.thinned.flush()
                pair.system.files.powerLoss()
                try pair.reopen()
            }
            if step % 10 == 9 {
                let difference = try counts(pair)
                #expect(difference == nil, "seed \(seed), step \(step): \(difference ?? "")")
            }
        }
        #expect(killedCount > 5)
        for _ in 0..<50 { try pair.thinned.maintain() }
        #expect(try counts(pair) == nil, "seed \(seed)")
    }

    @Test("samples are not deleted before their aggregates are on the disk, and go when they are")
    func order() throws {
        let pair = try DownsampledPair(seed: 3)
        try pair.advance(minutes: 60)
        try pair.thinned.flush()
        pair.time.advance(nanoseconds: 20 * 3_600_000_000_000)
        // The first thing that is written are aggregates.
        pair.system.fail(after: 0)
        #expect(throws: StorageError.self) { try pair.thinned.maintain() }
        pair.system.fail(after: nil)
        #expect(pair.thinned.status().metricBlocks == 1 && pair.thinned.status().downsampled.isEmpty)
        try pair.thinned.maintain()
        #expect(pair.thinned.status().downsampled.map(\.blocks) == [1, 1])
        try pair.thinned.maintain()
        #expect(pair.thinned.status().metricBlocks == 2)
        #expect(try pair.system.list("/thin/metrics").contains(MetricHorizonsFile.name))
        pair.time.advance(nanoseconds: 20 * 3_600_000_000_000)
        try pair.thinned.maintain()
        #expect(pair.thinned.status().downsampled.map(\.name) == ["1h"])
        #expect(try counts(pair) == nil)
    }

    @Test("a bound in bytes takes samples first, then aggregates of five minutes, then those of an hour, the oldest first")
    func size() throws {
        let pair = try DownsampledPair(seed: 4)
        for _ in 0..<8 {
            try pair.advance(minutes: 60)
            try pair.thinned.compact()
        }
        let store = pair.thinned
        var left = store.allBlocks().map { $0.resolution?.name ?? "samples" }
        #expect(Set(left) == ["samples", "5m", "1h"])
        while left.count > 0 {
            try store.deleteOldest(above: store.allBlocks().reduce(0) { $0 + $1.byteCount } - 1)
            let (blocks, downsampled) = store.state.withLock { ($0.blocks, $0.downsampled) }
            let settled = blocks.filter { downsampled.covers($0, .fiveMinutes) && downsampled.covers($0, .oneHour) }
            if !settled.isEmpty { #expect(downsampled.blocks(.fiveMinutes).count == left.count { $0 == "5m" }) }
            if !downsampled.blocks(.fiveMinutes).isEmpty {
                #expect(downsampled.blocks(.oneHour).count == left.count { $0 == "1h" })
            }
            let now = store.allBlocks().map { $0.resolution?.name ?? "samples" }
            #expect(now.count < left.count)
            left = now
        }
    }

    @Test("samples that come when those of their bucket are gone are added to its aggregates")
    func late() throws {
        let pair = try DownsampledPair(seed: 5)
        let labels = Labels(["__name__": "import"])
        func write(_ offsets: [Int64]) throws {
            var batch = MetricBatch()
            batch.append(labels, offsets.map { Sample(timestamp: DownsampledPair.start + $0, value: Double($0)) })
            for store in [pair.whole, pair.thinned] { _ = try store.write(batch) }
        }
        func maintain() throws {
            try pair.thinned.flush()
            for _ in 0..<4 { try pair.thinned.maintain() }
        }
        func differs(_ function: String) throws -> String? {
            let start = DownsampledPair.start
            let answer = try pair.ask(
                "\(function)(import[1h])", start: start + Self.hour, end: start + 2 * Self.hour, step: Self.hour)
            #expect(answer.warnings.isEmpty && !answer.whole.isEmpty)
            return DownsampledPair.difference(answer.thinned, answer.whole, isSum: false)
        }
        let functions = ["count_over_time", "sum_over_time", "min_over_time", "max_over_time", "last_over_time", "avg_over_time"]
        try write([10, 1_000, 300_000])
        pair.time.advance(nanoseconds: 12 * 3_600_000_000_000)
        try maintain()
        #expect(pair.thinned.status().downsampled.count == 2 && pair.thinned.state.withLock { $0.blocks.isEmpty })
        try write([500, 299_999, 3_600_000, 400_000])
        // First from the head, then from a block, then from aggregates.
        for function in functions { #expect(try differs(function) == nil, "\(function)") }
        try pair.thinned.flush()
        for function in functions { #expect(try differs(function) == nil, "\(function)") }
        try maintain()
        #expect(pair.thinned.state.withLock { $0.blocks.isEmpty })
        for function in functions { #expect(try differs(function) == nil, "\(function)") }
        try pair.reopen()
        try pair.thinned.compact()
        for function in functions { #expect(try differs(function) == nil, "\(function)") }
    }

    @Test("a deletion takes the buckets that it touches, and no others, before and after the next start")
    func deletion() throws {
        let pair = try DownsampledPair(seed: 6)
        for _ in 0..<40 {
            try pair.advance(minutes: 30)
            for _ in 0..<3 { try pair.thinned.maintain() }
        }
        let matchers = [try LabelMatcher("kind", .equal, "int")]
        let start = DownsampledPair.start
        let (from, through) = (start + 2 * Self.hour + 1, start + 4 * Self.hour)
        for store in [pair.whole, pair.thinned] { try store.delete(SeriesQuery(matchers, from: from, through: through)) }
        for isReopened in [false, true] {
            if isReopened { try pair.reopen() }
            let difference = try counts(pair)
            #expect(difference == nil, "\(isReopened) \(difference ?? "")")
        }
        try pair.thinned.purgeDeleted()
        #expect(try counts(pair) == nil)
        // A part of a bucket takes all of it.
        try pair.thinned.delete(SeriesQuery(matchers, from: start + 6 * Self.hour + 5, through: start + 6 * Self.hour + 6))
        let answer = try pair.ask(
            "count_over_time(load{kind=\"int\"}[1h])", start: start + 6 * Self.hour, end: start + 8 * Self.hour, step: Self.hour)
        let gone = Set(answer.whole[0].timestamps).subtracting(answer.thinned[0].timestamps)
        #expect(gone.isSubset(of: [start + 7 * Self.hour]))
    }
}
