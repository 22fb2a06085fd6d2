import Hummingbird
import Storage
import TelemetryModel
import WireFormats

/// The questions of Zipkin's API version 2.
struct ZipkinRoutes: RouteGroup {
    /// The most ids of one `traceMany`.
    static let manyLimit = 1_000

    let server: ServerDependencies

    var routes: [Route] {
        [
            route("/api/v2/services") { _, server in
                .json(try Set(server.store.operationNames().map(\.service)).sorted())
            },
            route("/api/v2/spans") { routed, server in
                let service = routed.query["serviceName"] ?? ""
                return .json(Set(try server.store.operationNames().filter { $0.service == service }.map(\.operation)).sorted())
            },
            route("/api/v2/remoteServices") { routed, server in
                let service = routed.query["serviceName"] ?? ""
                let links = try DependencyTotals(server.store, range: 0...UInt64.max).links
                return .json(links.filter { $0.parent == service }.map(\.child))
            },
            route("/api/v2/traces") { routed, server in
                let ids = try server.store.search(try ZipkinSearch.query(routed.query, now: server.time.now()))
                return try Self.traces(ids, server)
            },
            route("/api/v2/trace/{id}") { routed, server in
                let id = try AnalysisRoutes.traceID(routed.parameter("id"))
                guard let batch = try server.store.traces([id]).first(where: { !$0.isEmpty }) else {
                    throw APIError(.notFound, code: "not_found", "\(routed.parameter("id").prefix(40)) not found")
                }
                return .json(bytes: ZipkinEncoder.trace(batch))
            },
            route("/api/v2/traceMany") { routed, server in
                let texts = try routed.query.required("traceIds").split(separator: ",")
                guard texts.count <= Self.manyLimit else {
                    throw APIError(.badRequest, code: "bad_parameter", "There are more than \(Self.manyLimit) trace ids.")
                }
                return try Self.traces(texts.map { try AnalysisRoutes.traceID(String($0)) }, server)
            },
            route("/api/v2/dependencies") { routed, server in
                let range = try ZipkinSearch.range(routed.query, now: server.time.now(), isEndRequired: true)
                return .json(bytes: ZipkinEncoder.dependencies(try DependencyTotals(server.store, range: range).links))
            },
        ]
    }

    private func route(
        _ path: String, _ handle: @escaping @Sendable (RoutedRequest, ServerDependencies) throws -> Response
    ) -> Route {
        Route(.get, path, scope: .query, errors: .text, ports: [.zipkin]) { [server] routed in
            try await server.pool.run { try handle(routed, server) }
        }
    }

    private static func traces(_ ids: [TraceID], _ server: ServerDependencies) throws -> Response {
        .json(bytes: ZipkinEncoder.traces(try server.store.traces(ids).filter { !$0.isEmpty }))
    }
}
