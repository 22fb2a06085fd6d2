import ByteCoding
import TelemetryModel

/// A ``SpanBatch`` as bytes in column form: the payload of log records and, compressed, the pages of blocks.
///
/// `Schemas/format/span-log.md` lists the columns. What comes back has the same spans in the same order with everything
/// they carry; pools and symbols are put in order, unused ones are left out.
public enum SpanBatchCodec {
    /// The version that is written, and the only one that is read.
    public static let version: UInt8 = 1
    /// At most so many rows of one kind (spans, attributes, events, links, resources, scopes) are believed.
    public static let rowLimit = 1 << 25

    /// A batch as bytes.
    public static func encode(_ batch: SpanBatch) -> [UInt8] {
        var encoder = SpanBatchEncoder(batch)
        return encoder.encode()
    }

    /// The batch that bytes describe; throws when they are not such bytes.
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> SpanBatch {
        var decoder = SpanBatchDecoder(bytes)
        return try decoder.decode()
    }

    /// The batch that bytes describe; throws when they are not such bytes.
    public static func decode(_ bytes: [UInt8]) throws -> SpanBatch {
        try bytes.withUnsafeBytes { try decode($0) }
    }

    /// How a parent column says "no parent" and "elsewhere"; greater codes are distances.
    enum ParentCode {
        static let none: UInt64 = 0
        static let elsewhere: UInt64 = 1
        static let firstDistance: UInt64 = 2
    }

    /// How a trace column says "as the row before" and "a new one"; greater codes are numbers of traces.
    enum TraceCode {
        static let same: UInt64 = 0
        static let new: UInt64 = 1
        static let firstNumber: UInt64 = 2
    }
}
