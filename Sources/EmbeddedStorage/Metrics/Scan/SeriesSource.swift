import Storage
import TelemetryModel

/// Series from one place, in the order of their labels; it stands on one of them until it is at the end.
protocol SeriesSource: AnyObject {
    /// The canonical bytes of the present series' labels.
    var labelBytes: [UInt8] { get }
    /// Whether it has passed the last series.
    var isAtEnd: Bool { get }
    /// Whether some of its samples may be deleted.
    var hidesSamples: Bool { get }
    /// Adds the samples of the present series in a closed range.
    func addSamples(to buffer: SampleBuffer, from: Int64, through: Int64) throws
    /// The last of them, or the last that is no staleness marker. Only asked of what hides no samples.
    func last(from: Int64, through: Int64, skippingMarkers: Bool) throws -> Sample?
    /// Whether the present series can have samples in a closed range.
    func mayHaveSamples(from: Int64, through: Int64) throws -> Bool
    /// Goes to the next series; false at the end.
    func advance() throws -> Bool
}

/// The series of a head.
final class HeadSeriesSource: SeriesSource {
    private let snapshots: ArraySlice<HeadSnapshot>
    private var position: Int

    /// There is at least one, and they are in the order of their labels.
    init(_ snapshots: ArraySlice<HeadSnapshot>) {
        self.snapshots = snapshots
        position = snapshots.startIndex
    }

    var labelBytes: [UInt8] { snapshots[position].labels.bytes }
    var isAtEnd: Bool { position == snapshots.endIndex }
    var hidesSamples: Bool { false }

    func addSamples(to buffer: SampleBuffer, from: Int64, through: Int64) {
        snapshots[position].add(to: buffer, from: from, through: through)
    }

    func last(from: Int64, through: Int64, skippingMarkers: Bool) -> Sample? {
        snapshots[position].last(from: from, through: through, skippingMarkers: skippingMarkers)
    }

    func mayHaveSamples(from: Int64, through: Int64) -> Bool {
        snapshots[position].hasSamples(from: from, through: through)
    }

    func advance() -> Bool {
        position += 1
        return !isAtEnd
    }
}

/// Series of a block.
final class BlockSeriesSource: SeriesSource {
    private let block: MetricBlock
    private let numbers: ArraySlice<UInt32>
    private var position: Int
    private var reader: MetricBlockReader
    private let mask: SampleMask

    /// There is at least one series, and their numbers rise.
    init(_ block: MetricBlock, _ numbers: ArraySlice<UInt32>) throws {
        self.block = block
        self.numbers = numbers
        position = numbers.startIndex
        mask = block.deleted.withLock { $0 }
        reader = MetricBlockReader(block)
        try load()
    }

    var isAtEnd: Bool { position == numbers.endIndex }
    var labelBytes: [UInt8] { reader.labelBytes }
    var hidesSamples: Bool { !mask.isEmpty }

    func advance() throws -> Bool {
        position += 1
        if isAtEnd { return false }
        try load()
        return true
    }

    private func load() throws {
        try block.checked {
            try reader.move(to: numbers[position])
            try reader.readLabels()
        }
    }

    func addSamples(to buffer: SampleBuffer, from: Int64, through: Int64) throws {
        let deleted = mask.isEmpty ? [] : mask.ranges(of: numbers[position])
        if deleted.isEmpty { return try addChunks(to: buffer, from: from, through: through) }
        let own = SampleBuffer()
        try addChunks(to: own, from: from, through: through)
        let samples = own.withSamples { SampleColumns(timestamps: Array($0), values: Array($1)) }
        buffer.add(deleted.reduce(samples) { $0.without($1) })
    }

    private func addChunks(to buffer: SampleBuffer, from: Int64, through: Int64) throws {
        try block.checked {
            for number in 0..<reader.chunkCount {
                let chunk = try reader.chunk(number)
                if chunk.first > through { return }
                if chunk.last < from { continue }
                try buffer.add(try reader.timestamps(chunk), from: from, through: through) { try reader.values(chunk, into: $0) }
            }
        }
    }

    func last(from: Int64, through: Int64, skippingMarkers: Bool) throws -> Sample? {
        try block.checked { try reader.last(from: from, through: through, skippingMarkers: skippingMarkers) }
    }

    func mayHaveSamples(from: Int64, through: Int64) throws -> Bool {
        let deleted = mask.isEmpty ? [] : mask.ranges(of: numbers[position])
        var isPartlyDeleted = false
        for number in 0..<reader.chunkCount {
            let chunk = try block.checked { try reader.chunk(number) }
            if chunk.first > through || chunk.last < from { continue }
            if !deleted.contains(where: { $0.overlaps(chunk.first...chunk.last) }) { return true }
            isPartlyDeleted = true
        }
        if !isPartlyDeleted { return false }
        // Only the samples tell whether a chunk is deleted as a whole.
        let buffer = SampleBuffer()
        try addSamples(to: buffer, from: from, through: through)
        return !buffer.isEmpty
    }
}
