import ByteCoding
import TelemetryModel

/// What a log record of samples consisted of in version 1, which is only read, as `Schemas/format/metric-log.md` describes it.
enum MetricLogFormat1 {
    /// The version of the payload.
    static let version: UInt8 = 1
    /// Added to the tag of a series: its labels follow.
    static let definitionFlag: UInt64 = 1
    /// Added to the tag of a series: its values are increments.
    static let deltaFlag: UInt64 = 2
    /// A series' number is the tag without so many low bits.
    static let flagBitCount: UInt64 = 2
    /// Control byte: the value is the one before.
    static let same: UInt8 = 0
    /// Control byte: a difference of integers follows, of values multiplied by 1, 10, 100, 1,000 for 1, 2, 3, 4.
    static let decimalControls: ClosedRange<UInt8> = 1...4
    /// Control bytes from here on: low three bits count zero bytes at the low end, the next three those at the high end, of
    /// the XOR with the value before, whose other bytes follow.
    static let xorControl: UInt8 = 0x40
}

/// What a segment of the log knows of a series: its values are coded against the last one.
private struct MetricLogCursor1 {
    var timestamp: Int64 = 0
    var value: Double = 0

    /// Reads a sample.
    mutating func read(_ reader: inout ByteReader) throws(ByteCodingError) -> Sample {
        timestamp &+= try reader.readSignedVarint()
        let start = reader.position
        let control = try reader.readByte()
        if control == MetricLogFormat1.same {
            return Sample(timestamp: timestamp, value: value)
        }
        if MetricLogFormat1.decimalControls.contains(control) {
            let scale = Int(control) - 1
            guard let last = Decimal.integer(value, scale) else {
                throw .malformed(at: start, "a difference from a value that is no decimal")
            }
            value = Decimal.value(last &+ (try reader.readSignedVarint()), scale)
        } else {
            let low = Int(control & 7)
            let high = Int(control >> 3) & 7
            guard control >= MetricLogFormat1.xorControl, control < MetricLogFormat1.xorControl + 64, low + high < 8 else {
                throw .malformed(at: start, "an unknown control byte")
            }
            var difference: UInt64 = 0
            for index in low..<(8 - high) { difference |= UInt64(try reader.readByte()) << UInt64(8 * index) }
            value = Double(bitPattern: value.bitPattern ^ difference)
        }
        return Sample(timestamp: timestamp, value: value)
    }
}

/// Reads the records of version 1 of one log, segment by segment.
struct MetricLogDecoder1 {
    /// The samples of one series in a record.
    struct Row {
        var labels: Labels
        var samples: [Sample]
        var isDelta: Bool
    }

    private var segment: UInt64 = 0
    private var known: [UInt64: (labels: Labels, cursor: MetricLogCursor1)] = [:]

    /// Calls `body` with every row of a record. `window` is the out-of-order window that was in force, milliseconds.
    mutating func decode(
        _ payload: UnsafeRawBufferPointer, segment number: UInt64, followsGap: Bool = false, _ body: (Row, _ window: Int64) -> Void
    ) throws(ByteCodingError) {
        // Behind a gap nothing is known of a series until its labels stand there again.
        if number != segment || followsGap {
            known = [:]
            segment = number
        }
        var reader = ByteReader(payload)
        let window = Int64(clamping: try reader.readVarint())
        while !reader.isAtEnd {
            let start = reader.position
            let tag = try reader.readVarint()
            let series = tag >> MetricLogFormat1.flagBitCount
            if tag & MetricLogFormat1.definitionFlag != 0 {
                known[series] = (Labels(canonicalBytes: Array(try reader.readLengthPrefixed())), MetricLogCursor1())
            }
            guard let (labels, last) = known[series] else {
                throw .malformed(at: start, "samples of a series that was not defined")
            }
            var cursor = last
            let count = try reader.readCount(limit: reader.remaining)
            var samples: [Sample] = []
            samples.reserveCapacity(count)
            for _ in 0..<count { samples.append(try cursor.read(&reader)) }
            known[series] = (labels, cursor)
            body(Row(labels: labels, samples: samples, isDelta: tag & MetricLogFormat1.deltaFlag != 0), window)
        }
    }
}
