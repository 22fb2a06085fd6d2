import ByteCoding

/// Symbols, each as what it does not share with the one before: varints of the shared and of the other bytes, and these.
final class SymbolPage: Sendable {
    /// Each with its varint length, as labels have them.
    private let bytes: [UInt8]
    private let ends: [UInt32]

    static func encode(_ symbols: ArraySlice<UInt32>, _ table: borrowing SymbolBytes) -> [UInt8] {
        var writer = ByteWriter()
        var last = UnsafeRawBufferPointer(start: nil, count: 0)
        for symbol in symbols {
            let bytes = table[symbol]
            var shared = 0
            while shared < min(last.count, bytes.count), last[shared] == bytes[shared] { shared &+= 1 }
            writer.writeVarint(UInt64(shared))
            writer.writeLengthPrefixed(UnsafeRawBufferPointer(rebasing: bytes[shared...]))
            last = bytes
        }
        return writer.bytes
    }

    /// Reads `count` symbols.
    init(_ raw: UnsafeRawBufferPointer, count: Int) throws(ByteCodingError) {
        var reader = ByteReader(raw)
        var writer = ByteWriter(capacity: raw.count * 2)
        var ends: [UInt32] = []
        ends.reserveCapacity(count)
        var last: [UInt8] = []
        for _ in 0..<count {
            last.removeLast(last.count - (try reader.readCount(limit: last.count)))
            last.append(contentsOf: try reader.readLengthPrefixed())
            writer.writeLengthPrefixed(last)
            guard writer.count <= MetricBlockFormat.pageByteLimit else { throw .malformed(at: reader.position, "too long a page") }
            ends.append(UInt32(writer.count))
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "rubbish behind symbols") }
        bytes = writer.bytes
        self.ends = ends
    }

    var count: Int { ends.count }

    /// The bytes it holds in memory.
    var byteCount: Int { bytes.count + 4 * ends.count }

    /// Lends the bytes of a symbol behind their varint length.
    @inline(__always)
    func withPrefixed<Result>(_ place: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let start = place == 0 ? 0 : Int(ends[place &- 1])
        let end = Int(ends[place])
        return try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    }

    /// Lends the bytes of a symbol.
    @inline(__always)
    func withBytes<Result>(_ place: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withPrefixed(place) { prefixed in
            var start = 0
            while prefixed[start] >= 0x80 { start &+= 1 }
            return try body(UnsafeRawBufferPointer(rebasing: prefixed[(start &+ 1)...]))
        }
    }

    /// The place of the first symbol that is not below `text`.
    func lowerBound(_ text: UnsafeRawBufferPointer) -> Int {
        Search.lowerBound(count) { withBytes($0) { RawBytes.precedes($0, text) } }
    }
}
