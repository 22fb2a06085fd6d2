import Platform
import TelemetryModel

/// Makes the aggregates of one block of samples.
///
/// A bucket may have samples in other blocks, too, and aggregates from before. Where all samples are there, its aggregates are
/// made of all of them, and replace what was known; where samples may be gone, the new ones are added to what is known.
struct DownsampleBuilder {
    let resolution: MetricResolution
    let block: MetricBlock
    /// Other blocks of samples that were written before, by rising last sequence.
    let others: [MetricBlock]
    /// The aggregates so far, by rising last sequence.
    let known: [MetricBlock]
    /// Samples up to here may be gone.
    let horizon: Int64

    /// So many buckets are held in memory, so that their samples need not be read once for each aggregate.
    static let heldBucketLimit = 1_000_000

    init(_ resolution: MetricResolution, _ block: MetricBlock, all: [MetricBlock], _ downsampled: DownsampledBlocks) {
        self.resolution = resolution
        self.block = block
        let horizon = downsampled.horizons.samples
        self.horizon = horizon
        let range = resolution.buckets(touching: block.meta.first...block.meta.last)
        others = all.filter {
            $0.meta.lastSequence < block.meta.lastSequence && $0.overlaps(from: range.lowerBound, through: range.upperBound)
        }
        known = downsampled.blocks(resolution).filter {
            $0.overlaps(from: range.lowerBound, through: range.upperBound) && $0.meta.first <= horizon
        }
    }

    /// Calls `body` with each series of aggregates, in the order in which they stand in a block.
    func forEach(_ body: (Labels, SampleColumns) throws -> Void) throws {
        for group in groups {
            var held = [[(Labels, SampleColumns)]](repeating: [], count: group.count)
            try forEach(group) { labels, place, column in
                if place == 0 { try body(labels, column) } else { held[place].append((labels, column)) }
            }
            for series in held.joined() { try body(series.0, series.1) }
        }
    }

    /// Aggregates that are made at one go.
    private var groups: [[Aggregate]] {
        let span = block.meta.last.subtractingReportingOverflow(block.meta.first)
        let perSeries = span.overflow ? Int64.max : span.partialValue / resolution.milliseconds + 2
        let (buckets, overflow) = Int64(block.meta.seriesCount).multipliedReportingOverflow(by: perSeries)
        let isFew = min(overflow ? Int64.max : buckets, Int64(block.meta.sampleCount)) <= Int64(Self.heldBucketLimit)
        return isFew ? [Aggregate.allCases] : Aggregate.allCases.map { [$0] }
    }

    private func forEach(_ group: [Aggregate], _ body: (Labels, _ place: Int, SampleColumns) throws -> Void) throws {
        var own = try MetricBlockCursor(block)
        var others = try self.others.map { try MetricBlockCursor($0) }
        var known = try group.map { aggregate in try self.known.map { try MetricBlockCursor($0, aggregate, of: []) } }
        while let labels = own.labels {
            let samples = try own.samples(from: .min, through: .max)
            for index in others.indices where try !others[index].seek(labels) { continue }
            let view = try view(samples, labels, &others)
            for (place, aggregate) in group.enumerated() {
                let column = try column(aggregate, samples, view, labels, &known[place])
                if !column.isEmpty { try body(aggregate.labels(of: labels), place, column) }
            }
            try own.advance()
        }
    }

    /// All samples behind the horizon that stand in the buckets of a series' samples.
    private func view(
        _ samples: SampleColumns, _ labels: Labels, _ others: inout [MetricBlockCursor]
    ) throws -> SampleColumns {
        guard let first = samples.timestamps.first, let last = samples.timestamps.last, last > horizon else {
            return SampleColumns()
        }
        let range = resolution.buckets(touching: first...last)
        var view = SampleColumns()
        for index in others.indices where others[index].labels == labels {
            view.merge(try others[index].samples(from: max(range.lowerBound, horizon + 1), through: range.upperBound))
        }
        view.merge(horizon == .min ? samples : samples.restricted(from: horizon + 1, through: .max))
        return view
    }

    private func column(
        _ aggregate: Aggregate, _ samples: SampleColumns, _ view: SampleColumns, _ labels: Labels,
        _ known: inout [MetricBlockCursor]
    ) throws -> SampleColumns {
        var column = aggregate.column(of: view, resolution)
        guard let first = samples.timestamps.first, first <= horizon else { return touched(column, samples) }
        let added = aggregate.column(of: samples.restricted(from: .min, through: horizon), resolution)
        let range = resolution.buckets(touching: first...horizon)
        var before = SampleColumns()
        for index in known.indices where try known[index].seek(labels) {
            before.merge(try known[index].samples(from: range.lowerBound, through: range.upperBound))
        }
        column.merge(aggregate.combined(before, added))
        return touched(column, samples)
    }

    /// Only the buckets that have samples in the block: the others are known.
    private func touched(_ column: SampleColumns, _ samples: SampleColumns) -> SampleColumns {
        var kept = SampleColumns()
        var index = 0
        for (timestamp, value) in zip(column.timestamps, column.values) {
            let end = resolution.end(of: timestamp)
            while index < samples.count, resolution.end(of: samples.timestamps[index]) < end { index += 1 }
            if index < samples.count, resolution.end(of: samples.timestamps[index]) == end { kept.append(timestamp, value) }
        }
        return kept
    }
}
