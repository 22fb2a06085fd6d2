import ByteCoding
import Hummingbird
import QueryEngine
import QueryLanguages
import Storage
import TelemetryModel

/// The part of Prometheus's HTTP API that asks questions (https://prometheus.io/docs/prometheus/latest/querying/api/).
struct PrometheusRoutes: RouteGroup {
    /// The most series, label names or label values in an answer; a warning tells when there were more.
    static let itemLimit = 500_000
    /// The version of Prometheus whose API this is; Grafana and others decide by it what they may ask.
    static let compatibleVersion = "3.0.0"

    private let server: ServerDependencies
    private let engine: PromQLEngine

    init(server: ServerDependencies) {
        self.server = server
        engine = server.promql
    }

    var routes: [Route] {
        Route.asked("/api/v1/query", instant) + Route.asked("/api/v1/query_range", range)
            + Route.asked("/api/v1/series", series) + Route.asked("/api/v1/labels", labelNames)
            + Route.asked("/api/v1/format_query", format) + [
                Route(.get, "/api/v1/label/{name}/values", scope: .query, errors: .prometheus) { request in
                    try await labelValues(request.parameter("name"), PrometheusParameters(items: request.query))
                },
                Route(.get, "/api/v1/status/buildinfo", scope: .query, errors: .prometheus) { _ in buildInformation() },
            ]
    }

    // MARK: Queries

    private func instant(_ parameters: PrometheusParameters) async throws -> Response {
        let query = try parameters.text("query")
        let time = try parameters.time("time", default: server.time.nowMilliseconds())
        return try await evaluate(parameters) { engine, context throws(QueryError) in
            try engine.instant(query, at: time, context: context)
        }
    }

    private func range(_ parameters: PrometheusParameters) async throws -> Response {
        let query = try parameters.text("query")
        let start = try parameters.time("start")
        let end = try parameters.time("end")
        guard let step = try parameters.duration("step"), step > 0 else {
            throw APIError(
                .badRequest, code: "bad_parameter",
                "zero or negative query resolution step widths are not accepted. Try a positive integer", where: "step")
        }
        return try await evaluate(parameters) { engine, context throws(QueryError) in
            try engine.range(query, start: start, end: end, step: step, context: context)
        }
    }

    /// Evaluates on a thread that may block, and gives up when the request is.
    private func evaluate(
        _ parameters: PrometheusParameters,
        _ body: @escaping @Sendable (PromQLEngine, QueryContext) throws(QueryError) -> QueryResult
    ) async throws -> Response {
        let limit = try parameters.limit()
        let timeout = try parameters.timeout()
        let context = engine.context(measuring: try parameters.measures()) { $0.nanoseconds = min($0.nanoseconds, timeout) }
        let engine = engine
        return try await withTaskCancellationHandler {
            try await server.pool.run {
                do {
                    return .json(bytes: try PrometheusJSON.answer(try body(engine, context), limit: limit))
                } catch let error as QueryError {
                    throw APIError(error)
                }
            }
        } onCancel: {
            context.cancel()
        }
    }

    private func format(_ parameters: PrometheusParameters) async throws -> Response {
        let query = try parameters.text("query")
        do {
            let text = try PromQLParser.parse(query).description
            return .json(bytes: PrometheusJSON.success { $0.string(text) })
        } catch {
            throw APIError(.badRequest, code: "bad_query", "\(error)", where: "query")
        }
    }

    // MARK: What there is

    private func series(_ parameters: PrometheusParameters) async throws -> Response {
        let selectors = try parameters.selectors()
        if selectors.isEmpty {
            throw APIError(.badRequest, code: "missing_parameter", "no match[] parameter provided", where: "match[]")
        }
        return try await listed(parameters) { store, range, limit in
            if selectors.count == 1 { return try store.series(Self.question(selectors[0], range), limit: limit) }
            var found: Set<Labels> = []
            for matchers in selectors { found.formUnion(try store.series(Self.question(matchers, range), limit: limit)) }
            return found.sorted()
        } write: { labels, writer in
            PrometheusJSON.writeLabels(labels, to: &writer)
        }
    }

    private func labelNames(_ parameters: PrometheusParameters) async throws -> Response {
        let selectors = try parameters.selectors()
        return try await listed(parameters) { store, range, limit in
            try Self.united(selectors) { try store.labelNames(Self.question($0, range), limit: limit) }
        } write: { name, writer in
            writer.string(name)
        }
    }

    private func labelValues(_ name: String, _ parameters: PrometheusParameters) async throws -> Response {
        let selectors = try parameters.selectors()
        return try await listed(parameters) { store, range, limit in
            try Self.united(selectors) { try store.labelValues(name, Self.question($0, range), limit: limit) }
        } write: { value, writer in
            writer.string(value)
        }
    }

    private static func question(_ matchers: [LabelMatcher], _ range: ClosedRange<Int64>) -> SeriesQuery {
        SeriesQuery(matchers, from: range.lowerBound, through: range.upperBound)
    }

    /// What is found for any of the selectors, or without selectors for all series.
    private static func united(_ selectors: [[LabelMatcher]], _ find: ([LabelMatcher]) throws -> [String]) throws -> [String] {
        if selectors.count <= 1 { return try find(selectors.first ?? []) }
        var found: Set<String> = []
        for matchers in selectors { found.formUnion(try find(matchers)) }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Answers with a list, cut at the limit.
    private func listed<Item: Sendable>(
        _ parameters: PrometheusParameters,
        _ find: @escaping @Sendable (any MetricReader, ClosedRange<Int64>, Int) throws -> [Item],
        write: @escaping @Sendable (Item, inout JSONWriter) -> Void
    ) async throws -> Response {
        let limit = try parameters.limit(most: Self.itemLimit)
        let range = try parameters.range()
        let store = server.store
        return try await server.pool.run {
            // One more than is told shows that there are more.
            let found = try find(store, range, limit + 1)
            return .json(
                bytes: PrometheusJSON.success(warnings: found.count > limit ? [PrometheusJSON.truncationWarning] : []) { writer in
                    writer.array { writer in for item in found.prefix(limit) { write(item, &writer) } }
                })
        }
    }

    private func buildInformation() -> Response {
        .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in
                    writer.member("version", Self.compatibleVersion)
                    for name in ["revision", "branch", "buildUser", "buildDate", "goVersion"] { writer.member(name, "") }
                }
            })
    }
}
