import Platform
import Storage
import Synchronization
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Choosing series")
struct SeriesChoiceTests {
    private struct Unwanted: Error {}

    /// A store of 100 series, all of them in the head, or all of them in a block.
    private static func store(isFlushed: Bool) throws -> MetricStore {
        let store = try MetricStore.open(
            directory: "/store", fileSystem: FaultFileSystem(seed: 1), time: ManualTime(now: 1_000_000_000_000))
        for number in 0..<100 { try write(number, to: store) }
        if isFlushed { try store.flush() }
        return store
    }

    private static func write(_ number: Int, to store: MetricStore) throws {
        var batch = MetricBatch()
        batch.append(Labels(["__name__": "load", "number": "\(number)"]), [Sample(timestamp: 900_000, value: 1)])
        _ = try store.write(batch)
    }

    private static func query(_ checkpoint: @escaping @Sendable () throws -> Void) throws -> SeriesQuery {
        let matchers = [try LabelMatcher("__name__", .equal, "load"), try LabelMatcher("number", .matchesNot, "[0-8]+x?")]
        var query = SeriesQuery(matchers, from: 0, through: .max)
        query.checkpoint = checkpoint
        return query
    }

    private static func numbers(_ store: MetricStore, _ query: SeriesQuery) throws -> [String] {
        var found: [String] = []
        try store.scan(query) { found.append($0.labels["number"] ?? "") }
        return found
    }

    @Test("ends where its question is given up", arguments: [false, true])
    func givenUp(isFlushed: Bool) throws {
        let store = try Self.store(isFlushed: isFlushed)
        let total = Atomic<Int>(0)
        let whole = try Self.query { total.add(1, ordering: .relaxed) }
        #expect(try Self.numbers(store, whole).count == 19)
        for limit in 1...total.load(ordering: .relaxed) {
            let count = Atomic<Int>(0)
            let query = try Self.query {
                if count.add(1, ordering: .relaxed).newValue >= limit { throw Unwanted() }
            }
            #expect(throws: Unwanted.self) { try store.select(query) }
        }
    }

    @Test("does not keep others from writing, nor does it see what they write")
    func others() throws {
        let store = try Self.store(isFlushed: false)
        let count = Atomic<Int>(0)
        let query = try Self.query {
            let number = count.add(1, ordering: .relaxed).newValue
            try Self.write(100 + number, to: store)
            if number == 3 { try store.flush() }
        }
        #expect(try Self.numbers(store, query).count == 19)
        #expect(count.load(ordering: .relaxed) > 3)
        let later = try Self.numbers(store, try Self.query {})
        #expect(later.count > 19 - 1 && later.contains("109") == (count.load(ordering: .relaxed) >= 9))
    }

    @Test("many conditions that exclude series have the answer of one after the other")
    func exclusions() throws {
        for isFlushed in [false, true] {
            let store = try Self.store(isFlushed: isFlushed)
            var query = try Self.query {}
            for round in 0..<3 {
                for number in 0..<99 where number % 7 == round {
                    query.matchers.append(try LabelMatcher("number", .notEqual, "\(number)"))
                    query.matchers.append(try LabelMatcher("number", .matchesNot, "\(number)|\(number + 1)|.*x"))
                }
            }
            let expected = (0..<100).filter { number in
                query.matchers.allSatisfy { $0.name != "number" || $0.matches("\(number)") }
            }
            #expect(try Set(Self.numbers(store, query)) == Set(expected.map(String.init)))
            #expect(!expected.isEmpty && expected.count < 19)
        }
    }

    @Test("is not divided any more when its answer is not wanted")
    func divisionGivenUp() throws {
        let store = try Self.store(isFlushed: true)
        let isUnwanted = Atomic<Bool>(false)
        let count = Atomic<Int>(0)
        let selection = try store.select(
            try Self.query {
                guard isUnwanted.load(ordering: .relaxed) else { return }
                count.add(1, ordering: .relaxed)
                throw Unwanted()
            })
        #expect(try selection.parts(10).count == 10)
        isUnwanted.store(true, ordering: .relaxed)
        #expect(try selection.parts(10).count == 1)
        #expect(count.load(ordering: .relaxed) == 1)
    }
}
