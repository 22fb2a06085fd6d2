import Storage
import TelemetryModel

/// How a question is answered for times whose samples may be gone.
struct DownsampledPlan {
    /// A part of time and what stands in for its samples.
    struct Segment {
        let resolution: MetricResolution
        let range: ClosedRange<Int64>
        /// Those that have something in the part of it that is asked for, by rising last sequence.
        let blocks: [MetricBlock]
    }

    /// The aggregates of which a function of windows of whole buckets is made without loss.
    private static let exact: [String: (value: Aggregate, isCounted: Bool)] = [
        "absent_over_time": (.last, false), "avg_over_time": (.sum, true), "count_over_time": (.count, true),
        "last_over_time": (.last, false), "max_over_time": (.max, false), "min_over_time": (.min, false),
        "present_over_time": (.last, false), "sum_over_time": (.sum, false), "ts_of_last_over_time": (.last, false),
    ]

    /// Samples up to here are read only from blocks that stand in no aggregates.
    let horizon: Int64
    /// The older first.
    let segments: [Segment]
    /// What stands in for samples: the last one of each bucket unless a function asks for whole buckets.
    let value: Aggregate
    /// Whether it is needed how many samples values are the sum of.
    let isCounted: Bool
    /// Whether results are the same as those of the samples.
    let isExact: Bool
    private let query: SeriesQuery
    private let downsampled: DownsampledBlocks

    /// Nil when only samples are needed.
    init?(_ query: SeriesQuery, _ downsampled: DownsampledBlocks) {
        let horizon = min(downsampled.horizons.samples, .max - 1)
        guard query.from <= horizon, !downsampled.blocks.isEmpty else { return nil }
        let border = downsampled.blocks(.oneHour).isEmpty ? .min : min(horizon, downsampled.horizons.fiveMinutes)
        var parts: [(MetricResolution, ClosedRange<Int64>)] = []
        if border > .min { parts.append((.oneHour, .min...border)) }
        if border < horizon { parts.append((.fiveMinutes, (border == .min ? .min : border + 1)...horizon)) }
        segments = parts.map { Self.segment($0.0, $0.1, query, downsampled) }
        let used = segments.filter { !$0.blocks.isEmpty }
        if used.isEmpty { return nil }
        self.query = query
        self.downsampled = downsampled
        self.horizon = horizon
        let form = query.hint.flatMap { hint in
            used.allSatisfy { hint.hasWholeBuckets($0.resolution) } ? hint.function.flatMap { Self.exact[$0] } : nil
        }
        isExact = form != nil
        (value, isCounted) = form ?? (.last, false)
    }

    private static func segment(
        _ resolution: MetricResolution, _ range: ClosedRange<Int64>, _ query: SeriesQuery, _ downsampled: DownsampledBlocks
    ) -> Segment {
        let reach = reach(query, resolution)
        let from = max(range.lowerBound, query.from < .min + reach ? .min : query.from - reach)
        let through = min(range.upperBound, query.through)
        let blocks = downsampled.blocks(resolution).filter { from <= through && $0.overlaps(from: from, through: through) }
        return Segment(resolution: resolution, range: range, blocks: blocks)
    }

    /// An instant selector may look back a bucket further.
    private static func reach(_ query: SeriesQuery, _ resolution: MetricResolution) -> Int64 {
        query.hint.map { $0.function == nil ? resolution.milliseconds : 0 } ?? 0
    }

    /// Where results are not those of the samples, the most recent range first. Ranges without a matching series are left out.
    func coarseRanges() throws -> [CoarseRange] {
        if isExact { return [] }
        return try segments.reversed().filter { segment in
            try segment.blocks.contains { try !Aggregate.last.select(query.matchers, in: $0, checkpoint: query.checkpoint).isEmpty }
        }.map {
            CoarseRange(
                resolution: $0.resolution.milliseconds, name: $0.resolution.name, through: $0.range.upperBound)
        }
    }

    /// Adds what stands in for samples to a scan; blocks of samples come behind it.
    func addAggregates(to scan: inout MetricScan) throws {
        if value != .last { return scan.aggregates = try AggregateScan(self, query) }
        for segment in segments {
            for block in segment.blocks {
                let numbers = try value.select(query.matchers, in: block, checkpoint: query.checkpoint)
                scan.add(
                    ClippedChoice(
                        BlockChoice(block, numbers), segment.range,
                        reach: Self.reach(query, segment.resolution), prefixByteCount: value.prefix.count))
            }
        }
    }

    /// Adds a block of samples to a scan, without those that stand in aggregates.
    func add(_ block: MetricBlock, to scan: inout MetricScan) throws {
        if !downsampled.covers(block) { return try scan.add(block, query.matchers, query.checkpoint) }
        if block.meta.last <= horizon { return }
        let series = BlockChoice(block, try block.checked { try block.index.select(query.matchers, checkpoint: query.checkpoint) })
        scan.add(ClippedChoice(series, (horizon + 1)...(.max)))
    }
}

extension ReadHint {
    /// Whether every window consists of whole buckets.
    fileprivate func hasWholeBuckets(_ resolution: MetricResolution) -> Bool {
        let width = resolution.milliseconds
        return window % width == 0 && firstEnd % width == 0 && (count <= 1 || step % width == 0)
    }
}
