import Hummingbird
import Storage

/// Health, the server's own metrics, compaction and snapshots on demand.
struct AdminRoutes: RouteGroup {
    let server: ServerDependencies
    private let compaction = SharedWork<Compacted>()

    init(server: ServerDependencies) { self.server = server }

    var routes: [Route] {
        let everywhere: Set<CompatibilityPort> = [.otlp, .zipkin]
        return [
            Route(.get, "/-/healthy", scope: .open, ports: everywhere) { _ in .text("Headrope is healthy.\n") },
            Route(.get, "/-/ready", scope: .open, ports: everywhere) { _ in ready() },
            Route(.get, "/health", scope: .open, ports: everywhere) { _ in health() },
            Route(.get, "/metrics", scope: .query) { _ in try await metrics() },
            Route(.post, "/-/compact", scope: .admin) { _ in try await compact() },
            Route(.post, "/-/snapshot", scope: .admin) { _ in .json(try await server.makeSnapshot(includingHead: true)) },
            Route(.get, "/-/snapshot", scope: .admin) { _ in try await snapshots() },
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

    private struct Snapshots: Encodable {
        var snapshots: [SnapshotInfo]
    }

    private func snapshots() async throws -> Response {
        let store = server.store
        return try await server.upkeep.run { .json(Snapshots(snapshots: try store.snapshots())) }
    }

    private struct Compacted: Encodable, Sendable {
        var status = "done"
        var metricBlocks: Int
        var spanBlocks: Int
        var byteCount: Int
    }

    /// Flushes and merges everything; a second call joins the first.
    private func compact() async throws -> Response {
        let (store, upkeep) = (server.store, server.upkeep)
        return .json(
            try await compaction.run {
                try await upkeep.run {
                    try store.compact()
                    let status = store.status()
                    return Compacted(
                        metricBlocks: status.metricBlocks, spanBlocks: status.spanBlocks, byteCount: status.byteCount)
                }
            })
    }
}
