import FaultLoad
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

/// What must be there of one writer: its acknowledged actions, done to the reference.
struct WriterModel {
    private let workload: FaultWorkload
    private var reference: InMemoryStore
    /// The first action that is not part of it.
    private(set) var next = 0
    /// Whether what the store counts in receipts must be what the reference counts.
    private let comparesReceipts: Bool

    init(seed: UInt64, writer: Int, isSteady: Bool = false) {
        workload = FaultWorkload(seed: seed, writer: writer, isSteady: isSteady)
        let future: Int64 = isSteady ? 1 << 40 : 600_000
        reference = InMemoryStore(time: ManualTime(now: FaultWorkload.now), futureLimit: future)
        comparesReceipts = !isSteady
    }

    /// Does the next action, which the store has acknowledged with these counts.
    mutating func acknowledge(counts: [Int], _ place: String) throws {
        let expected = try advance()
        if comparesReceipts { #expect(counts == expected, "\(place), action \(next - 1)") }
    }

    /// Compares a snapshot with what was there between two actions.
    static func check(
        _ store: any MetricReader, seed: UInt64, writer: Int, from: Int, through: Int, _ place: String
    ) throws {
        var model = WriterModel(seed: seed, writer: writer)
        while model.next < from { _ = try model.advance() }
        let matchers = try model.workload.matchers
        let found = try PlainSeries.all(store, matchers)
        while try PlainSeries.all(model.reference, matchers) != found {
            try #require(model.next < through, "\(place): the snapshot is that of no moment between \(from) and \(through)")
            _ = try model.advance()
        }
    }

    private mutating func advance() throws -> [Int] {
        defer { next += 1 }
        switch try workload.action(next) {
        case .write(let batch): return FaultLine.counts(try reference.write(batch))
        case .delete(let query):
            try reference.delete(query)
            return []
        }
    }

    /// Compares what a store has with what must be there, bit by bit. The action that was under way when the process ended
    /// may have been done or not, but as a whole. Below `expired` samples may be gone, but none may be new.
    mutating func check(_ store: any MetricReader, expired: Int64 = 0, _ place: String) throws {
        let kept = try PlainSeries.all(store, try workload.matchers, from: expired)
        if try kept != PlainSeries.all(reference, try workload.matchers, from: expired) {
            _ = try advance()
            let expected = try PlainSeries.all(reference, try workload.matchers, from: expired)
            #expect(kept == expected, "\(place), after action \(next - 1): \(PlainSeries.difference(kept, expected))")
        }
        if expired == 0 { return }
        let old = try PlainSeries.all(store, try workload.matchers, through: expired - 1)
        let known = try PlainSeries.all(reference, try workload.matchers, through: expired - 1)
        for series in old {
            let rows = known.first { $0.labels == series.labels }.map {
                Dictionary(uniqueKeysWithValues: zip($0.timestamps, $0.bits))
            }
            for (timestamp, bits) in zip(series.timestamps, series.bits) {
                #expect(rows?[timestamp] == bits, "\(place): \(series.labels) at \(timestamp) was never written so")
            }
        }
    }
}
