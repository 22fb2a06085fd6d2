import Hummingbird
import Storage

/// The part of Prometheus's HTTP API that changes the store: deletion of series, and snapshots.
struct TSDBAdminRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        ordered("/api/v1/admin/tsdb/delete_series", delete) + ordered("/api/v1/admin/tsdb/clean_tombstones", clean)
            + ordered("/api/v1/admin/tsdb/snapshot", snapshot)
    }

    /// POST and PUT, with parameters in the query string or in a form.
    private func ordered(_ path: String, _ obey: @escaping @Sendable (PrometheusParameters) async throws -> Response) -> [Route] {
        [HTTPRequest.Method.post, .put].map { method in
            Route(method, path, scope: .admin, errors: .prometheus) { request in
                try await obey(PrometheusParameters(items: try await request.queryAndForm()))
            }
        }
    }

    /// Each `match[]` is a deletion of its own: what matches any of them goes.
    private func delete(_ parameters: PrometheusParameters) async throws -> Response {
        let selectors = try parameters.requiredSelectors()
        let range = try parameters.risingRange()
        let store = server.store
        try await server.upkeep.run {
            for matchers in selectors {
                try store.delete(SeriesQuery(matchers, from: range.lowerBound, through: range.upperBound))
            }
        }
        return Response(status: .noContent)
    }

    private func clean(_ parameters: PrometheusParameters) async throws -> Response {
        let store = server.store
        try await server.upkeep.run { try store.purgeDeleted() }
        return Response(status: .noContent)
    }

    private func snapshot(_ parameters: PrometheusParameters) async throws -> Response {
        let includingHead = try !parameters.items.flag("skip_head")
        let made = try await server.makeSnapshot(includingHead: includingHead)
        return .json(
            bytes: PrometheusJSON.success { writer in writer.object { writer in writer.member("name", made.name) } })
    }
}
