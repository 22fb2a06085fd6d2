import ByteCoding
import TelemetryModel

/// Where the traces of a block are: entries sorted by the hash of the trace id, in chunks of ``chunkEntryCount``. The
/// first hash of each chunk is kept in memory, so one chunk is read to find a trace.
///
/// An entry is a number of 64 bits: the upper 40 of the hash, then 24 for the page; in which rows of the page the trace stands is
/// found there. Two ids with the same 40 bits lead to a page too many now and then.
enum TraceIndex {
    /// A trace, or one of several parts of a trace that is larger than a page.
    struct Entry: Equatable, Sendable {
        /// ``TraceFilter/hash(_:)`` of the trace id; in version 2 without its lower bits, see ``TraceIndex/key(_:version:)``.
        var hash: UInt64
        /// The page.
        var page: UInt32
    }

    /// How many entries are read together.
    static let chunkEntryCount = 256
    /// How many bits of an entry are the page.
    static let pageBitCount: UInt64 = 24
    /// A block has at most so many pages.
    static let pageLimit = 1 << Int(pageBitCount)

    /// The bytes of an entry; in version 1 they are hash, page, first row, rows.
    static func entryByteCount(version: UInt32) -> Int { version == 1 ? 20 : 8 }

    /// What entries keep of a hash.
    static func key(_ hash: UInt64, version: UInt32) -> UInt64 {
        version == 1 ? hash : hash & ~((1 << pageBitCount) - 1)
    }

    /// Entries, sorted, as bytes.
    static func encode(_ entries: ArraySlice<Entry>) -> [UInt8] {
        var writer = ByteWriter(capacity: entries.count * entryByteCount(version: SpanBlockFormat.version))
        for entry in entries { writer.writeInteger(entry.hash | UInt64(entry.page)) }
        return writer.bytes
    }

    /// The entries in the bytes of a chunk.
    static func decode(_ bytes: UnsafeRawBufferPointer, version: UInt32) throws(ByteCodingError) -> [Entry] {
        guard bytes.count % entryByteCount(version: version) == 0 else {
            throw ByteCodingError(.malformed, "a trace index of \(bytes.count) bytes")
        }
        var reader = ByteReader(bytes)
        var entries: [Entry] = []
        entries.reserveCapacity(bytes.count / entryByteCount(version: version))
        while !reader.isAtEnd {
            let word: UInt64 = try reader.readInteger()
            if version == 1 {
                entries.append(Entry(hash: word, page: try reader.readInteger()))
                try reader.skip(8)
            } else {
                let key = key(word, version: version)
                entries.append(Entry(hash: key, page: UInt32(word & ~key)))
            }
        }
        return entries
    }

    /// The order in which entries stand.
    static func precedes(_ a: Entry, _ b: Entry) -> Bool { (a.hash, a.page) < (b.hash, b.page) }
}
