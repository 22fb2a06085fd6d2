import Foundation
import Storage
import Synchronization
import TelemetryModel

/// Reads series of another reader, but those of one metric only once a test has opened the gate.
final class GatedReader: MetricReader {
    private let base: any MetricReader
    private let name: String
    private let gate = NSCondition()
    // Guarded by the condition.
    private nonisolated(unsafe) var isOpen = false
    private let arrived = Atomic<Int>(0)

    init(_ base: any MetricReader, name: String) {
        self.base = base
        self.name = name
    }

    /// How many scans have come to the gate.
    var arrivedCount: Int { arrived.load(ordering: .relaxed) }

    /// Lets everybody through from now on.
    func open() {
        gate.withLock {
            isOpen = true
            gate.broadcast()
        }
    }

    func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        if query.matchers.contains(where: { $0.name == Labels.nameLabel && $0.value == name }) {
            arrived.add(1, ordering: .relaxed)
            gate.lock()
            while !isOpen { gate.wait() }
            gate.unlock()
        }
        try base.scan(query, body)
    }

    func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] { try base.series(query, limit: limit) }
    func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] { try base.labelNames(query, limit: limit) }
    func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] {
        try base.labelValues(name, query, limit: limit)
    }
}
