import Storage
import TelemetryModel

/// Adds up what series cost, by metric, label, pair of label and value, and sender.
public struct CardinalityTally: Sendable {
    /// So many different pairs of label and value are counted; beyond it the tally gives up.
    public static let pairLimit = 5_000_000

    private struct Cost: Sendable {
        var series = 0
        var samples = 0
        var bytes = 0
        var newSeries = 0

        mutating func add(_ footprint: SeriesFootprint, isNew: Bool) {
            series += 1
            samples += footprint.sampleCount
            bytes += footprint.byteCount
            if isNew { newSeries += 1 }
        }
    }

    private struct Source: Hashable, Sendable {
        var job: String
        var instance: String
    }

    private let newFrom: Int64
    private var total = Cost()
    private var metrics: [String: Cost] = [:]
    /// Label → value → how many series have it.
    private var values: [String: [String: Int]] = [:]
    private var pairCount = 0
    private var sources: [Source: Cost] = [:]
    private var first = Int64.max
    private var last = Int64.min

    /// An empty tally; series that begin at or after `newFrom` (milliseconds since 1970) count as new.
    public init(newFrom: Int64) { self.newFrom = newFrom }

    /// Adds a series; throws `limitExceeded` when there are too many different label values.
    public mutating func add(_ footprint: SeriesFootprint) throws {
        let isNew = footprint.first >= newFrom
        let list = footprint.labels.list
        var source = Source(job: "", instance: "")
        for label in list {
            let before = pairs(label)
            if before == 0 { pairCount += 1 }
            values[label.name, default: [:]][label.value] = before + 1
            if label.name == "job" { source.job = label.value }
            if label.name == "instance" { source.instance = label.value }
        }
        if pairCount > Self.pairLimit {
            throw StorageError(.limitExceeded, "There are more than \(Self.pairLimit) different label values to count.")
        }
        total.add(footprint, isNew: isNew)
        metrics[footprint.labels.metricName, default: Cost()].add(footprint, isNew: isNew)
        sources[source, default: Cost()].add(footprint, isNew: isNew)
        first = min(first, footprint.first)
        last = max(last, footprint.last)
    }

    private func pairs(_ label: Label) -> Int { values[label.name]?[label.value] ?? 0 }

    // MARK: - Our own answer

    /// The costliest of each, at most `limit`; `labelsOf` gives the labels with most values of a metric.
    public func answer(
        limit: Int, usageSince: String, asked: (String) -> MetricAsked, labelsOf: (String) throws -> [LabelValueCount]
    ) rethrows -> CardinalityAnswer {
        let order = metrics.sorted { ($1.value.bytes, $1.value.series, $0.key) < ($0.value.bytes, $0.value.series, $1.key) }
        let unasked = order.filter { asked($0.key).lastMilliseconds == nil }
        return CardinalityAnswer(
            usageSince: usageSince, metricCount: metrics.count, seriesCount: total.series, sampleCount: total.samples,
            byteCount: total.bytes,
            metrics: try order.prefix(limit).map { name, cost in
                MetricCost(
                    name: name, seriesCount: cost.series, sampleCount: cost.samples, byteCount: cost.bytes,
                    labels: try labelsOf(name), asked: asked(name))
            }, labels: labelCosts(limit), sources: sourceCosts(limit),
            unasked: UnaskedCost(
                metricCount: unasked.count, seriesCount: unasked.reduce(0) { $0 + $1.value.series },
                byteCount: unasked.reduce(0) { $0 + $1.value.bytes }, names: unasked.prefix(limit).map(\.key)))
    }

    private func labelCosts(_ limit: Int) -> [LabelCost] {
        let costs = values.map { name, byValue in
            LabelCost(
                name: name, valueCount: byValue.count, seriesCount: byValue.values.reduce(0, +),
                valueByteCount: byValue.reduce(0) { $0 + $1.key.utf8.count * $1.value })
        }
        return Array(costs.sorted { ($1.valueCount, $0.name) < ($0.valueCount, $1.name) }.prefix(limit))
    }

    private func sourceCosts(_ limit: Int) -> [SourceCost] {
        let costs = sources.map { source, cost in
            SourceCost(
                job: source.job, instance: source.instance, seriesCount: cost.series, newSeriesCount: cost.newSeries,
                byteCount: cost.bytes)
        }
        let order = costs.sorted { ($1.seriesCount, $0.job, $0.instance) < ($0.seriesCount, $1.job, $1.instance) }
        return Array(order.prefix(limit))
    }

    // MARK: - Prometheus's answer

    /// How many series there are.
    public var seriesCount: Int { total.series }

    /// How many different pairs of label and value there are.
    public var labelPairCount: Int { pairCount }

    /// The oldest and the newest sample, milliseconds since 1970; nil without samples.
    public var times: ClosedRange<Int64>? { first <= last ? first...last : nil }

    /// Series by metric name, most first.
    public func seriesCountByMetricName(_ limit: Int) -> [(name: String, value: Int)] {
        Self.highest(metrics.map { ($0.key, $0.value.series) }, limit)
    }

    /// Different values by label, most first.
    public func valueCountByLabelName(_ limit: Int) -> [(name: String, value: Int)] {
        Self.highest(values.map { ($0.key, $0.value.count) }, limit)
    }

    /// Bytes of the values by label, counted once for each series, most first.
    public func valueBytesByLabelName(_ limit: Int) -> [(name: String, value: Int)] {
        Self.highest(values.map { ($0.key, $0.value.reduce(0) { $0 + $1.key.utf8.count * $1.value }) }, limit)
    }

    /// Series by pair of label and value, most first.
    public func seriesCountByPair(_ limit: Int) -> [(name: String, value: Int)] {
        Self.highest(values.flatMap { name, byValue in byValue.map { ("\(name)=\($0.key)", $0.value) } }, limit)
    }

    private static func highest(_ counts: [(String, Int)], _ limit: Int) -> [(name: String, value: Int)] {
        counts.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(limit).map { (name: $0.0, value: $0.1) }
    }
}
