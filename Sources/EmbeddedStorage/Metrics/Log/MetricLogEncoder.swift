import ByteCoding
import TelemetryModel

/// Samples of one series of a batch that will be logged.
struct AcceptedRow {
    /// The number of the series in the head, or ``stranger``.
    var series: UInt32
    /// The row of the batch that they come from.
    var row: UInt32
    var samples: RowRange
    var isDelta: Bool

    /// The number of a series that has none yet.
    static let stranger = UInt32.max
}

/// Writes the payload of a log record of samples: four columns (runs of series, runs of timestamps, which values are new,
/// and those), because each is nearly nothing where senders repeat themselves.
// A class with memory of its own, because arrays are checked at every append. Used under the store's lock only.
final class MetricLogEncoder {
    private var memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    private var capacity = 1
    private var definitions = ByteWriter()
    private var definitionCount: UInt64 = 0
    /// The segment that series have been defined in.
    private var segment: UInt64?
    /// Rises when coding starts afresh; series that were coded in an earlier context are defined anew.
    private var context: UInt32 = 0
    private var nextNumber: UInt32 = 0
    /// How many bytes were written since coding started afresh, and how many of them are definitions.
    private var writtenByteCount = 0
    private var definedByteCount = 0
    private let freshByteCount: Int

    /// Definitions are at most one in so many bytes of a log.
    private static let definitionShare = 16
    /// No run of series and no run of timestamps has more bytes.
    private static let runByteLimit = 30
    /// Memory beyond this is given back after a large batch.
    private static let keptByteCount = 4 << 20

    /// Coding starts afresh once so many bytes have been written, so that a damaged record costs only those behind it up to
    /// there; later where series are so many that their definitions would cost too much.
    init(freshByteCount: Int = 4 << 20) { self.freshByteCount = freshByteCount }

    deinit { memory.deallocate() }

    /// What follows is not coded against anything before: after a failed write, and when the log was rolled.
    func startAfresh() { segment = nil }

    /// Appends the payload for these rows to a record in a segment.
    func write(
        _ rows: [AcceptedRow], _ samples: UnsafeBufferPointer<Sample>, _ head: MetricHead, window: Int64, segment number: UInt64,
        to writer: inout ByteWriter
    ) {
        if segment != number {
            segment = number
            context += 1
            nextNumber = 0
            writtenByteCount = 0
            definedByteCount = 0
        }
        definitions.bytes.removeAll(keepingCapacity: true)
        definitionCount = 0
        let sampleCount = rows.reduce(0) { $0 + Int($1.samples.count) }
        let runRoom = rows.count * Self.runByteLimit
        let timeRoom = sampleCount * Self.runByteLimit
        reserve(runRoom + timeRoom + sampleCount / 8 + 1 + sampleCount * MetricLogCursor.byteLimit)
        var runs = RunColumn(memory)
        var times = TimeRunColumn(memory + runRoom)
        var values = ChangeColumn(memory + runRoom + timeRoom, sampleCount)
        let series = head.series
        Decimal.powers.withUnsafeBufferPointer { powers in
            guard let powers = powers.baseAddress else { return }
            for row in rows {
                let own = series + Int(row.series)
                if own.pointee.logContext != context { define(own, head.labels[Int(row.series)]) }
                runs.add(own.pointee.logNumber, row)
                for index in row.samples.indices {
                    times.add(samples[index].timestamp)
                    values.add(samples[index].value, &own.pointee.cursor, powers)
                }
            }
        }
        let start = writer.count
        writer.writeVarint(UInt64(window))
        writeDefinitions(to: &writer)
        if definitionCount > 0 { definedByteCount += writer.count - start }
        runs.finish(memory, &writer)
        times.finish(memory + runRoom, &writer)
        values.finish(memory + runRoom + timeRoom, &writer)
        if capacity > Self.keptByteCount { reserve(exactly: 1) }
        writtenByteCount += writer.count - start
        if writtenByteCount >= max(freshByteCount, definedByteCount * Self.definitionShare) { startAfresh() }
    }

    private func define(_ series: UnsafeMutablePointer<HeadSeries>, _ labels: Labels) {
        series.pointee.logContext = context
        series.pointee.logNumber = nextNumber
        series.pointee.cursor = MetricLogCursor()
        nextNumber += 1
        definitionCount += 1
        definitions.writeLengthPrefixed(labels.bytes)
    }

