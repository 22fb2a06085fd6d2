import ByteCoding
import TelemetryModel

/// Finds the number of a series by the bytes of its labels, in whatever order a sender writes them: open addressing over
/// one arena, nothing allocated for what is known.
struct SeriesTable {
    private struct Entry {
        var hash: UInt64
        var start: Int
        var count: Int
        var series: UInt32
    }

    private var arena: [UInt8] = []
    private var entries: [Entry] = []
    /// Entry + 1, or 0 for a free slot; always a power of two.
    private var slots = [UInt32](repeating: 0, count: 1_024)

    /// How many forms of labels are known.
    var count: Int { entries.count }

    /// The series whose labels were written so; `hash` is that of ``MetricBatch/hashSeed``.
    func find(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> UInt32? {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot] &- 1)]
            if entry.hash == hash, entry.count == bytes.count, equals(entry, bytes) { return entry.series }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    private func equals(_ entry: Entry, _ bytes: UnsafeRawBufferPointer) -> Bool {
        arena.withUnsafeBytes { arena in
            UnsafeRawBufferPointer(rebasing: arena[entry.start..<(entry.start &+ entry.count)]).elementsEqual(bytes)
        }
    }

    /// Adds a form that is not known yet.
    mutating func insert(_ bytes: UnsafeRawBufferPointer, hash: UInt64, series: UInt32) {
        entries.append(Entry(hash: hash, start: arena.count, count: bytes.count, series: series))
        arena.append(contentsOf: bytes)
        if entries.count * 2 > slots.count {
            slots = [UInt32](repeating: 0, count: slots.count * 2)
            for index in entries.indices { occupy(index) }
        } else {
            occupy(entries.count - 1)
        }
    }

    private mutating func occupy(_ index: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: entries[index].hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(index + 1)
    }

    /// The table of the series that stay, under their new numbers.
    func renumbered(_ numbers: [UInt32?]) -> SeriesTable {
        var table = SeriesTable()
        arena.withUnsafeBytes { arena in
            for entry in entries {
                guard let number = numbers[Int(entry.series)] else { continue }
                let bytes = UnsafeRawBufferPointer(rebasing: arena[entry.start..<(entry.start + entry.count)])
                table.insert(bytes, hash: entry.hash, series: number)
            }
        }
        return table
    }
}
