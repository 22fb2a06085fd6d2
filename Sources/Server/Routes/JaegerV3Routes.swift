import Foundation
import Hummingbird
import Storage
import TelemetryModel
import WireFormats

/// Jaeger's stable query API, version 3, which answers in OTLP/JSON.
struct JaegerV3Routes: RouteGroup {
    /// The most bytes of a `POST` with a question.
    static let bodyLimit = 64 << 10

    let server: ServerDependencies

    var routes: [Route] {
        [
            route("/api/v3/services") { _, server in
                .json(bytes: JaegerV3Encoder.services(try JaegerRoutes.services(server)))
            },
            route("/api/v3/operations") { routed, server in try Self.operations(routed.query, server) },
            route("/api/v3/traces/{trace_id}", Self.trace),
            route("/api/v3/dependencies") { routed, server in try Self.dependencies(routed.query, server) },
        ]
            + search("/api/v3/traces") { question, server in
                let traces = try WholeTraces.read(try server.store.search(question.query), server.store)
                return try Self.found(traces, isRaw: question.isRaw)
            }
            + search("/api/v3/trace-summaries") { question, server in
                var summaries: [JaegerTraceSummary] = []
                try WholeTraces.forEach(try server.store.search(question.query), server.store) {
                    summaries.append(JaegerTraceSummary($0))
                }
                return .json(bytes: JaegerV3Encoder.summaries(summaries))
            }
    }

    // MARK: - Routes

    private func route(
        _ path: String, _ handle: @escaping @Sendable (RoutedRequest, ServerDependencies) throws -> Response
    ) -> Route {
        Route(.get, path, scope: .query, errors: .jaegerV3) { [server] routed in
            try await server.pool.run { try handle(routed, server) }
        }
    }

    /// A search by `GET` with parameters and by `POST` with the same in a JSON body.
    private func search(
        _ path: String, _ handle: @escaping @Sendable (JaegerV3Search.Question, ServerDependencies) throws -> Response
    ) -> [Route] {
        [
            route(path) { routed, server in try handle(try JaegerV3Search.question(routed.query), server) },
            Route(.post, path, scope: .query, errors: .jaegerV3) { [server] routed in
                let body = Data(buffer: try await routed.bodyBytes(limit: Self.bodyLimit))
                return try await server.pool.run {
                    try handle(try JaegerV3Search.question(try JaegerV3Search.items(body: body)), server)
                }
            },
        ]
    }

    // MARK: - Answers

    private static func operations(_ items: QueryItems, _ server: ServerDependencies) throws -> Response {
        let kind = try JaegerSearch.kind(JaegerV3Search.value(items, "spanKind")?.text)
        let operations = try JaegerRoutes.operations(of: try items.required("service"), kind: kind, server)
        return .json(bytes: JaegerV3Encoder.operations(operations.map { ($0.operation, $0.kind) }))
    }

    private static func trace(_ routed: RoutedRequest, _ server: ServerDependencies) throws -> Response {
        let id = try JaegerTraceID.read(routed.parameter("trace_id"), where: "trace_id")
        let range = try JaegerV3Search.range(routed.query)
        let isRaw = try JaegerV3Search.flag(routed.query, "rawTraces")
        let traces = try server.store.traces([id]).filter { $0.rows.contains { range.contains($0.start) } }
        return try found(traces, isRaw: isRaw)
    }

    private static func found(_ traces: [SpanBatch], isRaw: Bool) throws -> Response {
        if traces.isEmpty { throw APIError(.notFound, code: "not_found", "No traces found") }
        return .json(bytes: JaegerV3Encoder.traces(isRaw ? traces : traces.map(\.withJaegerIdentities)))
    }

    private static func dependencies(_ items: QueryItems, _ server: ServerDependencies) throws -> Response {
        for name in ["startTime", "endTime"] where JaegerV3Search.value(items, name) == nil { _ = try items.required(name) }
        let links = try DependencyTotals(server.store, range: try JaegerV3Search.range(items)).links
        return .json(bytes: JaegerV3Encoder.dependencies(links.map { ($0.parent, $0.child, $0.callCount) }))
    }
}
