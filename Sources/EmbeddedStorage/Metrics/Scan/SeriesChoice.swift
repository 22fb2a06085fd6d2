import TelemetryModel

/// Series that were chosen in one place, in the order of their labels; several threads may read parts of them.
protocol SeriesChoice: Sendable {
    /// How many there are.
    var count: Int { get }
    /// About how many samples have to be read for a closed range of time.
    func sampleEstimate(from: Int64, through: Int64) -> Int
    /// Tells the canonical bytes of the labels of one after the other.
    func labelReader() -> (_ place: Int) throws -> [UInt8]
    /// Some of them.
    func part(_ places: Range<Int>) -> Self
    /// Begins to read them; there is at least one.
    func open() throws -> any SeriesSource
}

extension SeriesChoice {
    /// The labels at which `count` parts of the same size begin, without the first.
    func borders(_ count: Int) throws -> [[UInt8]] {
        let labels = labelReader()
        return try (1..<max(count, 1)).map { try labels(self.count * $0 / count) }
    }

    /// How many of them come before each of some labels, which rise.
    func places(of borders: [[UInt8]], _ checkpoint: () throws -> Void) throws -> [Int] {
        let labels = labelReader()
        var low = 0
        return try borders.map { border in
            try checkpoint()
            var high = count
            while low < high {
                let middle = (low + high) / 2
                if Labels.compare(try labels(middle), border) < 0 { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}

/// Series of a head.
struct HeadChoice: SeriesChoice {
    private let snapshots: ArraySlice<HeadSnapshot>

    /// They are in the order of their labels.
    init(_ snapshots: [HeadSnapshot]) { self.snapshots = snapshots[...] }

    private init(_ snapshots: ArraySlice<HeadSnapshot>) { self.snapshots = snapshots }

    var count: Int { snapshots.count }

    func sampleEstimate(from: Int64, through: Int64) -> Int { snapshots.reduce(0) { $0 + $1.sampleCount } }

    func labelReader() -> (_ place: Int) throws -> [UInt8] {
        { snapshots[snapshots.startIndex + $0].labels.bytes }
    }

    func part(_ places: Range<Int>) -> HeadChoice {
        let start = snapshots.startIndex
        return HeadChoice(snapshots[(start + places.lowerBound)..<(start + places.upperBound)])
    }

    func open() -> any SeriesSource { HeadSeriesSource(snapshots) }
}

/// Series of a block.
struct BlockChoice: SeriesChoice {
    private let block: MetricBlock
    private let numbers: ArraySlice<UInt32>

    /// Their numbers rise.
    init(_ block: MetricBlock, _ numbers: [UInt32]) { self.init(block, numbers[...]) }

    private init(_ block: MetricBlock, _ numbers: ArraySlice<UInt32>) {
        self.block = block
        self.numbers = numbers
    }

    var count: Int { numbers.count }

    /// As if all series of the block had as many samples, as often, and at least a chunk had to be read of each.
    func sampleEstimate(from: Int64, through: Int64) -> Int {
        let meta = block.meta
        if meta.seriesCount == 0 || meta.chunkCount == 0 { return 0 }
        let span = Double(meta.last) - Double(meta.first)
        let wanted = Double(min(through, meta.last)) - Double(max(from, meta.first))
        if wanted < 0 { return 0 }
        let perSeries = Double(meta.sampleCount) / Double(meta.seriesCount) * (span > 0 ? wanted / span : 1)
        let perChunk = Double(meta.sampleCount) / Double(meta.chunkCount)
        return Int(max(perSeries, perChunk) * Double(numbers.count))
    }

    func labelReader() -> (_ place: Int) throws -> [UInt8] {
        var reader = MetricBlockReader(block)
        return { place in
            try block.checked {
                try reader.move(to: numbers[numbers.startIndex + place])
                return try reader.labels().bytes
            }
        }
    }

    func part(_ places: Range<Int>) -> BlockChoice {
        let start = numbers.startIndex
        return BlockChoice(block, numbers[(start + places.lowerBound)..<(start + places.upperBound)])
    }

    func open() throws -> any SeriesSource { try BlockSeriesSource(block, numbers) }
}
