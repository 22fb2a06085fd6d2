import Platform
import QueryEngine
import Storage
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Queries over downsampled metrics")
struct DownsampledQueryTests {
    private static let exact = [
        "min_over_time", "max_over_time", "count_over_time", "last_over_time", "present_over_time", "ts_of_last_over_time",
        "sum_over_time", "avg_over_time",
    ]

    @Test(
        "windows of whole buckets have the results of the samples, and no other answer differs without a warning", arguments: 0..<6)
    func differential(seed: UInt64) throws {
        let pair = try DownsampledPair(seed: seed)
        for step in 0..<110 {
            try pair.advance(minutes: Int.random(in: 10..<50, using: &pair.random))
            try upkeep(pair)
            if step % 22 == 21 { try compare(pair, "seed \(seed), step \(step)") }
        }
        let kept = pair.thinned.status().downsampled.map(\.name)
        #expect(kept == ["5m", "1h"])
        // Six hours of samples at most, and those of the head.
        let horizon = pair.thinned.state.withLock { $0.downsampled.horizons }
        #expect(horizon.samples > pair.now - 12 * DownsampledPair.hour, "samples go")
        #expect(horizon.fiveMinutes > pair.now - 40 * DownsampledPair.hour, "aggregates of five minutes go")
    }

    private func upkeep(_ pair: DownsampledPair) throws {
        switch Int.random(in: 0..<8, using: &pair.random) {
        case 0: try pair.thinned.flush()
        case 1: try pair.thinned.compact()
        case 2: try pair.reopen()
        default: break
        }
        for _ in 0..<3 { try pair.thinned.maintain() }
    }

    /// Asks questions of which about half can be answered exactly.
    private func compare(_ pair: DownsampledPair, _ place: String) throws {
        let hour = DownsampledPair.hour
        var exactCount = 0
        var warnedCount = 0
        for _ in 0..<60 {
            let function = Self.exact.randomElement(using: &pair.random) ?? ""
            let unit = [hour, hour, 300_000, 420_000].randomElement(using: &pair.random) ?? hour
            let window = unit * Int64.random(in: 1...5, using: &pair.random)
            let step = unit * Int64.random(in: 1...4, using: &pair.random)
            let offset = Int.random(in: 0..<4, using: &pair.random) == 0 ? unit : 0
            let start =
                DownsampledPair.start + Int64.random(in: 0..<(pair.now - DownsampledPair.start) / unit, using: &pair.random) * unit
            let expression = "\(function)(load[\(window)ms]\(offset == 0 ? "" : " offset \(offset)ms"))"
            let answer = try pair.ask(expression, start: start, end: min(pair.now, start + 40 * step), step: step)
            let isSum = function == "sum_over_time" || function == "avg_over_time"
            let difference = DownsampledPair.difference(answer.thinned, answer.whole, isSum: isSum)
            if answer.warnings.isEmpty {
                exactCount += 1
                #expect(difference == nil, "\(place): \(expression) from \(start) every \(step): \(difference ?? "")")
            } else {
                warnedCount += 1
                #expect(unit != hour, "\(place): \(expression) from \(start) every \(step) is not exact")
            }
        }
        #expect(exactCount > 10, "\(place): \(warnedCount) warnings")
    }

    @Test("other functions and unaligned windows are answered from the last samples of the buckets, with a warning")
    func approximations() throws {
        let pair = try DownsampledPair(seed: 1)
        for _ in 0..<60 {
            try pair.advance(minutes: 30)
            for _ in 0..<3 { try pair.thinned.maintain() }
        }
        let hour = DownsampledPair.hour
        let (start, end) = (DownsampledPair.start + 13 * hour, pair.now)
        for expression in ["load", "rate(load[3h])", "max_over_time(load[61m])", "stddev_over_time(load[2h])", "timestamp(load)"] {
            let answer = try pair.ask(expression, start: start + 17, end: end, step: hour)
            #expect(answer.warnings.contains { $0.hasPrefix("PromQL warning: only 5m aggregates are kept before 2025-11-2") })
            #expect(answer.thinned.map(\.labels) == answer.whole.map(\.labels), "\(expression)")
        }
        // There are no gaps but those that the samples have.
        let answer = try pair.ask("load{kind=\"int\"}", start: start + 17, end: end, step: hour)
        #expect(Set(answer.thinned[0].timestamps).isSuperset(of: answer.whole[0].timestamps))
        // What is recent is exact without a word.
        let recent = try pair.ask("rate(load[10m])", start: pair.now - 2 * hour, end: pair.now, step: 61_000)
        #expect(recent.warnings.isEmpty && DownsampledPair.difference(recent.thinned, recent.whole, isSum: false) == nil)
        // A series that there is not needs no warning.
        #expect(try pair.ask("rate(nothing[3h])", start: start, end: end, step: hour).warnings.isEmpty)
    }

    @Test("nobody sees the series of aggregates or their label")
    func hidden() throws {
        let pair = try DownsampledPair(seed: 2)
        for _ in 0..<60 {
            try pair.advance(minutes: 30)
            for _ in 0..<3 { try pair.thinned.maintain() }
        }
        let everything = SeriesQuery([try LabelMatcher("__name__", .equal, "load")], from: 0, through: .max)
        let old = SeriesQuery(everything.matchers, from: 0, through: DownsampledPair.start + DownsampledPair.hour)
        for query in [everything, old] {
            #expect(try pair.thinned.series(query, limit: 100) == DownsampledPair.series.sorted())
            #expect(try pair.thinned.labelNames(query, limit: 100) == ["__name__", "kind"])
        }
        let open = SeriesQuery([], from: 0, through: .max)
        #expect(try pair.thinned.labelNames(open, limit: 100) == ["__name__", "kind"])
        #expect(try pair.thinned.labelValues("kind", open, limit: 100) == ["decimal", "int", "late", "odd"])
        #expect(try pair.thinned.labelValues("", open, limit: 100).isEmpty)
        let label = SeriesQuery([try LabelMatcher(Aggregate.labelName, .equal, "max")], from: 0, through: .max)
        #expect(try pair.thinned.series(label, limit: 100).isEmpty)
    }

    @Test("a selection has the same series and samples in parts", arguments: ["max_over_time", "sum_over_time", "rate"])
    func parts(function: String) throws {
        let pair = try DownsampledPair(seed: 3)
        for _ in 0..<60 {
            try pair.advance(minutes: 30)
            for _ in 0..<3 { try pair.thinned.maintain() }
        }
        let hour = DownsampledPair.hour
        let hint = ReadHint(function: function, window: hour, firstEnd: DownsampledPair.start + hour, step: hour, count: 30)
        let query = SeriesQuery(
            [try LabelMatcher("__name__", .equal, "load")], from: DownsampledPair.start + 1,
            through: DownsampledPair.start + 30 * hour,
            hint: hint)
        func samples(_ selections: [any SeriesSelection]) throws -> [String] {
            var found: [String] = []
            for selection in selections {
                try selection.scan { found.append("\($0.labels) \(Array($0.timestamps)) \($0.values.map(\.bitPattern))") }
            }
            return found
        }
        let whole = try pair.thinned.select(query)
        let expected = try samples([whole])
        #expect(expected.count == 4)
        for count in [1, 2, 3, 100] { #expect(try samples(try whole.parts(count)) == expected, "\(count) parts") }
    }
}
