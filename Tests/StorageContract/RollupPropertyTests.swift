import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

/// What was kept is what a recount of all spans says, whatever happened on the way.
@Suite("Rollups against a recount")
struct RollupPropertyTests {
    @Test("sampling changes nothing about them", arguments: 0..<20 as Range<UInt64>)
    func sampling(seed: UInt64) throws {
        var history = try RollupHistory(seed: seed) {
            $0.sampling.probability = 0.3
            $0.sampling.keepErrors = seed % 2 == 0
            $0.sampling.slowerThanQuantile = seed % 3 == 0 ? 0.9 : 0
            $0.sampling.rareCalls = seed % 5 == 0 ? 2 : 0
            $0.sampling.holdTime = 1_000_000_000_000_000
        }
        for _ in 0..<30 {
            try history.step()
            if history.generator.chance(3) { try history.compare() }
        }
        try history.store.store.compact()
        try history.compare()
        // Whatever was held back is gone, and counts all the same.
        history.store.time.advance(nanoseconds: 1_000_000_000_000_001)
        for _ in 0..<3 { try history.store.store.maintain() }
        try history.compare()
        try history.store.reopen()
        try history.compare()
    }

    @Test("all tables are those of a recount of all spans after any history", arguments: 0..<40 as Range<UInt64>)
    func anyHistory(seed: UInt64) throws {
        var history = try RollupHistory(seed: seed)
        for _ in 0..<30 {
            try history.step()
            if history.generator.chance(3) { try history.compare() }
        }
        try history.compare()
        try history.store.store.compact()
        try history.compare()
        try history.store.reopen()
        try history.compare()
    }
}

/// Does random things to a store and remembers every span that it took.
struct RollupHistory {
    let seed: UInt64
    let store: SpanStoreUnderTest
    var generator: RandomSpans
    private let reference: SpanStoreUnderTest
    private var written: [Span] = []
    private var heldBack: [Span] = []
    private let everything = Int64.min...Int64.max

    init(seed: UInt64, options changed: (inout SpanStoreOptions) -> Void = { _ in }) throws {
        self.seed = seed
        generator = RandomSpans(seed: seed)
        generator.width = seed % 2 == 0 ? 600_000_000_000 : 9_000_000_000_000
        var options = SpanStoreOptions()
        options.cutSpanCount = 40
        options.mergeWidth = 3
        options.headByteLimit = seed % 3 == 0 ? 80_000 : 64 << 20
        options.blockSpanLimit = seed % 4 == 0 ? 150 : 4_000_000
        options.pageCacheByteLimit = seed % 2 == 0 ? 50_000 : 32 << 20
        changed(&options)
        store = try SpanStoreUnderTest(.embedded, options: options, seed: seed)
        reference = try SpanStoreUnderTest(.inMemory)
    }

    mutating func step() throws {
        switch generator.below(12) {
        case 0: try store.store.flush()
        case 1: if generator.chance(3) { try store.store.compact() }
        case 2: try store.reopen()
        case 3, 4:
            store.time.advance(nanoseconds: UInt64(generator.below(200)) * 1_000_000_000)
            try store.store.maintain()
        case 5: try write((0..<generator.below(8)).compactMap { _ in again() })
        case 6, 7: try write(late())
        default: try write(fresh())
        }
    }

    private mutating func write(_ spans: [Span]) throws {
        let batch = SpanBatch(spans)
        let got = try store.store.write(batch)
        #expect(try reference.store.write(batch) == got, "seed \(seed)")
    }

    private mutating func fresh() -> [Span] {
        var spans: [Span] = []
        for _ in 0...generator.below(3) {
            var trace = telling(generator.trace(spanCount: 1 + generator.below(12)))
            let kept = generator.chance(2) ? trace.count : generator.below(trace.count)
            heldBack.append(contentsOf: trace[kept...])
            trace.removeSubrange(kept...)
            spans.append(contentsOf: trace)
        }
        written.append(contentsOf: spans)
        return spans.shuffled(using: &generator.random)
    }

