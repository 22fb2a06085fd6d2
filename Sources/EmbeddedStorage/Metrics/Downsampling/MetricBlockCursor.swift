import TelemetryModel

/// Goes through chosen series of one block, in the order of their labels.
struct MetricBlockCursor {
    private let block: MetricBlock
    private let numbers: [UInt32]
    private let mask: SampleMask
    /// So many bytes before the labels are those of the ``Aggregate``.
    private let prefixByteCount: Int
    private var reader: MetricBlockReader
    private var position = -1
    /// The labels of the present series, without the aggregate's; nil behind the last.
    private(set) var labels: Labels?

    /// All series of a block of samples.
    init(_ block: MetricBlock) throws { try self.init(block, Array(0..<UInt32(block.meta.seriesCount)), prefixByteCount: 0) }

    /// The series that keep an aggregate of the series for which the conditions hold.
    init(
        _ block: MetricBlock, _ aggregate: Aggregate, of matchers: [LabelMatcher], checkpoint: () throws -> Void = {}
    ) throws {
        let numbers = try aggregate.select(matchers, in: block, checkpoint: checkpoint)
        try self.init(block, numbers, prefixByteCount: aggregate.prefix.count)
    }

    private init(_ block: MetricBlock, _ numbers: [UInt32], prefixByteCount: Int) throws {
        self.block = block
        self.prefixByteCount = prefixByteCount
        self.numbers = numbers
        mask = block.deleted.withLock { $0 }
        reader = MetricBlockReader(block)
        try advance()
    }

    /// Goes to the next series.
    mutating func advance() throws {
        position += 1
        labels = nil
        if position >= numbers.count { return }
        try block.checked {
            try reader.move(to: numbers[position])
            let found = try reader.labels()
            labels = prefixByteCount == 0 ? found : Labels(canonicalBytes: Array(found.bytes.dropFirst(prefixByteCount)))
        }
    }

    /// Goes on to these labels, or to the first behind them; returns whether they are there.
    mutating func seek(_ wanted: Labels) throws -> Bool {
        while let labels, labels < wanted { try advance() }
        return labels == wanted
    }

    /// The samples of the present series in a closed range.
    mutating func samples(from: Int64, through: Int64) throws -> SampleColumns {
        var columns = SampleColumns()
        if from > through { return columns }
        try block.checked {
            for number in 0..<reader.chunkCount {
                let chunk = try reader.chunk(number)
                if chunk.first > through || chunk.last < from { continue }
                columns.merge(try reader.samples(chunk).restricted(from: from, through: through))
            }
        }
        return mask.isEmpty ? columns : mask.apply(columns, of: numbers[position])
    }
}
