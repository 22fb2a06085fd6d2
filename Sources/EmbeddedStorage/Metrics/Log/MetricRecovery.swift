import ByteCoding
import SegmentLog
import Storage
import TelemetryModel

/// Builds the head anew from the log, by the rules that held when it was written.
struct MetricRecovery {
    private(set) var state: MetricStore.State
    private var decoder = MetricLogDecoder()
    private var decoder1 = MetricLogDecoder1()
    /// The series of the head by their number in the segment.
    private var numbers: [UInt32] = []

    /// The deletions that come behind the records read so far.
    private var pending: ArraySlice<MetricDeletion>

    init(_ state: MetricStore.State, deletions: [MetricDeletion]) {
        self.state = state
        pending = deletions[...]
        enforce(through: state.flushedThrough)
    }

    /// Enforces what is left of the deletions.
    mutating func finish() { enforce(through: .max) }

    /// Enforces the deletions that were ordered before the record behind this one was written.
    private mutating func enforce(through sequence: UInt64) {
        while let deletion = pending.first, deletion.sequence <= sequence {
            pending.removeFirst()
            state.deletions.append(deletion)
            for block in state.blocks + state.downsampled.blocks where block.meta.id < deletion.blockLimit {
                do {
                    let mask = try SampleMask(deletion, block)
                    block.deleted.withLock { $0.add(mask) }
                } catch {
                    MetricStore.setAside(block, error, &state)
                }
            }
            MetricStore.deleteFromHead(deletion, &state)
        }
    }

    /// Takes the samples of a record; one that cannot be read is named in the status.
    mutating func replay(_ record: LogRecord) throws {
        enforce(through: record.sequence &- 1)
        if record.type != MetricLogFormat.recordType || record.version > MetricLogFormat.version {
            note("Record \(record.sequence) of the log of metrics is of a newer kind and was skipped.")
            return
        }
        do {
            if record.version == MetricLogFormat1.version { try replay1(record) } else { try replay2(record) }
        } catch {
            note("Record \(record.sequence) of the log of metrics was skipped: \(error).")
        }
    }

    private mutating func replay2(_ record: LogRecord) throws(ByteCodingError) {
        // Records that are in blocks are decoded too: later ones of their segment may be coded against them.
        try decoder.decode(record.payload, segment: record.segment, followsGap: record.followsGap)
        if !decoder.definitions.isEmpty { numbers.removeLast(numbers.count - decoder.firstDefinition) }
        for labels in decoder.definitions { numbers.append(number(labels)) }
        if record.sequence <= state.flushedThrough { return }
        let rows = decoder.rows.map { row in
            AcceptedRow(
                series: numbers[row.series], row: 0,
                samples: RowRange(start: UInt32(row.samples.lowerBound), count: UInt32(row.samples.count)), isDelta: row.isDelta)
        }
        apply(rows, decoder.samples, window: decoder.window)
    }

    private mutating func replay1(_ record: LogRecord) throws(ByteCodingError) {
        var samples: [Sample] = []
        var found: [(labels: Labels, samples: RowRange, isDelta: Bool)] = []
        var window: Int64 = 0
        try decoder1.decode(record.payload, segment: record.segment, followsGap: record.followsGap) { row, inForce in
            found.append((row.labels, RowRange(start: UInt32(samples.count), count: UInt32(row.samples.count)), row.isDelta))
            samples += row.samples
            window = inForce
        }
        if record.sequence <= state.flushedThrough { return }
        let rows = found.map { AcceptedRow(series: number($0.labels), row: 0, samples: $0.samples, isDelta: $0.isDelta) }
        apply(rows, samples, window: window)
    }

    private mutating func apply(_ rows: [AcceptedRow], _ samples: [Sample], window: Int64) {
        var receipt = WriteReceipt()
        samples.withUnsafeBufferPointer { MetricStore.apply(rows, $0, window: window, &state, &receipt) }
    }

    /// The number of a series in the head, which it is added to if it is not there.
    private mutating func number(_ labels: Labels) -> UInt32 {
        if let number = state.head.find(labels) { return number }
        return state.head.add(labels, newest: MetricStore.newestElsewhere(labels, &state), source: state.head.source(labels))
    }

    private mutating func note(_ damage: String) {
        if state.damages.count < MetricStore.damageLimit { state.damages.append(damage) }
    }
}