    private mutating func late() -> [Span] {
        heldBack.shuffle(using: &generator.random)
        let spans = Array(heldBack.suffix(generator.below(8)))
        heldBack.removeLast(spans.count)
        written.append(contentsOf: spans)
        return spans
    }

    private mutating func again() -> Span? {
        guard !written.isEmpty else { return nil }
        var span = written[generator.below(written.count)]
        if generator.chance(3) { span.end += 1_000_000 }
        return span
    }

    /// Gives spans what rollups look at: statements, codes, peers, clocks that differ, resources without a host.
    private mutating func telling(_ spans: [Span]) -> [Span] {
        spans.map { span in
            var span = span
            if generator.chance(2) { span.kind = [.client, .server][generator.below(2)] }
            if generator.chance(3) {
                span.attributes.append(Attribute("db.system.name", ["mysql", "redis"][generator.below(2)]))
                span.attributes.append(Attribute("db.query.text", "SELECT \(generator.below(9)) FROM t\(generator.below(3))"))
            }
            if generator.chance(2) {
                span.attributes.append(Attribute("http.response.status_code", .int(200 + Int64(generator.below(400)))))
            }
            if generator.chance(4) { span.attributes.append(Attribute("server.address", "peer-\(generator.below(3))")) }
            if generator.chance(4) { span.resource.attributes.removeAll { $0.key == "host.name" } }
            if generator.chance(6) { span.start += 700_000_000 }
            return span
        }
    }

    // MARK: - Comparing

    mutating func compare() throws {
        let recount = try reference.store.rollups(minutes: everything)
        compare(try store.store.rollups(minutes: everything), recount, "all minutes")
        compare(try store.store.sums(minutes: everything, parts: .all), recount.summed { _ in 0 }, "all sums")
        let first = Int64(generator.origin / 60_000_000_000) - 2 + Int64(generator.below(Int(generator.width / 60_000_000_000)))
        let range = first...(first + Int64(generator.below(100)))
        compare(try store.store.rollups(minutes: range), recount.restricted(to: range), "\(range)")
        compare(
            try store.store.sums(minutes: range, parts: [.edges, .statements]),
            recount.restricted(to: range).only([.edges, .statements]).summed { _ in 0 }, "sums of \(range)")
    }

    /// Sums, buckets and what only grows are equal. What cannot be taken back is close: the shortest and the longest duration
    /// lie in the right bucket, the highest number of calls within one caller is not too low.
    private func compare(_ got: RollupTable, _ wanted: RollupTable, _ what: String) {
        #expect(got.operations == wanted.operations, "seed \(seed), \(what)")
        #expect(got.instances == wanted.instances, "seed \(seed), \(what)")
        #expect(got.nodes == wanted.nodes, "seed \(seed), \(what)")
        #expect(got.edges.mapValues(EdgeSums.init) == wanted.edges.mapValues(EdgeSums.init), "seed \(seed), \(what)")
        #expect(
            got.statements.mapValues(StatementSums.init) == wanted.statements.mapValues(StatementSums.init),
            "seed \(seed), \(what)")
        for (key, row) in wanted.statements {
            guard let own = got.statements[key] else { continue }
            #expect(own.maximumPerCaller >= row.maximumPerCaller, "seed \(seed), \(what)")
        }
    }

    private struct SketchSums: Equatable {
        var buckets: [DurationSketch.Bucket]
        var sum: Int128
        var minimum: UInt16
        var maximum: UInt16

        init(_ sketch: DurationSketch) {
            buckets = sketch.buckets
            sum = sketch.exactSum
            minimum = DurationSketch.bucketIndex(sketch.minimum)
            maximum = DurationSketch.bucketIndex(sketch.maximum)
        }
    }

    private struct EdgeSums: Equatable {
        var counts: [UInt64]
        var durations: SketchSums

        init(_ row: EdgeRollup) {
            counts = [row.calls, row.errors, row.seenByClient, row.seenByServer]
            durations = SketchSums(row.durations)
        }
    }

    private struct StatementSums: Equatable {
        var counts: [UInt64]
        var durations: SketchSums

        init(_ row: StatementRollup) {
            counts = [row.calls, row.errors]
            durations = SketchSums(row.durations)
        }
    }
}
