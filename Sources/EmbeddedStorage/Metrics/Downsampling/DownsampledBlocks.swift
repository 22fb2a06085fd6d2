import Storage

/// What a store keeps of samples beside themselves, and how far that goes.
struct DownsampledBlocks {
    /// By rising last sequence: aggregates of later blocks win.
    private(set) var blocks: [MetricBlock] = []
    /// Up to which times samples and aggregates may be gone.
    var horizons = MetricHorizons()
    /// Blocks of samples up to this sequence need no aggregates any more.
    private(set) var through: [MetricResolution: UInt64] = [:]

    /// The blocks of one resolution.
    func blocks(_ resolution: MetricResolution) -> [MetricBlock] {
        blocks.filter { $0.meta.resolutionMilliseconds == resolution.milliseconds }
    }

    /// Whether the samples of a block stand in aggregates.
    func covers(_ block: MetricBlock, _ resolution: MetricResolution) -> Bool {
        block.meta.lastSequence <= through[resolution, default: 0]
    }

    /// Whether the samples of a block stand in any aggregates.
    func covers(_ block: MetricBlock) -> Bool { MetricResolution.allCases.contains { covers(block, $0) } }

    /// Adds blocks that were opened or made.
    mutating func add(_ new: [MetricBlock]) {
        blocks += new
        blocks.sort { ($0.meta.lastSequence, $0.meta.id) < ($1.meta.lastSequence, $1.meta.id) }
        for block in new {
            guard let resolution = MetricResolution(rawValue: block.meta.resolutionMilliseconds) else { continue }
            pass(block.meta.lastSequence, resolution)
        }
    }

    /// Remembers that samples up to a sequence need no aggregates any more.
    mutating func pass(_ sequence: UInt64, _ resolution: MetricResolution) {
        through[resolution] = max(through[resolution, default: 0], sequence)
    }

    /// Takes blocks out of use.
    mutating func remove(_ ids: Set<UInt64>) { blocks.removeAll { ids.contains($0.meta.id) } }

    /// What there is, by resolution.
    var status: [DownsampledStatus] {
        MetricResolution.allCases.compactMap { resolution in
            let blocks = blocks(resolution)
            if blocks.isEmpty { return nil }
            return DownsampledStatus(
                name: resolution.name, blocks: blocks.count, byteCount: blocks.reduce(0) { $0 + $1.byteCount })
        }
    }

    /// The parts of a list of blocks that may be merged with each other: those of one resolution, and those of samples that
    /// stand in the same aggregates, because what is downsampled is whole blocks.
    func lanes(_ blocks: [MetricBlock]) -> [[MetricBlock]] {
        var lanes: [[Int64]: [MetricBlock]] = [:]
        for block in blocks {
            let covered = MetricResolution.allCases.map { covers(block, $0) ? $0.milliseconds : 0 }
            let resolution = block.meta.resolutionMilliseconds
            lanes[[resolution] + (resolution == 0 ? covered : []), default: []].append(block)
        }
        return lanes.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }
}
