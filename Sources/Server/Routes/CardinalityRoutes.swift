import Answers
import ByteCoding
import Hummingbird
import Storage
import TelemetryModel

/// Which metrics and labels cost most: Prometheus's form and our own.
struct CardinalityRoutes: RouteGroup {
    /// The most rows of a list.
    static let limitRange = 1...10_000
    /// Series that begin within so many milliseconds count as new.
    static let newnessMilliseconds: Int64 = 3_600_000
    /// So many labels of a metric are named.
    private static let labelLimit = 3

    let server: ServerDependencies
    private let tallying = SharedWork<CardinalityTally>()

    init(server: ServerDependencies) { self.server = server }

    var routes: [Route] {
        [
            .told("/api/v1/status/tsdb", status),
            Route(.get, "/api/v1/cardinality", scope: .query) { request in try await cardinality(request) },
        ]
    }

    /// Looks at every series; who asks meanwhile gets the same result.
    private func tally() async throws -> CardinalityTally {
        let (store, upkeep, time) = (server.store, server.upkeep, server.time)
        return try await tallying.run {
            try await upkeep.run {
                var tally = CardinalityTally(newFrom: time.nowMilliseconds() - Self.newnessMilliseconds)
                try store.inspectSeries { try tally.add($0) }
                return tally
            }
        }
    }

    private func status(_ parameters: PrometheusParameters) async throws -> Response {
        let limit = parameters.text("limit").isEmpty ? 10 : Int(parameters.text("limit")) ?? 0
        if limit < 1 { throw Self.badLimit("must be a positive number") }
        if limit > Self.limitRange.upperBound { throw Self.badLimit("must not exceed \(Self.limitRange.upperBound)") }
        let tally = try await tally()
        return .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in
                    writer.key("headStats")
                    Self.write(tally, to: &writer)
                    for (name, rows) in [
                        ("seriesCountByMetricName", tally.seriesCountByMetricName(limit)),
                        ("labelValueCountByLabelName", tally.valueCountByLabelName(limit)),
                        ("memoryInBytesByLabelName", tally.valueBytesByLabelName(limit)),
                        ("seriesCountByLabelValuePair", tally.seriesCountByPair(limit)),
                    ] {
                        writer.key(name)
                        Self.write(rows, to: &writer)
                    }
                }
            })
    }

    private static func badLimit(_ message: String) -> APIError {
        APIError(.badRequest, code: "bad_parameter", "limit \(message)", where: "limit")
    }

    /// Head and blocks together. Chunks are not counted: they have no bound on their length here.
    private static func write(_ tally: CardinalityTally, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("numSeries")
            writer.raw(String(tally.seriesCount))
            writer.key("numLabelPairs")
            writer.raw(String(tally.labelPairCount))
            writer.key("chunkCount")
            writer.raw("0")
            writer.key("minTime")
            writer.raw(String(tally.times?.lowerBound ?? 0))
            writer.key("maxTime")
            writer.raw(String(tally.times?.upperBound ?? 0))
        }
    }

    private static func write(_ rows: [(name: String, value: Int)], to writer: inout JSONWriter) {
        writer.array { writer in
            for row in rows {
                writer.object { writer in
                    writer.member("name", row.name)
                    writer.key("value")
                    writer.raw(String(row.value))
                }
            }
        }
    }

    private func cardinality(_ request: RoutedRequest) async throws -> Response {
        let limit = try request.query.integer("limit", default: 20, in: Self.limitRange)
        let tally = try await tally()
        let (store, usage) = (server.store, server.usage)
        return try await server.pool.run {
            let since = RFC3339.text(nanoseconds: UInt64(max(0, usage.since)) * 1_000_000)
            let answer = try tally.answer(limit: limit, usageSince: since, asked: usage.lookUp()) { name in
                try Self.labels(of: name, store)
            }
            return .json(bytes: try AnswerJSON.encode(answer))
        }
    }

    /// The labels of a metric with the most different values.
    private static func labels(of metric: String, _ store: any MetricReader) throws -> [LabelValueCount] {
        if metric.isEmpty { return [] }
        let query = SeriesQuery([try LabelMatcher(Labels.nameLabel, .equal, metric)], from: 0, through: .max)
        var values: [String: Set<String>] = [:]
        for labels in try store.series(query, limit: SeriesRoutes.itemLimit) {
            for label in labels.list where label.name != Labels.nameLabel { values[label.name, default: []].insert(label.value) }
        }
        let counts = values.map { LabelValueCount(name: $0.key, valueCount: $0.value.count) }
        return Array(counts.sorted { ($1.valueCount, $0.name) < ($0.valueCount, $1.name) }.prefix(labelLimit))
    }
}
