import Storage
import TelemetryModel
import TestSupport
import Testing

@Suite("Contract of deletion")
struct MetricDeletionTests {
    private let up = Labels(["__name__": "up", "instance": "a", "job": "api"])
    private let down = Labels(["__name__": "up", "instance": "b", "job": "api"])

    private func query(_ matcher: LabelMatcher, _ from: Int64 = 0, _ through: Int64 = .max) -> SeriesQuery {
        SeriesQuery([matcher], from: from, through: through)
    }

    @Test("what matches is gone for every question, what does not stays", arguments: MetricStoreUnderTest.Kind.allCases)
    func deletes(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let name = try LabelMatcher("__name__", .equal, "up")
        try test.write([(up, samples((1, 1), (2, 2), (3, 3))), (down, samples((1, 1)))])
        try test.store.delete(query(try LabelMatcher("instance", .equal, "a"), 2, 3))
        #expect(try test.all(name) == [PlainSeries(up, samples((1, 1))), PlainSeries(down, samples((1, 1)))])
        #expect(try test.store.series(query(name, 2, 9), limit: 9).isEmpty)
        try test.store.delete(query(try LabelMatcher("instance", .equal, "a")))
        for _ in 0..<3 {
            let everything = SeriesQuery([], from: 0, through: .max)
            #expect(try test.all(name) == [PlainSeries(down, samples((1, 1)))])
            #expect(try test.store.series(query(name), limit: 9) == [down])
            #expect(try test.store.labelValues("instance", everything, limit: 9) == ["b"])
            try test.reopen()
            try test.store.purgeDeleted()
        }
    }

    @Test("what is written afterwards is kept, also at times that were deleted", arguments: MetricStoreUnderTest.Kind.allCases)
    func later(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let name = try LabelMatcher("__name__", .equal, "up")
        try test.write([(up, samples((1_000, 1), (9_000_000, 2)))])
        try test.store.delete(query(name, 2_000))
        // The newest sample that is left decides what is late; the same sample as before is no repetition.
        let receipt = try test.write([(up, samples((2_000, 5), (1_000, 1), (9_000_000, 2)))])
        #expect(receipt.stored == 2 && receipt.duplicates == 1 && receipt.refusedCount == 0)
        for _ in 0..<2 {
            #expect(try test.all(name) == [PlainSeries(up, samples((1_000, 1), (2_000, 5), (9_000_000, 2)))])
            try test.store.compact()
            try test.reopen()
        }
    }

    @Test("increments go on from what is left", arguments: MetricStoreUnderTest.Kind.allCases)
    func increments(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let name = try LabelMatcher("__name__", .equal, "up")
        try test.write([(up, samples((1, 10), (2, 10), (3, 10)))], isDelta: true)
        try test.store.delete(query(name, 2, 3))
        try test.write([(up, samples((4, 1)))], isDelta: true)
        #expect(try test.all(name) == [PlainSeries(up, samples((1, 10), (4, 11)))])
        try test.store.delete(query(name))
        try test.reopen()
        try test.write([(up, samples((5, 7)))], isDelta: true)
        #expect(try test.all(name) == [PlainSeries(up, samples((5, 7)))])
    }

    @Test("a deletion must name series, and a closed store deletes nothing", arguments: MetricStoreUnderTest.Kind.allCases)
    func refusals(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let error = #expect(throws: StorageError.self) {
            try test.store.delete(SeriesQuery([try LabelMatcher("job", .matches, ".*")], from: 0, through: .max))
        }
        #expect(error?.kind == .invalid)
        try test.store.close()
        #expect(throws: StorageError.self) { try test.store.delete(query(try LabelMatcher("job", .equal, "api"))) }
    }
}
