import Storage
import TelemetryModel

/// Holds the series of a test script; nothing is refused.
struct ScriptStore: MetricReader {
    private(set) var series: [Labels: [(time: Int64, value: Double)]] = [:]
    /// Adds samples to what is there; of one time the last one stays.
    mutating func add(_ labels: Labels, _ points: [(time: Int64, value: Double)]) {
        var known = Dictionary(series[labels, default: []].map { ($0.time, $0.value) }) { $1 }
        for point in points { known[point.time] = point.value }
        series[labels] = known.map { (time: $0.key, value: $0.value) }.sorted { $0.time < $1.time }
    }

    private func selected(_ query: SeriesQuery) -> [SeriesSamples] {
        series.keys.sorted().compactMap { labels in
            guard query.matchers.allSatisfy({ $0.matches(labels[$0.name] ?? "") }) else { return nil }
            let points = (series[labels] ?? []).filter { $0.time >= query.from && $0.time <= query.through }
            return points.isEmpty ? nil : SeriesSamples(labels: labels, timestamps: points.map(\.time), values: points.map(\.value))
        }
    }

    func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        for samples in selected(query) { try samples.withView(body) }
    }

    func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] { Array(selected(query).map(\.labels).prefix(limit)) }

    func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] {
        Array(Set(selected(query).flatMap { $0.labels.list.map(\.name) }).sorted().prefix(limit))
    }

    func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] {
        Array(Set(selected(query).compactMap { $0.labels[name] }).sorted().prefix(limit))
    }
}
