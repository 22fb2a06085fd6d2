import ByteCoding
import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

private let up = Labels(["__name__": "up", "job": "api", "instance": "a"])
private let down = Labels(["__name__": "up", "job": "api", "instance": "b"])
private let other = Labels(["__name__": "temperature", "room": "cellar"])

@Suite("Contract of metrics")
struct MetricContractTests {
    @Test("what was written is read back in order of labels and time", arguments: MetricStoreUnderTest.Kind.allCases)
    func readBack(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let receipt = try test.write([(down, samples((1_000, 1), (2_000, 0))), (up, samples((1_000, 1)))])
        #expect(receipt.stored == 3 && receipt.duplicates == 0 && receipt.refusals.isEmpty)
        try test.write([(other, samples((5, -0.0)))])
        let expected = [PlainSeries(up, samples((1_000, 1))), PlainSeries(down, samples((1_000, 1), (2_000, 0)))]
        #expect(try test.all(try LabelMatcher("job", .equal, "api")) == expected)
        #expect(try test.all(try LabelMatcher("room", .notEqual, "")) == [PlainSeries(other, samples((5, -0.0)))])
        try test.reopen()
        #expect(try test.all(try LabelMatcher("job", .equal, "api")) == expected)
    }

    @Test("a batch written twice changes nothing", arguments: MetricStoreUnderTest.Kind.allCases)
    func idempotent(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let batch = [(up, samples((1_000, 1), (2_000, 2), (3_000, 3)))]
        try test.write(batch)
        for _ in 0..<2 {
            let receipt = try test.write(batch)
            #expect(receipt.stored == 0 && receipt.duplicates == 3 && receipt.conflicts == 0)
            try test.reopen()
        }
        #expect(try test.all(try LabelMatcher("__name__", .equal, "up")) == [PlainSeries(up, batch[0].1)])
    }

    @Test("another value for a known time wins and is counted", arguments: MetricStoreUnderTest.Kind.allCases)
    func conflict(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        try test.write([(up, samples((1_000, 1), (2_000, 2)))])
        let receipt = try test.write([(up, samples((1_000, 7), (2_000, 8)))])
        #expect(receipt.conflicts == 2 && receipt.stored == 0)
        for _ in 0..<2 {
            #expect(try test.all(try LabelMatcher("__name__", .equal, "up")) == [PlainSeries(up, samples((1_000, 7), (2_000, 8)))])
            try test.store.compact()
            try test.reopen()
        }
    }

