import Hummingbird
import Storage
import TelemetryModel
import WireFormats

/// Jaeger's query API, as its own page and Grafana's data source use it.
struct JaegerRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        [
            route("/api/services") { _, server in
                .json(bytes: JaegerEncoder.names(try Set(server.store.operationNames().map(\.service)).sorted()))
            },
            route("/api/services/{service}/operations") { routed, server in
                let service = routed.parameter("service")
                let names = try server.store.operationNames().filter { $0.service == service }
                return .json(bytes: JaegerEncoder.names(Set(names.map(\.operation)).sorted()))
            },
            route("/api/operations") { routed, server in try Self.operations(routed.query, server) },
            route("/api/traces") { routed, server in try Self.search(routed.query, server) },
            route("/api/traces/{id}") { routed, server in
                let batches = try server.store.traces([try AnalysisRoutes.traceID(routed.parameter("id"))]).filter { !$0.isEmpty }
                guard !batches.isEmpty else { throw APIError(.notFound, code: "not_found", "trace not found") }
                return .json(bytes: JaegerEncoder.traces(batches))
            },
            route("/api/dependencies") { routed, server in try Self.dependencies(routed.query, server) },
        ]
    }

    /// A route whose handler runs on a thread of the pool.
    private func route(
        _ path: String, _ handle: @escaping @Sendable (RoutedRequest, ServerDependencies) throws -> Response
    ) -> Route {
        Route(.get, path, scope: .query, errors: .jaeger) { [server] routed in
            try await server.pool.run { try handle(routed, server) }
        }
    }

    /// What stands around everything that Jaeger answers.
    struct Envelope<Item: Encodable>: Encodable {
        var data: [Item]
        var total: Int

        init(_ data: [Item]) {
            self.data = data
            total = data.count
        }

        private enum CodingKeys: CodingKey { case data, total, limit, offset, errors }

        // Written out because `errors` is null, which a synthesised form would leave away.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(data, forKey: .data)
            try container.encode(total, forKey: .total)
            try container.encode(0, forKey: .limit)
            try container.encode(0, forKey: .offset)
            try container.encodeNil(forKey: .errors)
        }
    }

    private struct Operation: Encodable {
        var name: String
        var spanKind: String
    }

    private static func operations(_ query: QueryItems, _ server: ServerDependencies) throws -> Response {
        let service = try query.required("service")
        let kind = try JaegerSearch.kind(query["spanKind"])
        let names = try server.store.operationNames()
            .filter { $0.service == service && (kind == nil || $0.kind == kind) }
            .sorted { ($0.operation, $0.kind.rawValue) < ($1.operation, $1.kind.rawValue) }
        return .json(
            Envelope(names.map { Operation(name: $0.operation, spanKind: $0.kind == .unspecified ? "" : $0.kind.name) }))
    }

    private static func search(_ query: QueryItems, _ server: ServerDependencies) throws -> Response {
        let ids =
            switch try JaegerSearch.question(query, now: server.time.now()) {
            case .byID(let ids): ids
            case .search(let question): try server.store.search(question)
            }
        return .json(bytes: JaegerEncoder.traces(try server.store.traces(ids).filter { !$0.isEmpty }))
    }

    private struct Dependency: Encodable {
        var parent: String
        var child: String
        var callCount: UInt64
    }

    private static func dependencies(_ query: QueryItems, _ server: ServerDependencies) throws -> Response {
        let range = try ZipkinSearch.range(query, now: server.time.now())
        let links = try DependencyTotals(server.store, range: range).links
        return .json(Envelope(links.map { Dependency(parent: $0.parent, child: $0.child, callCount: $0.callCount) }))
    }
}
