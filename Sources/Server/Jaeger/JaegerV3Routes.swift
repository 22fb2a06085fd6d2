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
            route("/api/v3/services") { _, asked in
                .json(bytes: JaegerV3Encoder.services(try JaegerRoutes.services(asked)))
            },
            route("/api/v3/operations") { routed, asked in try Self.operations(routed.query, asked) },
            route("/api/v3/traces/{trace_id}", Self.trace),
            route("/api/v3/dependencies") { routed, asked in try Self.dependencies(routed.query, asked) },
        ]
            + search("/api/v3/traces") { question, asked in
                let traces = try WholeTraces.read(try asked.search(question.query), asked)
                return try Self.found(traces, isRaw: question.isRaw)
            }
            + search("/api/v3/trace-summaries") { question, asked in
                var summaries: [JaegerTraceSummary] = []
                try WholeTraces.forEach(try asked.search(question.query), asked) {
                    summaries.append(JaegerTraceSummary($0))
                }
                return .json(bytes: JaegerV3Encoder.summaries(summaries))
            }
    }

    // MARK: - Routes

    private func route(
        _ path: String, _ handle: @escaping @Sendable (RoutedRequest, TraceQueries) throws -> Response
    ) -> Route {
        Route(.get, path, scope: .query, errors: .jaegerV3) { [server] routed in
            try await server.askTraces { try handle(routed, $0) }
        }
    }

    /// A search by `GET` with parameters and by `POST` with the same in a JSON body.
    private func search(
        _ path: String, _ handle: @escaping @Sendable (JaegerV3Search.Question, TraceQueries) throws -> Response
    ) -> [Route] {
        [
            route(path) { routed, asked in try handle(try JaegerV3Search.question(routed.query), asked) },
            Route(.post, path, scope: .query, errors: .jaegerV3) { [server] routed in
                let body = Data(buffer: try await routed.bodyBytes(limit: Self.bodyLimit))
                return try await server.askTraces {
                    try handle(try JaegerV3Search.question(try JaegerV3Search.items(body: body)), $0)
                }
            },
        ]
    }

    // MARK: - Answers

    private static func operations(_ items: QueryItems, _ asked: TraceQueries) throws -> Response {
        let kind = try JaegerSearch.kind(JaegerV3Search.value(items, "spanKind")?.text)
        let operations = try JaegerRoutes.operations(of: try items.required("service"), kind: kind, asked)
        return .json(bytes: JaegerV3Encoder.operations(operations.map { ($0.operation, $0.kind) }))
    }

    private static func trace(_ routed: RoutedRequest, _ asked: TraceQueries) throws -> Response {
        let id = try JaegerTraceID.read(routed.parameter("trace_id"), where: "trace_id")
        let range = try JaegerV3Search.range(routed.query)
        let isRaw = try JaegerV3Search.flag(routed.query, "rawTraces")
        let traces = try asked.traces([id]).filter { $0.rows.contains { range.contains($0.start) } }
        return try found(traces, isRaw: isRaw)
    }

    private static func found(_ traces: [SpanBatch], isRaw: Bool) throws -> Response {
        if traces.isEmpty { throw APIError(.notFound, code: "not_found", "No traces found") }
        return .json(bytes: JaegerV3Encoder.traces(isRaw ? traces : traces.map(\.withJaegerIdentities)))
    }

    private static func dependencies(_ items: QueryItems, _ asked: TraceQueries) throws -> Response {
        for name in ["startTime", "endTime"] where JaegerV3Search.value(items, name) == nil { _ = try items.required(name) }
        let links = try DependencyTotals(asked, range: try JaegerV3Search.range(items)).links
        return .json(bytes: JaegerV3Encoder.dependencies(links.map { ($0.parent, $0.child, $0.callCount) }))
    }
}
