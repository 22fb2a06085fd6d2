import ByteCoding
import TelemetryModel

/// Where the traces of a block are: entries sorted by the hash of the trace id, in chunks of ``chunkEntryCount``. The
/// first hash of each chunk is kept in memory, so one chunk is read to find a trace.
enum TraceIndex {
    /// A trace, or one of several parts of a trace that is larger than a page.
    struct Entry: Equatable, Sendable {
        /// ``TraceFilter/hash(_:)`` of the trace id.
        var hash: UInt64
        /// The page.
        var page: UInt32
        /// The first row within the page.
        var row: UInt32
        /// How many rows.
        var rowCount: UInt32
    }

    /// How many entries are read together.
    static let chunkEntryCount = 256
    /// The bytes of an entry: hash, page, row, row count.
    static let entryByteCount = 20

    /// Entries, sorted, as bytes.
    static func encode(_ entries: [Entry]) -> [UInt8] {
        var writer = ByteWriter(capacity: entries.count * entryByteCount)
        for entry in entries {
            writer.writeInteger(entry.hash)
            writer.writeInteger(entry.page)
            writer.writeInteger(entry.row)
            writer.writeInteger(entry.rowCount)
        }
        return writer.bytes
    }

    /// The entries in the bytes of a chunk.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> [Entry] {
        guard bytes.count % entryByteCount == 0 else { throw ByteCodingError(.malformed, "a trace index of \(bytes.count) bytes") }
        var reader = ByteReader(bytes)
        var entries: [Entry] = []
        entries.reserveCapacity(bytes.count / entryByteCount)
        while !reader.isAtEnd {
            entries.append(
                Entry(
                    hash: try reader.readInteger(), page: try reader.readInteger(), row: try reader.readInteger(),
                    rowCount: try reader.readInteger()))
        }
        return entries
    }

    /// The order in which entries stand.
    static func precedes(_ a: Entry, _ b: Entry) -> Bool { (a.hash, a.page, a.row) < (b.hash, b.page, b.row) }
}
