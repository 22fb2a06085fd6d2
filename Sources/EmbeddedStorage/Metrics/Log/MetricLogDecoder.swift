import ByteCoding
import TelemetryModel

/// Reads the records of one log, segment by segment, in version 2.
///
/// When a record of a segment cannot be read, those behind it cannot be either, as they are coded against it, up to the
/// one with which coding starts afresh.
struct MetricLogDecoder {
    /// Samples of one series in a record.
    struct Row {
        /// The number of the series in its segment, by order of definition.
        var series: Int
        /// Where its samples stand.
        var samples: Range<Int>
        var isDelta: Bool
    }

    /// The labels of the series that the record at hand defines.
    private(set) var definitions: [Labels] = []
    /// The number of the first of them.
    private(set) var firstDefinition = 0
    /// The rows of the record at hand.
    private(set) var rows: [Row] = []
    /// The samples of the record at hand.
    private(set) var samples: [Sample] = []
    /// The out-of-order window that was in force, milliseconds.
    private(set) var window: Int64 = 0
    private var segment: UInt64 = 0
    private var cursors: [MetricLogCursor] = []
    private var isBroken = false

    /// A record has at most so many samples.
    private static let sampleLimit = 16 << 20

    /// Reads a record. `followsGap` says that records before it are missing.
    mutating func decode(
        _ payload: UnsafeRawBufferPointer, segment number: UInt64, followsGap: Bool = false
    ) throws(ByteCodingError) {
        if number != segment {
            segment = number
            cursors = []
            isBroken = false
        }
        rows.removeAll(keepingCapacity: true)
        samples.removeAll(keepingCapacity: true)
        definitions = []
        let wasBroken = isBroken || followsGap
        isBroken = true
        var reader = ByteReader(payload)
        window = Int64(clamping: try reader.readVarint())
        let definitionCount = try reader.readVarint()
        firstDefinition = definitionCount == 0 ? cursors.count : try reader.readCount(limit: cursors.count)
        if wasBroken, firstDefinition > 0 || definitionCount == 0 {
            throw ByteCodingError(.malformed, "it is coded against a record that could not be read")
        }
        if definitionCount > 0 { try readDefinitions(&reader, count: definitionCount) }
        let sampleCount = try readRuns(&reader)
        try readTimestamps(&reader, sampleCount)
        try readValues(&reader)
        if !reader.isAtEnd { throw .malformed(at: reader.position, "rubbish behind the values") }
        isBroken = false
    }

    private mutating func readDefinitions(_ reader: inout ByteReader, count: UInt64) throws(ByteCodingError) {
        let byteCount = try reader.readCount(limit: MetricLogFormat.definitionByteLimit)
        let frame = try reader.readLengthPrefixed()
        let bytes =
            frame.isEmpty ? Array(try reader.readBytes(byteCount)) : try Zstd.decompress(frame, limit: byteCount)
        if bytes.count != byteCount { throw .malformed(at: reader.position, "definitions of another length") }
        if count > UInt64(byteCount) { throw .malformed(at: reader.position, "more definitions than fit into their bytes") }
        var failure: ByteCodingError?
        bytes.withUnsafeBytes { raw in
            do throws(ByteCodingError) {
                var labels = ByteReader(raw)
                for _ in 0..<count { definitions.append(Labels(canonicalBytes: Array(try labels.readLengthPrefixed()))) }
                if !labels.isAtEnd { throw .malformed(at: labels.position, "rubbish behind definitions") }
            } catch { failure = error }
        }
        if let failure { throw failure }
        // From 0 on all numbers are given anew.
        cursors.removeLast(cursors.count - firstDefinition)
        cursors.append(contentsOf: repeatElement(MetricLogCursor(), count: definitions.count))
    }

    /// Reads which series have how many samples; returns how many samples there are.
    private mutating func readRuns(_ reader: inout ByteReader) throws(ByteCodingError) -> Int {
        var sampleCount = 0
        var expected: Int64 = 0
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            let start = reader.position
            let (first, overflow) = expected.addingReportingOverflow(try reader.readSignedVarint())
            let tag = try reader.readVarint()
            let rowCount = tag >> MetricLogFormat.runFlagBitCount
            if overflow || first < 0 || first > Int64(cursors.count) || rowCount > UInt64(cursors.count - Int(first)) {
                throw .malformed(at: start, "samples of a series that was not defined")
            }
            let rowSamples =
                tag & MetricLogFormat.manyFlag == 0 ? 1 : try reader.readCount(limit: Self.sampleLimit)
            let isDelta = tag & MetricLogFormat.deltaFlag != 0
            // Every sample has a bit further on.
            let limit = min(Self.sampleLimit, reader.remaining * 8)
            if rowSamples == 0 || UInt64(rowSamples) * rowCount > UInt64(max(0, limit - sampleCount)) {
                throw .malformed(at: start, "a number of samples that cannot be")
            }
            for number in Int(first)..<(Int(first) + Int(rowCount)) {
                rows.append(Row(series: number, samples: sampleCount..<(sampleCount + rowSamples), isDelta: isDelta))
                sampleCount += rowSamples
            }
            expected = first + Int64(rowCount)
        }
        return sampleCount
    }

    private mutating func readTimestamps(_ reader: inout ByteReader, _ sampleCount: Int) throws(ByteCodingError) {
        samples.reserveCapacity(sampleCount)
        var timestamp: Int64 = 0
        while samples.count < sampleCount {
            timestamp &+= try reader.readSignedVarint()
            let count = try reader.readCount(limit: sampleCount - samples.count)
            if count == 0 || timestamp < 0 { throw .malformed(at: reader.position, "a run of timestamps that cannot be") }
            samples.append(contentsOf: repeatElement(Sample(timestamp: timestamp, value: 0), count: count))
        }
    }

    private mutating func readValues(_ reader: inout ByteReader) throws(ByteCodingError) {
        let bits = try reader.readBytes((samples.count + 7) / 8)
        var failure: ByteCodingError?
        Decimal.powers.withUnsafeBufferPointer { powers in
            guard let powers = powers.baseAddress else { return }
            do throws(ByteCodingError) {
                for row in rows {
                    for index in row.samples {
                        let isNew = bits[index &>> 3] &>> UInt8(truncatingIfNeeded: index & 7) & 1 != 0
                        samples[index].value =
                            isNew ? try cursors[row.series].read(&reader, powers) : cursors[row.series].value
                    }
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
