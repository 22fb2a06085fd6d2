import Storage
import TelemetryModel

/// Passes on aggregates for times whose samples may be gone, and samples for the others.
///
/// Samples of those times that stand in no aggregates yet are made into aggregates here.
struct AggregateScan {
    /// The series of one aggregate in one part of time.
    private struct Column {
        var cursors: [MetricBlockCursor]

        var labels: Labels? { cursors.compactMap(\.labels).min() }

        /// Takes the aggregates of a series and goes on to the next one.
        mutating func take(_ labels: Labels, from: Int64, through: Int64) throws -> SampleColumns {
            var column = SampleColumns()
            for index in cursors.indices where cursors[index].labels == labels {
                column.merge(try cursors[index].samples(from: from, through: through))
                try cursors[index].advance()
            }
            return column
        }
    }

    private let plan: DownsampledPlan
    private let range: ClosedRange<Int64>
    /// For each segment of the plan.
    private var values: [Column] = []
    private var counts: [Column] = []

    init(_ plan: DownsampledPlan, _ query: SeriesQuery) throws {
        self.plan = plan
        range = query.from...max(query.from, query.through)
        for segment in plan.segments {
            func column(_ aggregate: Aggregate) throws -> Column {
                Column(
                    cursors: try segment.blocks.map {
                        try MetricBlockCursor($0, aggregate, of: query.matchers, checkpoint: query.checkpoint)
                    })
            }
            values.append(try column(plan.value))
            if plan.isCounted, plan.value != .count { counts.append(try column(.count)) }
        }
    }

    /// Calls `body` with every series that has aggregates, or samples in `scan`.
    func forEach(_ scan: MetricScan, _ body: (SeriesView) throws -> Void) throws {
        var own = self
        try scan.forEach(SeriesQuery([], from: range.lowerBound, through: range.upperBound)) { series in
            let labels = series.labels
            while let next = own.labels, next < labels { try own.pass(next, SampleColumns(), body) }
            try own.pass(
                labels, SampleColumns(timestamps: Array(series.timestamps), values: Array(series.values)), body)
        }
        while let next = own.labels { try own.pass(next, SampleColumns(), body) }
    }

    private var labels: Labels? { (values + counts).compactMap(\.labels).min() }

    private mutating func pass(_ labels: Labels, _ samples: SampleColumns, _ body: (SeriesView) throws -> Void) throws {
        var result = SampleColumns()
        var sampleCounts: [Double] = []
        for (index, segment) in plan.segments.enumerated() {
            let part = samples.restricted(from: segment.range.lowerBound, through: segment.range.upperBound)
            let from = max(range.lowerBound, segment.range.lowerBound)
            let through = min(range.upperBound, segment.range.upperBound)
            let column = plan.value.combined(
                try values[index].take(labels, from: from, through: through), added(plan.value, part, segment))
            if !counts.isEmpty {
                let known = Aggregate.count.combined(
                    try counts[index].take(labels, from: from, through: through), added(.count, part, segment))
                sampleCounts += column.timestamps.map { known.value(at: $0) ?? 1 }
            }
            result.merge(column)
        }
        let recent = samples.restricted(from: plan.horizon + 1, through: .max)
        for (timestamp, value) in zip(recent.timestamps, recent.values) where !Sample.isStale(value) {
            result.append(timestamp, plan.value == .count ? 1 : value)
            sampleCounts.append(1)
        }
        if result.isEmpty { return }
        try lend(labels, result, plan.value == .count ? result.values : sampleCounts, body)
    }

    /// Samples that stand in no aggregates yet. Where there are no aggregates at all, windows may cut through buckets: there
    /// each sample is a bucket of its own.
    private func added(_ aggregate: Aggregate, _ samples: SampleColumns, _ segment: DownsampledPlan.Segment) -> SampleColumns {
        if !segment.blocks.isEmpty { return aggregate.column(of: samples, segment.resolution) }
        var column = SampleColumns()
        for (timestamp, value) in zip(samples.timestamps, samples.values) where !Sample.isStale(value) {
            column.append(timestamp, aggregate == .count ? 1 : value)
        }
        return column
    }

    private func lend(
        _ labels: Labels, _ samples: SampleColumns, _ counts: [Double], _ body: (SeriesView) throws -> Void
    ) throws {
        try labels.bytes.withUnsafeBytes { labelBytes in
            try samples.timestamps.withUnsafeBufferPointer { timestamps in
                try samples.values.withUnsafeBufferPointer { values in
                    try counts.withUnsafeBufferPointer { counts in
                        try body(
                            SeriesView(
                                labelBytes: labelBytes, timestamps: timestamps, values: values,
                                counts: plan.isCounted ? counts : nil))
                    }
                }
            }
        }
    }
}
