import ByteCoding
import TelemetryModel

/// The exemplars of one series, in their order.
struct ExemplarSeries: Sendable {
    /// An exemplar and the segment of the log that holds it.
    struct Entry: Sendable {
        var exemplar: Exemplar
        var segment: UInt64
    }

    private(set) var entries: [Entry] = []
    /// Its number in the log's segment, valid in one context only.
    var number: UInt64 = 0
    /// The context of the number; an older one means that the series must be defined anew.
    var context: UInt64 = 0

    /// The time of the newest one.
    var newest: Int64? { entries.last?.exemplar.timestamp }

    /// Whether this very exemplar is here.
    func contains(_ exemplar: Exemplar) -> Bool {
        let place = position(exemplar)
        return place < entries.count && entries[place].exemplar == exemplar
    }

    /// Puts an exemplar in its place unless it is here; the oldest one goes when there are more than `limit`.
    mutating func insert(_ exemplar: Exemplar, segment: UInt64, limit: Int) {
        let place = position(exemplar)
        if place < entries.count, entries[place].exemplar == exemplar { return }
        entries.insert(Entry(exemplar: exemplar, segment: segment), at: place)
        if entries.count > limit { entries.removeFirst(entries.count - limit) }
    }

    /// Drops what a deleted segment held or what is older.
    mutating func remove(segmentsThrough segment: UInt64, before oldest: Int64) {
        entries.removeAll { $0.segment <= segment || $0.exemplar.timestamp < oldest }
    }

    /// Those in a closed range.
    func exemplars(from: Int64, through: Int64) -> [Exemplar] {
        entries.lazy.map(\.exemplar).filter { $0.timestamp >= from && $0.timestamp <= through }
    }

    private func position(_ exemplar: Exemplar) -> Int { Search.lowerBound(entries.count) { entries[$0].exemplar < exemplar } }
}
