import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

/// A whole store under test, with the files and the clock that it lives on.
private final class StoreUnderTest {
    enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case inMemory = "in memory"
        case embedded

        var testDescription: String { rawValue }
    }

    static let now: Int64 = 1_763_683_200_000
    private(set) var store: any Store
    private let kind: Kind
    private let files = FaultFileSystem(seed: 0)
    private let time = ManualTime(now: UInt64(StoreUnderTest.now) * 1_000_000)

    init(_ kind: Kind) throws {
        self.kind = kind
        store =
            kind == .inMemory
            ? InMemoryStore(time: time) : try EmbeddedStore.open(directory: "/store", fileSystem: files, time: time)
    }

    /// Opens the store anew as after the end of the process. Memory has nothing to open.
    func reopen() throws {
        guard kind == .embedded else { return }
        // The old one must let go of the folder's lock; it is not closed.
        store = InMemoryStore(time: time)
        store = try EmbeddedStore.open(directory: "/store", fileSystem: files, time: time)
    }

    func write(_ exemplars: [(Labels, Exemplar)]) throws -> SideReceipt {
        var batch = MetricBatch()
        for (series, exemplar) in exemplars { batch.append(exemplar, of: series) }
        return try store.write(batch).exemplars
    }

    func all(_ matchers: LabelMatcher..., from: Int64 = 0, through: Int64 = .max) throws -> [SeriesExemplars] {
        try store.exemplars([matchers], from: from, through: through, limit: .max)
    }
}

private let fast = Labels(["__name__": "latency_bucket", "le": "0.1"])
private let slow = Labels(["__name__": "latency_bucket", "le": "1"])

private func exemplar(_ time: Int64, _ value: Double, trace: String = "a") -> Exemplar {
    Exemplar(labels: Labels(["trace_id": trace]), value: value, timestamp: time)
}

