import Storage
import TelemetryModel

/// The series of a query in a store, or a part of them. A block that turns out to be damaged while they are read is set aside,
/// and reading goes on without it.
struct MetricSelection: SeriesSelection {
    private let store: MetricStore
    private let query: SeriesQuery
    private let series: MetricScan
    /// Where the part begins and, exclusively, ends in the order of labels; nil: no border.
    private let low: [UInt8]?
    private let high: [UInt8]?

    init(_ store: MetricStore, _ query: SeriesQuery, _ series: MetricScan, from low: [UInt8]? = nil, below high: [UInt8]? = nil) {
        self.store = store
        self.query = query
        self.series = series
        self.low = low
        self.high = high
    }

    var seriesEstimate: Int { series.seriesEstimate }
    var sampleEstimate: Int { series.sampleEstimate(query) }

    func parts(_ count: Int) throws -> [any SeriesSelection] {
        // A block that cannot be read now is found out when the series are, and so is that the answer is not wanted any more.
        guard let borders = try? series.borders(count), let parts = try? series.divided(at: borders, query.checkpoint) else {
            return [self]
        }
        return parts.indices.map { index in
            MetricSelection(
                store, query, parts[index], from: index == 0 ? low : borders[index - 1],
                below: index == borders.count ? high : borders[index])
        }
    }

    /// What is there of the part now, after a block was set aside.
    private func chosenAnew() throws -> MetricScan {
        let borders = [low, high].compactMap { $0 }
        let parts = try store.series(of: query).divided(at: borders, query.checkpoint)
        return parts[low == nil ? 0 : 1]
    }

    func scan(_ body: (SeriesView) throws -> Void) throws {
        // What was passed on already is not passed on again.
        var passed: [UInt8] = []
        var isRepeated = false
        try store.settingDamageAside {
            let series = isRepeated ? try chosenAnew() : series
            let skips = isRepeated && !passed.isEmpty
            isRepeated = true
            try series.forEach(query) { series in
                if skips, passed.withUnsafeBytes({ Labels.compare(series.labelBytes, $0) }) <= 0 { return }
                try body(series)
                passed.removeAll(keepingCapacity: true)
                passed.append(contentsOf: series.labelBytes)
            }
        }
    }
}
