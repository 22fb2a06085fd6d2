import Hummingbird

/// Health, the server's own metrics, and compaction on demand.
struct AdminRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        let everywhere: Set<CompatibilityPort> = [.otlp, .zipkin]
        return [
            Route(.get, "/-/healthy", scope: .open, ports: everywhere) { _ in .text("Headrope is healthy.\n") },
            Route(.get, "/-/ready", scope: .open, ports: everywhere) { _ in ready() },
            Route(.get, "/health", scope: .open, ports: everywhere) { _ in health() },
            Route(.get, "/metrics", scope: .query) { _ in try await metrics() },
            Route(.post, "/-/compact", scope: .admin) { _ in try await compact() },
        ]
    }

    private func ready() -> Response {
        let reasons = server.readiness.reasons
        if reasons.isEmpty { return .text("Headrope is ready.\n") }
        return .text(reasons.joined(separator: "\n") + "\n", status: .serviceUnavailable)
    }

    // The form that Zipkin's own health check has, because its clients ask at this path.
    private struct Health: Encodable {
        var status: String
        var reasons: [String]?
    }

    private func health() -> Response {
        let reasons = server.readiness.reasons
        if reasons.isEmpty { return .json(Health(status: "UP")) }
        return .json(Health(status: "DOWN", reasons: reasons), status: .serviceUnavailable)
    }

    private func metrics() async throws -> Response {
        let server = server
        let text = try await server.pool.run { server.metrics.snapshot(server).text }
        return .text(text, contentType: "text/plain; version=0.0.4; charset=utf-8")
    }

    private struct Compacted: Encodable {
        var status = "done"
        var metricBlocks: Int
        var spanBlocks: Int
        var byteCount: Int
    }

    /// Flushes and merges everything; the store lets a second call join the first.
    private func compact() async throws -> Response {
        let store = server.store
        return try await server.upkeep.run {
            try store.compact()
            let status = store.status()
            return .json(
                Compacted(metricBlocks: status.metricBlocks, spanBlocks: status.spanBlocks, byteCount: status.byteCount))
        }
    }
}