@Suite("Contract of exemplars and metadata")
struct ExemplarContractTests {
    @Test(
        "exemplars come back in order of labels and time, also after the end of the process",
        arguments: StoreUnderTest.Kind.allCases)
    fileprivate func readBack(kind: StoreUnderTest.Kind) throws {
        let test = try StoreUnderTest(kind)
        let receipt = try test.write([(slow, exemplar(2, -0.0)), (fast, exemplar(5, .nan)), (slow, exemplar(1, 7))])
        #expect(receipt.stored == 3 && receipt.duplicates == 0 && receipt.refusals.isEmpty)
        for _ in 0..<2 {
            #expect(
                try test.all(try LabelMatcher("__name__", .equal, "latency_bucket")) == [
                    SeriesExemplars(labels: fast, exemplars: [exemplar(5, .nan)]),
                    SeriesExemplars(labels: slow, exemplars: [exemplar(1, 7), exemplar(2, -0.0)]),
                ])
            try test.reopen()
        }
        #expect(test.store.status().exemplars == 3)
    }

    @Test("the same exemplar is counted once; others of the same time are kept", arguments: StoreUnderTest.Kind.allCases)
    fileprivate func duplicates(kind: StoreUnderTest.Kind) throws {
        let test = try StoreUnderTest(kind)
        _ = try test.write([(fast, exemplar(1, 2)), (fast, exemplar(2, 2))])
        try test.reopen()
        let receipt = try test.write([
            (fast, exemplar(2, 2)), (fast, exemplar(1, 2)), (fast, exemplar(2, 1)), (fast, exemplar(2, 2, trace: "b")),
            (fast, exemplar(2, 1)),
        ])
        #expect(receipt.stored == 2 && receipt.duplicates == 3)
        #expect(
            try test.all(try LabelMatcher("le", .equal, "0.1")).first?.exemplars == [
                exemplar(1, 2), exemplar(2, 1), exemplar(2, 2), exemplar(2, 2, trace: "b"),
            ])
    }

    @Test("late, early, future and talkative exemplars are refused by their reason", arguments: StoreUnderTest.Kind.allCases)
    fileprivate func refused(kind: StoreUnderTest.Kind) throws {
        let test = try StoreUnderTest(kind)
        let limit = StoreUnderTest.now + 600_000
        let receipt = try test.write([
            (fast, exemplar(10_000_000, 1)), (fast, exemplar(6_400_000, 1)), (fast, exemplar(6_399_999, 1)),
            (slow, exemplar(-1, 1)), (slow, exemplar(limit + 1, 1)), (slow, exemplar(limit, 1)),
            (slow, exemplar(limit, 1, trace: String(repeating: "é", count: 120))),
            (slow, exemplar(limit, 1, trace: String(repeating: "é", count: 121))),
        ])
        #expect(receipt.stored == 4)
        #expect(Set(receipt.refusals.map(\.reason)) == [.tooOld, .negativeTimestamp, .tooFarInFuture, .tooLarge])
        #expect(receipt.refusedCount == 4)
    }

    @Test("selectors are alternatives, ranges closed, the limit counts exemplars", arguments: StoreUnderTest.Kind.allCases)
    fileprivate func questions(kind: StoreUnderTest.Kind) throws {
        let test = try StoreUnderTest(kind)
        _ = try test.write([(fast, exemplar(1, 1)), (fast, exemplar(2, 1)), (slow, exemplar(2, 1)), (slow, exemplar(3, 1))])
        let either = [[try LabelMatcher("le", .equal, "1")], [try LabelMatcher("le", .matches, "0.*")]]
        func counts(_ from: Int64, _ through: Int64, _ limit: Int = .max) throws -> [Int] {
            try test.store.exemplars(either, from: from, through: through, limit: limit).map(\.exemplars.count)
        }
        #expect(try counts(0, .max) == [2, 2])
        #expect(try counts(2, 2) == [1, 1])
        #expect(try counts(3, 3) == [1])
        #expect(try counts(4, .max) == [])
        #expect(try counts(0, .max, 3) == [2, 1])
        #expect(try counts(0, .max, 1) == [1])
        #expect(try test.all(try LabelMatcher("le", .notEqual, "1")).map(\.labels) == [fast])
        #expect(try test.store.exemplars([], from: 0, through: .max, limit: 10).isEmpty)
    }

    @Test("exemplars and metadata come with samples, and are counted apart from them", arguments: StoreUnderTest.Kind.allCases)
    fileprivate func together(kind: StoreUnderTest.Kind) throws {
        let test = try StoreUnderTest(kind)
        var batch = MetricBatch()
        batch.append(fast, samples((1, 1), (2, 2)))
        batch.append(exemplar(1, 1), of: fast)
        batch.metadata = [MetricMetadata(metric: "latency", type: .histogram, help: "How long.", unit: "seconds")]
        for duplicates in [0, 1] {
            let receipt = try test.store.write(batch)
            #expect(receipt.stored == 2 * (1 - duplicates) && receipt.duplicates == 2 * duplicates)
            #expect(receipt.exemplars.stored == 1 - duplicates && receipt.exemplars.duplicates == duplicates)
            #expect(receipt.metadata.stored == 1 - duplicates && receipt.metadata.duplicates == duplicates)
            try test.reopen()
        }
    }

    @Test("what was said last of a metric counts, also after the end of the process", arguments: StoreUnderTest.Kind.allCases)
    fileprivate func metadata(kind: StoreUnderTest.Kind) throws {
        let test = try StoreUnderTest(kind)
        func write(_ entries: (String, MetricType, String)...) throws -> SideReceipt {
            var batch = MetricBatch()
            batch.metadata = entries.map { MetricMetadata(metric: $0.0, type: $0.1, help: $0.2, unit: "") }
            return try test.store.write(batch).metadata
        }
        #expect(try write(("b", .gauge, "first"), ("a", .counter, "é")).stored == 2)
        #expect(try write(("b", .gauge, "first"), ("", .gauge, "")).duplicates == 1)
        let receipt = try write(("b", .stateSet, "last"), ("", .gauge, ""))
        #expect(receipt.stored == 1 && receipt.refusals.map(\.reason) == [.malformed])
        for _ in 0..<2 {
            #expect(try test.store.metadata(metric: nil, limit: .max).map(\.help) == ["é", "last"])
            #expect(try test.store.metadata(metric: nil, limit: 1).map(\.metric) == ["a"])
            #expect(try test.store.metadata(metric: "b", limit: 5).map(\.type) == [.stateSet])
            #expect(try test.store.metadata(metric: "c", limit: 5).isEmpty)
            try test.reopen()
        }
        #expect(test.store.status().metadata == 2)
    }

    @Test("a closed store takes nothing", arguments: StoreUnderTest.Kind.allCases)
    fileprivate func closed(kind: StoreUnderTest.Kind) throws {
        let test = try StoreUnderTest(kind)
        try test.store.close()
        let error = #expect(throws: StorageError.self) { try test.write([(fast, exemplar(1, 1))]) }
        #expect(error?.kind == .closed)
    }
}
