import ByteCoding
import Hummingbird
import Storage
import TelemetryModel
import WireFormats

/// Jaeger's first query API, as its own page and Grafana's data source use it.
struct JaegerRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        [
            route("/api/services") { _, asked in JaegerEncoder.names(try Self.services(asked)) },
            route("/api/services/{service}/operations") { routed, asked in
                let operations = try Self.operations(of: routed.parameter("service"), kind: nil, asked)
                return JaegerEncoder.names(Set(operations.map(\.operation)).sorted())
            },
            route("/api/operations") { routed, asked in
                guard let service = routed.query["service"], !service.isEmpty else {
                    throw JaegerSearch.bad("service", "parameter 'service' is required")
                }
                let kind = try JaegerSearch.kind(routed.query["spanKind"])
                return JaegerEncoder.operations(
                    try Self.operations(of: service, kind: kind, asked).map { ($0.operation, $0.kind) })
            },
            route("/api/traces") { routed, asked in try Self.search(routed.query, asked) },
            route("/api/traces/{id}") { routed, asked in
                let id = try JaegerTraceID.read(routed.parameter("id"), where: "traceID")
                let range = try JaegerSearch.range(routed.query)
                let traces = try asked.traces([id]).filter { $0.rows.contains { range.contains($0.start) } }
                guard !traces.isEmpty else { throw APIError(.notFound, code: "not_found", JaegerEncoder.notFound) }
                return JaegerEncoder.traces(traces, isRaw: try JaegerV3Search.flag(routed.query, "raw"))
            },
            route("/api/dependencies") { routed, asked in try Self.dependencies(routed.query, asked) },
        ]
    }

    /// A route whose handler runs on a thread for queries and gives JSON; `prettyPrint` indents it.
    private func route(
        _ path: String, _ handle: @escaping @Sendable (RoutedRequest, TraceQueries) throws -> [UInt8]
    ) -> Route {
        Route(.get, path, scope: .query, errors: .jaeger) { [server] routed in
            try await server.askTraces { asked in
                let json = try handle(routed, asked)
                let isPretty = !["", "false"].contains(routed.query["prettyPrint"] ?? "")
                return .json(bytes: isPretty ? JSONIndenter.indent(json, by: 4) : json)
            }
        }
    }

    /// The names of all services, sorted. Blocks.
    static func services(_ asked: TraceQueries) throws -> [String] {
        try Set(asked.operationNames().map(\.service)).sorted()
    }

    /// The operations of a service, of one kind or of all, by name and kind. Blocks.
    static func operations(of service: String, kind: SpanKind?, _ asked: TraceQueries) throws -> [OperationName] {
        try asked.operationNames()
            .filter { $0.service == service && (kind == nil || $0.kind == kind) }
            .sorted { ($0.operation, $0.kind.rawValue) < ($1.operation, $1.kind.rawValue) }
    }

    private static func search(_ query: QueryItems, _ asked: TraceQueries) throws -> [UInt8] {
        let isRaw = try JaegerV3Search.flag(query, "raw")
        switch try JaegerSearch.question(query, now: asked.server.time.now()) {
        case .byID(let ids):
            let traces = try WholeTraces.read(ids, asked)
            let found = Set(traces.compactMap { $0.rows.first?.traceID })
            return JaegerEncoder.traces(traces, isRaw: isRaw, missing: ids.filter { !found.contains($0) })
        case .search(let question):
            let traces = try WholeTraces.read(try asked.search(question), asked)
            return JaegerEncoder.traces(traces, isRaw: isRaw)
        }
    }

    private static func dependencies(_ query: QueryItems, _ asked: TraceQueries) throws -> [UInt8] {
        let range = try ZipkinSearch.range(query, now: asked.server.time.now())
        let service = query["service"] ?? ""
        let links = try DependencyTotals(asked, range: range).links
            .filter { service.isEmpty || $0.parent == service || $0.child == service }
        return JaegerEncoder.dependencies(links.map { ($0.parent, $0.child, $0.callCount) })
    }
}
