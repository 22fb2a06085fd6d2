import ByteCoding
import TelemetryModel

/// What is kept of the samples of a bucket. Staleness markers are no samples.
///
/// Each aggregate of a series is a series of its own in a downsampled block, told by a label without a name, which no series
/// of a client can have. It comes first in the order of labels: so the series of one aggregate stand together, in the order
/// that the series of the samples have.
enum Aggregate: String, CaseIterable, Sendable {
    // In the order of the names, which is that of the series in a block.
    /// How many samples there are. Stands at the end of the bucket, as all but ``last`` do.
    case count
    /// The last sample, at its own time.
    case last
    /// What `max_over_time` yields.
    case max
    /// What `min_over_time` yields.
    case min
    /// The compensated sum.
    case sum

    /// The name of the label.
    static let labelName = ""

    /// What stands before the bytes of the labels of the samples' series.
    var prefix: [UInt8] {
        var writer = ByteWriter()
        writer.writeString(Self.labelName)
        writer.writeString(rawValue)
        return writer.bytes
    }

    /// The labels of the series that keeps this aggregate of another one.
    func labels(of series: Labels) -> Labels { Labels(canonicalBytes: prefix + series.bytes) }

    /// Conditions of clients as they hold for series of aggregates, whose label they do not see; nil when they hold for none.
    static func visible(_ matchers: [LabelMatcher]) -> [LabelMatcher]? {
        if matchers.contains(where: { $0.name == labelName && !$0.matchesEmpty }) { return nil }
        return matchers.filter { $0.name != labelName }
    }

    /// The series in a block that keep this aggregate of the series for which the conditions hold.
    func select(
        _ matchers: [LabelMatcher], in block: MetricBlock, checkpoint: () throws -> Void = {}
    ) throws -> [UInt32] {
        guard let visible = Self.visible(matchers) else { return [] }
        let own = try LabelMatcher(Self.labelName, .equal, rawValue)
        return try block.checked { try block.index.select([own] + visible, checkpoint: checkpoint) }
    }

    // MARK: - Making

    /// This aggregate for every bucket that has samples.
    func column(of samples: SampleColumns, _ resolution: MetricResolution) -> SampleColumns {
        var column = SampleColumns()
        var sum = CompensatedSum()
        var end = Int64.min
        for (timestamp, value) in zip(samples.timestamps, samples.values) where !Sample.isStale(value) {
            if timestamp > end || column.isEmpty {
                end = resolution.end(of: timestamp)
                sum = CompensatedSum()
                sum.add(value)
                column.append(self == .last ? timestamp : end, self == .count ? 1 : self == .sum ? sum.result : value)
                continue
            }
            let place = column.count - 1
            switch self {
            case .count: column.values[place] += 1
            case .sum:
                sum.add(value)
                column.values[place] = sum.result
            case .last:
                column.timestamps[place] = timestamp
                column.values[place] = value
            case .max, .min: column.values[place] = combined(column.values[place], value)
            }
        }
        return column
    }

    /// The aggregate of two groups of samples, the first one older.
    private func combined(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .count, .sum: a + b
        case .last: b
        // Any number is better than NaN; of equal values the first stays.
        case .max: b > a || a.isNaN ? b : a
        case .min: b < a || a.isNaN ? b : a
        }
    }

    /// The aggregates of samples that stand in two columns, none in both.
    func combined(_ a: SampleColumns, _ b: SampleColumns) -> SampleColumns {
        var column = a
        var both = b
        if self != .last {
            for index in both.values.indices {
                guard let value = a.value(at: both.timestamps[index]) else { continue }
                both.values[index] = combined(value, both.values[index])
            }
        }
        column.merge(both)
        return column
    }
}
