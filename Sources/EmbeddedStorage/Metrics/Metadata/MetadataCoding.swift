import ByteCoding
import TelemetryModel

/// What a log record of metadata consists of, as `Schemas/format/metadata-log.md` describes it.
enum MetadataLogFormat {
    /// The type of the record in the log.
    static let recordType: UInt8 = 1
    /// The version of its payload.
    static let version: UInt8 = 1

    /// Appends an entry.
    static func write(_ entry: MetricMetadata, to writer: inout ByteWriter) {
        writer.writeByte(entry.type.rawValue)
        for text in [entry.metric, entry.help, entry.unit] { writer.writeString(text) }
    }

    /// The entries of a record.
    static func decode(_ payload: UnsafeRawBufferPointer) throws(ByteCodingError) -> [MetricMetadata] {
        var entries: [MetricMetadata] = []
        var reader = ByteReader(payload)
        while !reader.isAtEnd {
            let start = reader.position
            guard let type = MetricType(rawValue: try reader.readByte()) else {
                throw .malformed(at: start, "an unknown type of metric")
            }
            let metric = try reader.readString()
            let help = try reader.readString()
            entries.append(MetricMetadata(metric: metric, type: type, help: help, unit: try reader.readString()))
        }
        return entries
    }
}
