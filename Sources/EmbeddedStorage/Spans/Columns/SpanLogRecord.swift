import ByteCoding
import TelemetryModel

/// The one kind of record in the log of spans: an accepted batch, encoded and compressed.
enum SpanLogRecord {
    /// The type of the record.
    static let type: UInt8 = 1
    /// The version of its payload.
    static let version: UInt8 = 1
    /// How hard it is compressed (zstd level): it is read once at most.
    static let compressionLevel: Int32 = 1
    /// A batch has at most so many bytes before compression.
    static let byteLimit = 1 << 30

    /// The payload of a batch.
    static func encode(_ batch: SpanBatch) throws(ByteCodingError) -> [UInt8] {
        try Zstd.compress(SpanBatchCodec.encode(batch), level: compressionLevel)
    }

    /// The batch in a payload.
    static func decode(type: UInt8, version: UInt8, _ payload: UnsafeRawBufferPointer) throws -> SpanBatch {
        guard type == Self.type, version == Self.version else {
            throw ByteCodingError(.malformed, "a record of type \(type) in version \(version) in the log of spans")
        }
        return try SpanBatchCodec.decode(try Zstd.decompress(payload, limit: byteLimit))
    }
}
