/// Appends little-endian values to a growing array of bytes: the counterpart of ``ByteReader``.
@frozen
public struct ByteWriter: Sendable {
    /// What has been written.
    public var bytes: [UInt8]

    /// Starts empty, with room for `capacity` bytes.
    @inlinable
    public init(capacity: Int = 0) {
        bytes = []
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    /// How many bytes have been written.
    @inlinable
    public var count: Int { bytes.count }

    /// Appends one byte.
    @inlinable
    public mutating func writeByte(_ byte: UInt8) { bytes.append(byte) }

    /// Appends a fixed-width little-endian integer.
    @inlinable
    public mutating func writeInteger<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends an IEEE 754 double, bit for bit.
    @inlinable
    public mutating func writeDouble(_ value: Double) { writeInteger(value.bitPattern) }

    /// Appends an unsigned LEB128 varint.
    @inlinable
    public mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a zigzag varint.
    @inlinable
    public mutating func writeSignedVarint(_ value: Int64) {
        writeVarint(UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
    }

    /// Appends raw bytes.
    @inlinable
    public mutating func writeBytes(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }

    /// Appends raw bytes.
    @inlinable
    public mutating func writeBytes(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    /// Appends bytes behind their varint length.
    @inlinable
    public mutating func writeLengthPrefixed(_ raw: [UInt8]) {
        writeVarint(UInt64(raw.count))
        bytes.append(contentsOf: raw)
    }

    /// Appends bytes behind their varint length.
    @inlinable
    public mutating func writeLengthPrefixed(_ raw: UnsafeRawBufferPointer) {
        writeVarint(UInt64(raw.count))
        bytes.append(contentsOf: raw)
    }

    /// Appends UTF-8 behind its varint length.
    @inlinable
    public mutating func writeString(_ text: String) {
        var text = text
        text.withUTF8 { writeLengthPrefixed(UnsafeRawBufferPointer($0)) }
    }

    /// Overwrites the four bytes at `offset`, which must have been written before.
    @inlinable
    public mutating func patch(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset + 4 <= bytes.count, "only bytes that were written can be patched")
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self) }
    }
}
