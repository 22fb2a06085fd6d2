/// Writes the fields of a protobuf message, the counterpart of ``ProtobufReader``. Fields appear in the order of the calls.
@frozen
public struct ProtobufWriter: Sendable {
    /// The bytes of the message so far.
    public var writer: ByteWriter

    /// Starts an empty message.
    @inlinable
    public init(capacity: Int = 0) { writer = ByteWriter(capacity: capacity) }

    /// The bytes of the message so far.
    @inlinable
    public var bytes: [UInt8] { writer.bytes }

    @inlinable
    mutating func key(_ field: UInt32, _ type: ProtobufReader.WireType) {
        writer.writeVarint(UInt64(field) << 3 | UInt64(type.rawValue))
    }

    /// Writes a varint field, also when it is zero.
    @inlinable
    public mutating func varint(_ field: UInt32, _ value: UInt64) {
        key(field, .varint)
        writer.writeVarint(value)
    }

    /// Writes a varint field unless it is zero (proto3's default).
    @inlinable
    public mutating func varintUnlessZero(_ field: UInt32, _ value: UInt64) {
        if value != 0 { varint(field, value) }
    }

    /// Writes eight little-endian bytes.
    @inlinable
    public mutating func fixed64(_ field: UInt32, _ value: UInt64) {
        key(field, .fixed64)
        writer.writeInteger(value)
    }

    /// Writes four little-endian bytes.
    @inlinable
    public mutating func fixed32(_ field: UInt32, _ value: UInt32) {
        key(field, .fixed32)
        writer.writeInteger(value)
    }

    /// Writes a double, bit for bit.
    @inlinable
    public mutating func double(_ field: UInt32, _ value: Double) { fixed64(field, value.bitPattern) }

    /// Writes a bytes field, also when it is empty.
    @inlinable
    public mutating func bytes(_ field: UInt32, _ value: [UInt8]) {
        key(field, .lengthDelimited)
        writer.writeLengthPrefixed(value)
    }

    /// Writes a bytes field, also when it is empty.
    @inlinable
    public mutating func bytes(_ field: UInt32, _ value: UnsafeRawBufferPointer) {
        key(field, .lengthDelimited)
        writer.writeLengthPrefixed(value)
    }

    /// Writes a string field, also when it is empty.
    @inlinable
    public mutating func string(_ field: UInt32, _ value: String) {
        key(field, .lengthDelimited)
        writer.writeString(value)
    }

    /// Writes a string field unless it is empty.
    @inlinable
    public mutating func stringUnlessEmpty(_ field: UInt32, _ value: String) {
        if !value.isEmpty { string(field, value) }
    }

    /// Writes an embedded message that `body` fills. When `body` throws, the field is taken back.
    ///
    /// The message is written in place: its length gets one byte beforehand, and a longer one moves the message up.
    @inlinable
    public mutating func message<Failure: Error>(
        _ field: UInt32, _ body: (inout ProtobufWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let fieldStart = writer.count
        key(field, .lengthDelimited)
        writer.writeByte(0)
        let start = writer.count
        do throws(Failure) {
            try body(&self)
        } catch {
            writer.bytes.removeLast(writer.count &- fieldStart)
            throw error
        }
        let length = writer.count &- start
        if length < 0x80 {
            writer.bytes[start &- 1] = UInt8(truncatingIfNeeded: length)
        } else {
            patchLength(length, at: start &- 1)
        }
    }

    @usableFromInline
    mutating func patchLength(_ length: Int, at offset: Int) {
        var prefix = ByteWriter(capacity: 10)
        prefix.writeVarint(UInt64(length))
        writer.bytes.replaceSubrange(offset...offset, with: prefix.bytes)
    }

    /// Appends fields that are encoded already.
    @inlinable
    public mutating func encodedFields(_ raw: UnsafeRawBufferPointer) { writer.writeBytes(raw) }
}
