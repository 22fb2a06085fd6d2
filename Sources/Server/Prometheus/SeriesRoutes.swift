import ByteCoding
import Hummingbird
import QueryEngine
import Storage
import TelemetryModel
import WireFormats

/// The part of Prometheus's HTTP API that tells which series, label names and label values there are.
struct SeriesRoutes: RouteGroup {
    /// The most series, label names or label values in an answer; a warning tells when there were more.
    static let itemLimit = 500_000

    let server: ServerDependencies

    var routes: [Route] {
        Route.asked("/api/v1/series", series) + Route.asked("/api/v1/labels", labelNames) + [
            Route(.get, "/api/v1/label/{name}/values", scope: .query, errors: .prometheus) { request in
                try await labelValues(request.parameter("name"), PrometheusParameters(items: request.query))
            }
        ]
    }

    private func series(_ parameters: PrometheusParameters) async throws -> Response {
        let selectors = try parameters.requiredSelectors()
        return try await listed(parameters) { store, range, limit, context in
            if selectors.count == 1 { return try store.series(Self.question(selectors[0], range, context), limit: limit) }
            var found: Set<Labels> = []
            for matchers in selectors {
                try context.check()
                found.formUnion(try store.series(Self.question(matchers, range, context), limit: limit))
            }
            return found.sorted()
        } write: { labels, writer in
            PrometheusJSON.writeLabels(labels, to: &writer)
        }
    }

    private func labelNames(_ parameters: PrometheusParameters) async throws -> Response {
        let selectors = try parameters.selectors()
        return try await listed(parameters) { store, range, limit, context in
            try Self.united(selectors, context) { try store.labelNames(Self.question($0, range, context), limit: limit) }
        } write: { name, writer in
            writer.string(name)
        }
    }

    private func labelValues(_ escaped: String, _ parameters: PrometheusParameters) async throws -> Response {
        let name = MetricNameEscaping.unescaped(escaped)
        if name.isEmpty {
            throw APIError(.badRequest, code: "bad_parameter", "invalid label name: \(PrometheusTime.quoted(name))", where: "name")
        }
        let selectors = try parameters.selectors()
        return try await listed(parameters) { store, range, limit, context in
            try Self.united(selectors, context) { try store.labelValues(name, Self.question($0, range, context), limit: limit) }
        } write: { value, writer in
            writer.string(value)
        }
    }

    private static func question(
        _ matchers: [LabelMatcher], _ range: ClosedRange<Int64>, _ context: QueryContext
    ) -> SeriesQuery {
        context.ending(SeriesQuery(matchers, from: range.lowerBound, through: range.upperBound))
    }

    /// What is found for any of the selectors, or without selectors for all series.
    private static func united(
        _ selectors: [[LabelMatcher]], _ context: QueryContext, _ find: ([LabelMatcher]) throws -> [String]
    ) throws -> [String] {
        if selectors.count <= 1 { return try find(selectors.first ?? []) }
        var found: Set<String> = []
        for matchers in selectors {
            try context.check()
            found.formUnion(try find(matchers))
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Answers with a list, cut at the limit.
    private func listed<Item: Sendable>(
        _ parameters: PrometheusParameters,
        _ find: @escaping @Sendable (any MetricReader, ClosedRange<Int64>, Int, QueryContext) throws -> [Item],
        write: @escaping @Sendable (Item, inout JSONWriter) -> Void
    ) async throws -> Response {
        let limit = try parameters.limit(most: Self.itemLimit)
        let range = try parameters.range()
        let store = server.store
        return try await server.queries.lookUp { context in
            // One more than is told shows that there are more.
            let found = try range.map { try find(store, $0, limit + 1, context) } ?? []
            return .json(
                bytes: PrometheusJSON.success(warnings: found.count > limit ? [PrometheusJSON.truncationWarning] : []) { writer in
                    writer.array { writer in for item in found.prefix(limit) { write(item, &writer) } }
                })
        }
    }
}