    private func writeDefinitions(to writer: inout ByteWriter) {
        writer.writeVarint(definitionCount)
        if definitionCount == 0 { return }
        writer.writeVarint(UInt64(nextNumber) - definitionCount)
        writer.writeVarint(UInt64(definitions.count))
        // Labels of one batch have much in common. What cannot be compressed stands as it is.
        if definitions.count >= MetricLogFormat.compressionMinimum,
            let frame = try? Zstd.compress(definitions.bytes, level: 1), frame.count < definitions.count
        {
            writer.writeLengthPrefixed(frame)
        } else {
            writer.writeVarint(0)
            writer.writeBytes(definitions.bytes)
        }
    }

    private func reserve(_ byteCount: Int) {
        if byteCount > capacity { reserve(exactly: byteCount + byteCount / 4) }
    }

    private func reserve(exactly byteCount: Int) {
        memory.deallocate()
        memory = .allocate(capacity: byteCount)
        capacity = byteCount
    }
}

/// Rows whose series have consecutive numbers, as far as possible together.
private struct RunColumn {
    private var target: UnsafeMutablePointer<UInt8>
    private var start: UInt32 = 0
    private var rowCount: UInt32 = 0
    private var sampleCount: UInt32 = 0
    private var isDelta = false
    /// The number behind the last run.
    private var expected: Int64 = 0
    private var count: UInt64 = 0

    init(_ memory: UnsafeMutablePointer<UInt8>) { target = memory }

    @inline(__always)
    mutating func add(_ number: UInt32, _ row: AcceptedRow) {
        if rowCount > 0, number == start &+ rowCount, row.samples.count == sampleCount, row.isDelta == isDelta {
            rowCount &+= 1
            return
        }
        end()
        start = number
        rowCount = 1
        sampleCount = row.samples.count
        isDelta = row.isDelta
    }

    private mutating func end() {
        if rowCount == 0 { return }
        let flags = (isDelta ? MetricLogFormat.deltaFlag : 0) | (sampleCount != 1 ? MetricLogFormat.manyFlag : 0)
        MetricLogCursor.writeSignedVarint(Int64(start) - expected, &target)
        MetricLogCursor.writeVarint(UInt64(rowCount) << MetricLogFormat.runFlagBitCount | flags, &target)
        if sampleCount != 1 { MetricLogCursor.writeVarint(UInt64(sampleCount), &target) }
        expected = Int64(start) + Int64(rowCount)
        count += 1
    }

    mutating func finish(_ memory: UnsafeMutablePointer<UInt8>, _ writer: inout ByteWriter) {
        end()
        writer.writeVarint(count)
        writer.writeBytes(UnsafeRawBufferPointer(start: memory, count: target - memory))
    }
}

/// Runs of equal timestamps.
private struct TimeRunColumn {
    private var target: UnsafeMutablePointer<UInt8>
    private var last: Int64 = 0
    private var timestamp: Int64 = 0
    private var count: UInt64 = 0

    init(_ memory: UnsafeMutablePointer<UInt8>) { target = memory }

    @inline(__always)
    mutating func add(_ new: Int64) {
        if new == timestamp {
            count &+= 1
            return
        }
        end()
        timestamp = new
        count = 1
    }

    private mutating func end() {
        if count == 0 { return }
        MetricLogCursor.writeSignedVarint(timestamp &- last, &target)
        MetricLogCursor.writeVarint(count, &target)
        last = timestamp
    }

    mutating func finish(_ memory: UnsafeMutablePointer<UInt8>, _ writer: inout ByteWriter) {
        end()
        writer.writeBytes(UnsafeRawBufferPointer(start: memory, count: target - memory))
    }
}

/// A bit for each value that is not the series' last one again, and the coded values behind all bits.
private struct ChangeColumn {
    private var bits: UnsafeMutablePointer<UInt8>
    private var target: UnsafeMutablePointer<UInt8>
    private var mask: UInt8 = 0
    private var bit: UInt8 = 1

    init(_ memory: UnsafeMutablePointer<UInt8>, _ count: Int) {
        bits = memory
        target = memory + (count + 7) / 8
    }

    @inline(__always)
    mutating func add(_ value: Double, _ cursor: inout MetricLogCursor, _ powers: UnsafePointer<Double>) {
        if value.bitPattern != cursor.value.bitPattern {
            mask |= bit
            cursor.write(value, powers, &target)
        }
        bit = bit &<< 1
        if bit == 0 {
            bits.pointee = mask
            bits += 1
            mask = 0
            bit = 1
        }
    }

    mutating func finish(_ memory: UnsafeMutablePointer<UInt8>, _ writer: inout ByteWriter) {
        if bit != 1 { bits.pointee = mask }
        writer.writeBytes(UnsafeRawBufferPointer(start: memory, count: target - memory))
    }
}
