/// Reads little-endian values from bytes that nobody vouches for: every read checks the bounds first and throws.
///
/// A reader borrows its bytes. It is made inside `withUnsafeBytes` and must not outlive that call.
@frozen
public struct ByteReader {
    /// The bytes being read.
    public let bytes: UnsafeRawBufferPointer
    /// The offset of the next byte to be read, in `0...bytes.count`.
    public var position: Int

    /// Starts reading at the first of `bytes`.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        self.position = 0
    }

    /// How many bytes have not been read.
    @inlinable
    public var remaining: Int { bytes.count &- position }

    /// Whether every byte has been read.
    @inlinable
    public var isAtEnd: Bool { position == bytes.count }

    /// Throws ``ByteCodingError/Kind/truncated`` unless `byteCount` bytes remain.
    @inlinable
    public func require(_ byteCount: Int) throws(ByteCodingError) {
        if byteCount < 0 || byteCount > remaining { throw .truncated(at: position, needing: byteCount) }
    }

    /// Moves past `byteCount` bytes.
    @inlinable
    public mutating func skip(_ byteCount: Int) throws(ByteCodingError) {
        try require(byteCount)
        position &+= byteCount
    }

    /// Reads one byte.
    @inlinable
    public mutating func readByte() throws(ByteCodingError) -> UInt8 {
        try require(1)
        defer { position &+= 1 }
        return bytes[position]
    }

    /// Reads a fixed-width little-endian integer.
    @inlinable
    public mutating func readInteger<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(ByteCodingError) -> Value {
        let size = MemoryLayout<Value>.size
        try require(size)
        defer { position &+= size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }

    /// Reads an IEEE 754 double, bit for bit.
    @inlinable
    public mutating func readDouble() throws(ByteCodingError) -> Double {
        Double(bitPattern: try readInteger(UInt64.self))
    }

    /// Reads an unsigned LEB128 varint of at most ten bytes.
    @inlinable
    public mutating func readVarint() throws(ByteCodingError) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        var cursor = position
        let end = bytes.count
        while cursor < end {
            let byte = bytes[cursor]
            cursor &+= 1
            if shift == 63, byte > 1 { throw .malformed(at: position, "a varint that does not fit in 64 bits") }
            result |= UInt64(truncatingIfNeeded: byte & 0x7F) &<< shift
            if byte < 0x80 {
                position = cursor
                return result
            }
            shift &+= 7
            if shift > 63 { throw .malformed(at: position, "a varint of more than ten bytes") }
        }
        throw .truncated(at: position, needing: cursor &- position &+ 1)
    }

    /// Reads a zigzag varint.
    @inlinable
    public mutating func readSignedVarint() throws(ByteCodingError) -> Int64 {
        let raw = try readVarint()
        return Int64(bitPattern: raw &>> 1) ^ -Int64(bitPattern: raw & 1)
    }

    /// Reads a varint that counts bytes or items and must not exceed `limit`.
    @inlinable
    public mutating func readCount(limit: Int) throws(ByteCodingError) -> Int {
        let raw = try readVarint()
        if raw > UInt64(limit) { throw .malformed(at: position, "a count of \(raw), above its limit of \(limit),") }
        return Int(raw)
    }

    /// Reads `byteCount` bytes without copying them; the result is as short-lived as the reader.
    @inlinable
    public mutating func readBytes(_ byteCount: Int) throws(ByteCodingError) -> UnsafeRawBufferPointer {
        try require(byteCount)
        defer { position &+= byteCount }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position &+ byteCount)])
    }

    /// Reads bytes behind their varint length, without copying them.
    @inlinable
    public mutating func readLengthPrefixed() throws(ByteCodingError) -> UnsafeRawBufferPointer {
        try readBytes(try readCount(limit: remaining))
    }

    /// Reads UTF-8 behind its varint length; invalid sequences are refused.
    @inlinable
    public mutating func readString() throws(ByteCodingError) -> String {
        let start = position
        let raw = try readLengthPrefixed()
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw .malformed(at: start, "a string that is not UTF-8")
        }
        return text
    }
}
