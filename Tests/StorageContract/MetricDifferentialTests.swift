import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@Suite("Metrics against the reference")
struct MetricDifferentialTests {
    @Test("after any mixture of writes, flushes, merges and restarts both stores hold the same", arguments: 0..<40)
    func differential(round: Int) throws {
        let seed = round < 32 ? UInt64(round) : UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let reference = try MetricStoreUnderTest(.inMemory)
        let engine = try MetricStoreUnderTest(.embedded)
        let series = (0..<12).map { index in
            Labels(["__name__": "m\(index % 3)", "instance": "i\(index)", "group": index % 2 == 0 ? "even" : ""])
        }
        for step in 0..<60 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try engine.store.flush()
            case 1: try engine.store.compact()
            case 2: try engine.reopen()
            case 3: try engine.store.maintain()
            case 4: try Self.delete(step, [reference, engine], &random)
            case 5 where Bool.random(using: &random): try engine.store.purgeDeleted()
            default:
                let batch = Self.batch(series, step: step, &random)
                let expected = try reference.store.write(batch)
                let receipt = try engine.store.write(batch)
                #expect(receipt == expected.comparable(to: receipt), "seed \(seed), step \(step)")
            }
            if step % 10 == 9 { try compare(reference, engine, "seed \(seed), step \(step)", &random) }
        }
    }

    /// Deletes a part of some series from all stores.
    private static func delete(_ step: Int, _ stores: [MetricStoreUnderTest], _ random: inout SeededRandom) throws {
        let matchers = [
            try LabelMatcher("__name__", .equal, "m\(Int.random(in: 0..<3, using: &random))"),
            try LabelMatcher("instance", .matches, "i\(Int.random(in: 0..<12, using: &random))|i1."),
            try LabelMatcher("group", .equal, "even"),
        ]
        let matcher = matchers[Int.random(in: 0..<matchers.count, using: &random)]
        let from = Int64(step) * 200_000 - Int64.random(in: 0..<4_000_000, using: &random)
        let through = Bool.random(using: &random) ? .max : from + Int64.random(in: 0..<3_000_000, using: &random)
        let query = SeriesQuery([matcher], from: max(0, from), through: max(0, through))
        for store in stores { try store.store.delete(query) }
    }

    private func compare(
        _ reference: MetricStoreUnderTest, _ engine: MetricStoreUnderTest, _ place: String, _ random: inout SeededRandom
    ) throws {
        let low = Int64.random(in: 0..<10_000_000, using: &random)
        for (from, through) in [(0, Int64.max), (low, low + Int64.random(in: 0..<5_000_000, using: &random))] {
            for matcher in [
                try LabelMatcher("__name__", .matches, "m.*"), try LabelMatcher("__name__", .equal, "m1"),
                try LabelMatcher("group", .equal, "even"), try LabelMatcher("instance", .matches, "i1|i5|i9"),
                try LabelMatcher("instance", .notEqual, ""),
            ] {
                let expected = try reference.all([matcher], from: from, through: through)
                let found = try engine.all([matcher], from: from, through: through)
                #expect(found == expected, "\(place), \(matcher): \(PlainSeries.difference(found, expected))")
                let selection = try engine.store.select(SeriesQuery([matcher], from: from, through: through))
                var divided: [PlainSeries] = []
                for part in try selection.parts(Int.random(in: 1...20, using: &random)) {
                    try part.scan { divided.append(PlainSeries($0)) }
                }
                #expect(divided == expected, "\(place), \(matcher), in parts: \(PlainSeries.difference(divided, expected))")
                for function in [nil, "last_over_time"] {
                    let query = SeriesQuery([matcher], from: from, through: through)
                    let last = try Self.last(engine.store, query, function)
                    #expect(
                        try last == Self.last(reference.store, query, function), "\(place), \(matcher), last of \(function ?? "")")
                }
                let values = try engine.store.labelValues("instance", SeriesQuery([], from: from, through: through), limit: 100)
                let inRange = try reference.store.labelValues(
                    "instance", SeriesQuery([matcher], from: from, through: through), limit: 100)
                #expect(Set(inRange).isSubset(of: values) && values == values.sorted(), "\(place), values of all series")
            }
        }
    }

    /// The last samples when no others are asked for, without markers for a function.
    private static func last(_ store: any MetricStoring, _ query: SeriesQuery, _ function: String?) throws -> [String: String] {
        var query = query
        query.hint = ReadHint(
            function: function, window: query.through - query.from, firstEnd: query.through, step: 0, count: 1)
        var found: [String: String] = [:]
        try store.scan(query) { series in
            let index = series.values.lastIndex { function == nil || $0.bitPattern != Sample.staleMarker.bitPattern }
            found[series.labels.description] = index.map { "\(series.timestamps[$0]) \(series.values[$0].bitPattern)" }
        }
        return found
    }

    /// A few series with samples that go on, come late, repeat or contradict what is there.
    private static func batch(_ series: [Labels], step: Int, _ random: inout SeededRandom) -> MetricBatch {
        var batch = MetricBatch()
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let index = Int.random(in: 0..<series.count, using: &random)
            let isDelta = index >= 10
            let count = Int.random(in: 1...(Bool.random(using: &random) ? 5 : 200), using: &random)
            var timestamp = Int64(step) * 200_000 + Int64.random(in: -2_000_000...200_000, using: &random)
            var samples: [Sample] = []
            for _ in 0..<count {
                let value: Double =
                    switch Int.random(in: 0..<6, using: &random) {
                    case 0: Double.random(in: 0..<1, using: &random)
                    case 1: Sample.staleMarker
                    case 2: -0.0
                    default: (Double.random(in: 0..<100, using: &random) * 100).rounded() / 100
                    }
                samples.append(Sample(timestamp: timestamp, value: isDelta ? Double(Int.random(in: 0..<9, using: &random)) : value))
                timestamp += [1_000, 1_000, 1_000, 0, -3_000, 15_000, -5_000_000].randomElement(using: &random) ?? 0
            }
            batch.append(series[index], samples, isDelta: isDelta)
        }
        return batch
    }
}

extension WriteReceipt {
    /// The same counts and reasons; sentences are each store's own.
    fileprivate func comparable(to other: WriteReceipt) -> WriteReceipt {
        var copy = self
        copy.durability = other.durability
        copy.refusals = refusals.map { refusal in
            let match = other.refusals.first { $0.reason == refusal.reason }
            return Refusal(refusal.reason, count: refusal.count, example: match?.example ?? refusal.example)
        }
        // The order in which reasons first appear is not part of the contract.
        copy.refusals.sort { a, b in
            let order = other.refusals.map(\.reason)
            return order.firstIndex(of: a.reason) ?? 0 < order.firstIndex(of: b.reason) ?? 0
        }
        return copy
    }
}
