/// Paths of the contract whose features come with later issues. They answer 501 with a sentence, so that a client learns
/// that the server knows the path and cannot serve it yet.
struct LaterRoutes: RouteGroup {
    var routes: [Route] {
        tempo + alertmanager + [
            .later(.get, "/api/v1/capacity", scope: .query, "The analysis of capacity")
        ]
    }

    private var tempo: [Route] {
        [
            "/tempo/api/echo", "/tempo/api/search", "/tempo/api/search/tags", "/tempo/api/search/tag/{tag}/values",
            "/tempo/api/traces/{id}", "/tempo/api/v2/traces/{id}", "/tempo/api/v2/search/tags",
            "/tempo/api/v2/search/tag/{tag}/values", "/tempo/api/metrics/query_range", "/tempo/api/metrics/query",
        ].map { .later(.get, $0, scope: .query, "Tempo's API") }
    }

    private var alertmanager: [Route] {
        let what = "Alertmanager's API"
        return [
            .later(.get, "/api/v2/status", scope: .query, what),
            .later(.get, "/api/v2/receivers", scope: .query, what),
            .later(.get, "/api/v2/silences", scope: .query, what),
            .later(.post, "/api/v2/silences", scope: .admin, what),
            .later(.get, "/api/v2/silence/{id}", scope: .query, what),
            .later(.delete, "/api/v2/silence/{id}", scope: .admin, what),
            .later(.get, "/api/v2/alerts", scope: .query, what),
            .later(.post, "/api/v2/alerts", scope: .ingest, what),
            .later(.get, "/api/v2/alerts/groups", scope: .query, what),
        ]
    }
}