    @Test(
        "late samples within an hour of their series' newest are taken, older ones refused",
        arguments: MetricStoreUnderTest.Kind.allCases)
    func late(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        try test.write([(up, samples((10_000_000, 1)))])
        let receipt = try test.write([(up, samples((6_400_000, 2), (6_399_999, 3), (9_000_000, 4)))])
        #expect(receipt.stored == 2)
        #expect(receipt.refusals.map(\.reason) == [.tooOld] && receipt.refusedCount == 1)
        // A new series may start at any time.
        #expect(try test.write([(down, samples((1, 1)))]).stored == 1)
        #expect(
            try test.all(try LabelMatcher("instance", .equal, "a"))
                == [PlainSeries(up, samples((6_400_000, 2), (9_000_000, 4), (10_000_000, 1)))])
    }

    @Test(
        "samples before 1970 and far in the future are refused, the others of the row kept",
        arguments: MetricStoreUnderTest.Kind.allCases)
    func badTimes(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let limit = MetricStoreUnderTest.now + 600_000
        let receipt = try test.write([(up, samples((-1, 1), (limit - 5, 1), (limit + 1, 1), (limit, 1)))])
        #expect(receipt.stored == 2)
        #expect(Set(receipt.refusals.map(\.reason)) == [.negativeTimestamp, .tooFarInFuture])
        #expect(try test.all(try LabelMatcher("__name__", .equal, "up")) == [PlainSeries(up, samples((limit - 5, 1), (limit, 1)))])
    }

    @Test(
        "increments are added to the series' last value, and one that does not end later is known",
        arguments: MetricStoreUnderTest.Kind.allCases)
    func deltas(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        #expect(try test.write([(up, samples((1_000, 5), (2_000, 3)))], isDelta: true).stored == 2)
        try test.reopen()
        let receipt = try test.write([(up, samples((2_000, 9), (3_000, 4)))], isDelta: true)
        #expect(receipt.stored == 1 && receipt.duplicates == 1)
        #expect(
            try test.all(try LabelMatcher("__name__", .equal, "up")) == [
                PlainSeries(up, samples((1_000, 5), (2_000, 8), (3_000, 12)))
            ])
    }

    @Test(
        "after a staleness marker increments count from nothing, in the head and from blocks",
        arguments: MetricStoreUnderTest.Kind.allCases)
    func deltasAfterEnd(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        try test.write([(up, samples((1_000, 5), (2_000, 3)))], isDelta: true)
        try test.write([(up, samples((3_000, Sample.staleMarker)))])
        try test.reopen()
        try test.write([(up, samples((4_000, 4)))], isDelta: true)
        try test.store.compact()
        try test.reopen()
        try test.write([(up, samples((5_000, 2)))], isDelta: true)
        #expect(
            try test.all(try LabelMatcher("__name__", .equal, "up")) == [
                PlainSeries(up, samples((1_000, 5), (2_000, 8), (3_000, Sample.staleMarker), (4_000, 4), (5_000, 6)))
            ])
    }

    @Test("values come back bit for bit", arguments: MetricStoreUnderTest.Kind.allCases)
    func bits(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let values: [Double] = [
            0, -0.0, .nan, Double(bitPattern: 0x7FF8_0000_0000_1234), Sample.staleMarker, .infinity, -.infinity,
            .leastNonzeroMagnitude,
            .greatestFiniteMagnitude, 0.1, 1e-9, 123_456.789, 9_007_199_254_740_994, -1.5, .pi,
        ]
        let written = values.enumerated().map { Sample(timestamp: Int64($0.offset) * 15_000, value: $0.element) }
        try test.write([(up, written)])
        for _ in 0..<2 {
            #expect(try test.all(try LabelMatcher("__name__", .equal, "up")) == [PlainSeries(up, written)])
            try test.reopen()
            try test.store.compact()
        }
    }

    @Test("every kind of matcher selects what it says", arguments: MetricStoreUnderTest.Kind.allCases)
    func matchers(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        try test.write([(up, samples((1, 1))), (down, samples((1, 1))), (other, samples((1, 1)))])
        let name = try LabelMatcher("__name__", .matches, ".+")
        let cases: [([LabelMatcher], [Labels])] = [
            ([name], [other, up, down]),
            ([try LabelMatcher("instance", .matches, "a|b")], [up, down]),
            ([try LabelMatcher("instance", .matches, "[b-z]")], [down]),
            ([name, try LabelMatcher("instance", .matchesNot, "a|x")], [other, down]),
            ([name, try LabelMatcher("instance", .notEqual, "a")], [other, down]),
            ([name, try LabelMatcher("instance", .equal, "")], [other]),
            ([name, try LabelMatcher("room", .matches, "|cellar")], [other, up, down]),
            ([name, try LabelMatcher("room", .matchesNot, ".*")], []),
            ([try LabelMatcher("job", .equal, "api"), try LabelMatcher("instance", .equal, "b")], [down]),
            ([try LabelMatcher("job", .equal, "none")], []), ([try LabelMatcher("nothing", .notEqual, "")], []),
        ]
        for (matchers, expected) in cases {
            #expect(try test.all(matchers).map(\.labels) == expected.map(\.description), "\(matchers)")
        }
    }

    @Test("ranges are closed at both ends", arguments: MetricStoreUnderTest.Kind.allCases)
    func ranges(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        try test.write([(up, samples((1_000, 1), (2_000, 2), (3_000, 3)))])
        let name = try LabelMatcher("__name__", .equal, "up")
        #expect(try test.all(name, from: 2_000, through: 3_000) == [PlainSeries(up, samples((2_000, 2), (3_000, 3)))])
        #expect(try test.all(name, from: 2_001, through: 2_999).isEmpty)
        #expect(try test.all(name, from: 3_001).isEmpty)
    }

    @Test("labels, names and values are listed in order and within the limit", arguments: MetricStoreUnderTest.Kind.allCases)
    func lists(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        try test.write([(up, samples((1, 1))), (down, samples((1, 1))), (other, samples((1, 1)))])
        let everything = SeriesQuery([], from: 0, through: .max)
        let job = SeriesQuery([try LabelMatcher("job", .equal, "api")], from: 0, through: .max)
        #expect(try test.store.series(job, limit: 10) == [up, down])
        #expect(try test.store.series(job, limit: 1) == [up])
        #expect(try test.store.labelNames(everything, limit: 10) == ["__name__", "instance", "job", "room"])
        #expect(try test.store.labelNames(job, limit: 2) == ["__name__", "instance"])
        #expect(try test.store.labelValues("instance", everything, limit: 10) == ["a", "b"])
        #expect(try test.store.labelValues("__name__", job, limit: 10) == ["up"])
        #expect(try test.store.labelValues("nothing", everything, limit: 10) == [])
    }

    @Test("labels in another order are the same series", arguments: MetricStoreUnderTest.Kind.allCases)
    func labelOrder(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        for (step, pairs) in [
            [("__name__", "up"), ("job", "j")], [("job", "j"), ("__name__", "up")], [("job", "j"), ("x", ""), ("__name__", "up")],
        ].enumerated() {
            var batch = MetricBatch()
            var writer = ByteWriter()
            for (name, value) in pairs {
                writer.writeString(name)
                writer.writeString(value)
            }
            batch.labelBytes = writer.bytes
            batch.samples = samples((Int64(step), 1))
            batch.endSeries(labelStart: 0, sampleStart: 0)
            #expect(try test.store.write(batch).stored == 1)
        }
        #expect(try test.all(try LabelMatcher("job", .equal, "j")).count == 1)
    }

    @Test("one series too many is refused, known ones go on", arguments: MetricStoreUnderTest.Kind.allCases)
    func seriesLimit(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind, seriesLimit: 2)
        let receipt = try test.write([(up, samples((1, 1))), (down, samples((1, 1))), (other, samples((1, 1), (2, 1)))])
        #expect(receipt.stored == 2)
        #expect(receipt.refusals.map(\.reason) == [.seriesLimit] && receipt.refusedCount == 2)
        #expect(try test.write([(up, samples((2, 1)))]).stored == 1)
    }

    @Test(
        "one series too many of one source is refused, other sources go on",
        arguments: [.embedded, .embeddedFlushed] as [MetricStoreUnderTest.Kind])
    func sourceLimit(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        test.options.sourceSeriesLimit = 2
        try test.reopen()
        let many = (0..<4).map { (Labels(["__name__": "m\($0)", "job": "api", "instance": "a"]), samples((1, 1), (2, 1))) }
        let receipt = try test.write(many + [(down, samples((1, 1))), (other, samples((1, 1)))])
        #expect(receipt.stored == 6)
        #expect(receipt.refusals.map(\.reason) == [.sourceSeriesLimit] && receipt.refusedCount == 4)
        #expect(try test.write([(many[0].0, samples((3, 1)))]).stored == 1)
        try test.reopen()
        #expect(try test.write([(many[1].0, samples((3, 1))), (down, samples((2, 1)))]).stored == 2)
    }

    @Test("native histograms are refused by their reason", arguments: MetricStoreUnderTest.Kind.allCases)
    func histograms(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        var batch = MetricBatch()
        batch.append(up, samples((1, 1), (2, 2)))
        batch.series[0].kind = .histogram
        let receipt = try test.store.write(batch)
        #expect(receipt.stored == 0 && receipt.refusals.map(\.reason) == [.unsupportedKind] && receipt.refusedCount == 2)
    }

    @Test("a closed store refuses everything", arguments: MetricStoreUnderTest.Kind.allCases)
    func closed(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        try test.store.close()
        let error = #expect(throws: StorageError.self) { try test.write([(up, samples((1, 1)))]) }
        #expect(error?.kind == .closed)
        #expect(throws: StorageError.self) { try test.all(try LabelMatcher("job", .equal, "api")) }
    }
}
