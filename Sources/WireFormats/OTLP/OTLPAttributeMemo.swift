import ByteCoding
import TelemetryModel

/// The attributes of a request that were read lately, by the bytes that they came in: most spans say the same of themselves as
/// others near them, and the same bytes make the same row as long as the symbol table is the same.
struct OTLPAttributeMemo {
    private struct Entry {
        var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        var row = AttributeRow(key: 0, type: .empty, payload: 0)
    }

    /// A power of two. Where two attributes fall on one place, the later one stays.
    private static let entryCount = 1 << 10
    /// Longer ones are seldom said twice.
    private static let byteLimit = 256

    private var entries = [Entry](repeating: Entry(), count: Self.entryCount)

    /// The row of a pair, read unless it is known. `bytes` must stay where they are as long as the memo is used.
    mutating func row(_ bytes: UnsafeRawBufferPointer, _ symbols: inout SymbolTable) throws(ByteCodingError) -> AttributeRow {
        if bytes.isEmpty || bytes.count > Self.byteLimit { return try OTLPAttributeReader.read(bytes, &symbols) }
        let place = Int(truncatingIfNeeded: SeededHash.memoryHash(bytes)) & (Self.entryCount - 1)
        if RawBytes.equal(entries[place].bytes, bytes) { return entries[place].row }
        let row = try OTLPAttributeReader.read(bytes, &symbols)
        entries[place] = Entry(bytes: bytes, row: row)
        return row
    }
}
