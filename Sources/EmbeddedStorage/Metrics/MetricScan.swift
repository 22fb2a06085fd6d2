import Storage
import TelemetryModel

/// Series from one place, in the order of their labels.
private protocol SeriesSource: AnyObject {
    /// The labels of the present series; nil behind the last.
    var labels: Labels? { get }
    /// The samples of the present series in a closed range.
    func samples(from: Int64, through: Int64) throws -> SampleColumns
    /// Whether the present series can have samples in a closed range.
    func mayHaveSamples(from: Int64, through: Int64) throws -> Bool
    /// Goes to the next series.
    func advance() throws
}

private final class HeadSeriesSource: SeriesSource {
    private let snapshots: [HeadSnapshot]
    private var position = 0

    init(_ snapshots: [HeadSnapshot]) { self.snapshots = snapshots }

    var labels: Labels? { position < snapshots.count ? snapshots[position].labels : nil }

    func samples(from: Int64, through: Int64) -> SampleColumns { snapshots[position].samples(from: from, through: through) }

    func mayHaveSamples(from: Int64, through: Int64) -> Bool { snapshots[position].hasSamples(from: from, through: through) }

    func advance() { position += 1 }
}

private final class BlockSeriesSource: SeriesSource {
    private let block: MetricBlock
    private let numbers: [UInt32]
    private var position = 0
    private let mask: SampleMask
    private var reader: MetricBlockReader
    private(set) var labels: Labels?

    init(_ block: MetricBlock, _ numbers: [UInt32]) throws {
        self.block = block
        self.numbers = numbers
        mask = block.deleted.withLock { $0 }
        reader = MetricBlockReader(block)
        try load()
    }

    func samples(from: Int64, through: Int64) throws -> SampleColumns {
        var columns = SampleColumns()
        try block.checked {
            for number in 0..<reader.chunkCount {
                let chunk = try reader.chunk(number)
                if chunk.first > through || chunk.last < from { continue }
                columns.merge(try reader.samples(chunk).restricted(from: from, through: through))
            }
        }
        return mask.isEmpty ? columns : mask.apply(columns, of: numbers[position])
    }

    func mayHaveSamples(from: Int64, through: Int64) throws -> Bool {
        var chunks: [MetricChunk] = []
        try block.checked {
            for number in 0..<reader.chunkCount {
                let chunk = try reader.chunk(number)
                if chunk.first <= through && chunk.last >= from { chunks.append(chunk) }
            }
        }
        if chunks.isEmpty || mask.isEmpty { return !chunks.isEmpty }
        let ranges = mask.ranges(of: numbers[position])
        if chunks.contains(where: { chunk in !ranges.contains { $0.overlaps(chunk.first...chunk.last) } }) { return true }
        // Only the samples tell whether a chunk is deleted as a whole.
        return !(try samples(from: from, through: through).isEmpty)
    }

    func advance() throws {
        position += 1
        try load()
    }

    private func load() throws {
        labels = nil
        if position >= numbers.count { return }
        labels = try block.checked {
            try reader.move(to: numbers[position])
            return try reader.labels()
        }
    }
}

/// Series from several places as one, in the order of their labels. Where places have the same timestamp, the later one wins.
struct MetricScan {
    private var sources: [any SeriesSource] = []

    /// Adds a block; it wins over what was added before.
    mutating func add(_ block: MetricBlock, _ matchers: [LabelMatcher]) throws {
        let numbers = try block.checked { try block.index.select(matchers) }
        if !numbers.isEmpty { sources.append(try BlockSeriesSource(block, numbers)) }
    }

    /// Adds series of a head; they win over what was added before.
    mutating func add(_ snapshots: [HeadSnapshot]) {
        if !snapshots.isEmpty { sources.append(HeadSeriesSource(snapshots)) }
    }

    /// Calls `body` with every series that has samples in the range.
    func forEach(from: Int64, through: Int64, _ body: (Labels, SampleColumns) throws -> Void) throws {
        try forEachGroup { labels, group in
            var columns = SampleColumns()
            for source in group { columns.merge(try source.samples(from: from, through: through)) }
            if !columns.isEmpty { try body(labels, columns) }
            return true
        }
    }

    /// Calls `body` with the labels of every series that can have samples in the range, until it returns false.
    func forEachSeries(from: Int64, through: Int64, _ body: (Labels) throws -> Bool) throws {
        try forEachGroup { labels, group in
            try group.contains { try $0.mayHaveSamples(from: from, through: through) } ? try body(labels) : true
        }
    }

    /// Calls `body` with the sources that stand on the lowest labels, and moves those on, until it returns false.
    private func forEachGroup(_ body: (Labels, [any SeriesSource]) throws -> Bool) throws {
        while let lowest = sources.compactMap(\.labels).min() {
            let group = sources.filter { $0.labels == lowest }
            if try !body(lowest, group) { return }
            for source in group { try source.advance() }
        }
    }
}
