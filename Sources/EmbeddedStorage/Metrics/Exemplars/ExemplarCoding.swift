import ByteCoding
import TelemetryModel

/// What a log record of exemplars consists of, as `Schemas/format/exemplar-log.md` describes it.
enum ExemplarLogFormat {
    /// The type of the record in the log.
    static let recordType: UInt8 = 1
    /// The version of its payload.
    static let version: UInt8 = 1
    /// Added to the tag of a series: its labels follow.
    static let definitionFlag: UInt64 = 1
    /// A series' number is the tag without so many low bits.
    static let flagBitCount: UInt64 = 1
}

/// Writes the rows of one record.
struct ExemplarRecordWriter {
    private var last: Int64 = 0

    /// Appends an exemplar; `definition` is given when the series has no number in the segment yet.
    mutating func write(_ exemplar: Exemplar, series: UInt64, definition: Labels?, to writer: inout ByteWriter) {
        let tag = series << ExemplarLogFormat.flagBitCount
        if let definition {
            writer.writeVarint(tag | ExemplarLogFormat.definitionFlag)
            writer.writeLengthPrefixed(definition.bytes)
        } else {
            writer.writeVarint(tag)
        }
        writer.writeSignedVarint(exemplar.timestamp &- last)
        last = exemplar.timestamp
        writer.writeDouble(exemplar.value)
        writer.writeLengthPrefixed(exemplar.labels.bytes)
    }
}

/// Reads the records of one log, segment by segment.
struct ExemplarLogDecoder {
    private var segment: UInt64 = 0
    private var known: [UInt64: Labels] = [:]

    /// The exemplars of a record, with their series; how many there are of series whose labels were lost with a record.
    mutating func decode(
        _ payload: UnsafeRawBufferPointer, segment number: UInt64
    ) throws(ByteCodingError) -> (found: [(series: Labels, exemplar: Exemplar)], lostCount: Int) {
        if number != segment {
            known = [:]
            segment = number
        }
        var rows: [(series: Labels, exemplar: Exemplar)] = []
        var lostCount = 0
        var last: Int64 = 0
        var reader = ByteReader(payload)
        while !reader.isAtEnd {
            let tag = try reader.readVarint()
            let series = tag >> ExemplarLogFormat.flagBitCount
            if tag & ExemplarLogFormat.definitionFlag != 0 {
                known[series] = Labels(canonicalBytes: Array(try reader.readLengthPrefixed()))
            }
            last &+= try reader.readSignedVarint()
            let value = try reader.readDouble()
            let own = Labels(canonicalBytes: Array(try reader.readLengthPrefixed()))
            if let labels = known[series] {
                rows.append((labels, Exemplar(labels: own, value: value, timestamp: last)))
            } else {
                lostCount += 1
            }
        }
        return (rows, lostCount)
    }
}
