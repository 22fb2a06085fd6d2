import Logging
import ServiceLifecycle
import Storage
import TelemetryModel

/// Writes the server's own metrics into its own store (`self_store: true`), as a scrape of `/metrics` would.
struct SelfMetricsService: Service {
    /// Nanoseconds between two writes: the interval at which Prometheus's users scrape.
    static let interval: UInt64 = 15_000_000_000

    let server: ServerDependencies
    /// The value of the label `instance`: the main address.
    let instance: String

    /// Goes on until the task is cancelled.
    func run() async throws {
        while !Task.isCancelled {
            await once()
            try await server.time.sleep(nanoseconds: Self.interval)
        }
    }

    /// Writes the metrics of this moment. A store that takes nothing in is reported by the readiness, not here.
    func once() async {
        let server = server
        let instance = instance
        do {
            _ = try await server.pool.run {
                let snapshot = server.metrics.snapshot(server)
                let labels = [Label("job", "headrope"), Label("instance", instance)]
                return try server.store.write(snapshot.batch(timestamp: server.time.nowMilliseconds(), labels: labels))
            }
        } catch {
            server.logger.debug("The server's own metrics were not stored.", metadata: ["error": "\(error)"])
        }
    }
}
