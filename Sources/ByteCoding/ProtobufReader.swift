/// Walks the fields of one protobuf message without building it.
///
/// The wire format is that of protobuf.dev/programming-guides/encoding: a varint key (field number and wire type),
/// then the value. Groups (wire types 3 and 4) are refused, as no format that Headrope speaks uses them.
@frozen
public struct ProtobufReader {
    /// How a value is laid out behind its key.
    @frozen
    public enum WireType: UInt8, Sendable {
        /// A varint.
        case varint = 0
        /// Eight little-endian bytes.
        case fixed64 = 1
        /// A varint length and that many bytes.
        case lengthDelimited = 2
        /// Four little-endian bytes.
        case fixed32 = 5
    }

    /// The bytes of the message.
    public var reader: ByteReader
    /// The number of the field that ``nextField()`` stands on.
    public var fieldNumber: UInt32 = 0
    /// The wire type of the field that ``nextField()`` stands on.
    public var wireType: WireType = .varint

    /// Starts before the first field of the message in `bytes`.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

    /// Moves to the next field; `false` at the end of the message. The value must be read or skipped before the next call.
    @inlinable
    public mutating func nextField() throws(ByteCodingError) -> Bool {
        if reader.isAtEnd { return false }
        let start = reader.position
        let key = try reader.readVarint()
        guard let type = WireType(rawValue: UInt8(truncatingIfNeeded: key & 7)) else {
            throw .malformed(at: start, "a protobuf field of wire type \(key & 7)")
        }
        let number = key &>> 3
        if number == 0 || number > 0x1FFF_FFFF { throw .malformed(at: start, "protobuf field number \(number)") }
        fieldNumber = UInt32(truncatingIfNeeded: number)
        wireType = type
        return true
    }

    /// Skips the value of the current field.
    @inlinable
    public mutating func skipValue() throws(ByteCodingError) {
        switch wireType {
        case .varint: _ = try reader.readVarint()
        case .fixed64: try reader.skip(8)
        case .lengthDelimited: _ = try reader.readLengthPrefixed()
        case .fixed32: try reader.skip(4)
        }
    }

    /// Throws unless the current field has this wire type.
    @inlinable
    public func expect(_ type: WireType) throws(ByteCodingError) {
        if wireType != type {
            throw .malformed(at: reader.position, "protobuf field \(fieldNumber) of wire type \(wireType), not \(type),")
        }
    }

    /// Reads a varint field (`uint64`, `int64`, `uint32`, `int32`, `bool`, enum).
    @inlinable
    public mutating func varint() throws(ByteCodingError) -> UInt64 {
        try expect(.varint)
        return try reader.readVarint()
    }

    /// Reads a `fixed64`, `sfixed64` or `double` field as its bits.
    @inlinable
    public mutating func fixed64() throws(ByteCodingError) -> UInt64 {
        try expect(.fixed64)
        return try reader.readInteger(UInt64.self)
    }

    /// Reads a `fixed32`, `sfixed32` or `float` field as its bits.
    @inlinable
    public mutating func fixed32() throws(ByteCodingError) -> UInt32 {
        try expect(.fixed32)
        return try reader.readInteger(UInt32.self)
    }

    /// Reads a `double` field.
    @inlinable
    public mutating func double() throws(ByteCodingError) -> Double { Double(bitPattern: try fixed64()) }

    /// Reads the bytes of a length-delimited field without copying them.
    @inlinable
    public mutating func bytes() throws(ByteCodingError) -> UnsafeRawBufferPointer {
        try expect(.lengthDelimited)
        return try reader.readLengthPrefixed()
    }

    /// Reads an embedded message.
    @inlinable
    public mutating func message() throws(ByteCodingError) -> ProtobufReader { ProtobufReader(try bytes()) }

    /// Reads a `string` field; invalid UTF-8 is refused.
    @inlinable
    public mutating func string() throws(ByteCodingError) -> String {
        try expect(.lengthDelimited)
        return try reader.readString()
    }
}
