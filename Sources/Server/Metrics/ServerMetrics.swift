import Platform
import Storage
import Synchronization

/// What the server counts about itself, offered at `/metrics` and, on request, written into its own store.
final class ServerMetrics: Sendable {
    /// A request's route, method and status.
    struct RequestKey: Hashable, Sendable {
        /// The path of the route with its braces, or `unknown`: never what a client sent, which has no bound.
        var route: String
        /// The method, or `other`.
        var method: String
        /// The status code.
        var code: Int
    }

    private struct State {
        var requests: [RequestKey: Int] = [:]
        var durations: [String: DurationHistogram] = [:]
    }

    private let state = Mutex(State())

    /// Nothing counted.
    init() {}

    /// Counts a request that took so long.
    func countRequest(_ key: RequestKey, nanoseconds: UInt64) {
        state.withLock {
            $0.requests[key, default: 0] += 1
            $0.durations[key.route, default: DurationHistogram()].add(nanoseconds)
        }
    }

    /// Everything at this moment. Asks the store for its status, so it blocks.
    func snapshot(_ server: ServerDependencies) -> MetricSnapshot {
        let state = self.state.withLock { $0 }
        var snapshot = MetricSnapshot()
        write(state, to: &snapshot)
        write(server.store.status(), to: &snapshot)
        server.intake.counters.snapshot.write(to: &snapshot, limits: server.intake.limits)
        server.queries.write(to: &snapshot)
        snapshot.family("headrope_pool_queue_depth", .gauge, "Pieces of blocking work that wait for a thread.")
        snapshot.sample([], Double(server.pool.queueDepth))
        ProcessUsage.current().write(to: &snapshot)
        return snapshot
    }

    private func write(_ state: State, to snapshot: inout MetricSnapshot) {
        snapshot.family("headrope_http_requests_total", .counter, "Requests by route, method and status code.")
        for (key, count) in state.requests.sorted(by: { $0.key.order < $1.key.order }) {
            snapshot.sample([("route", key.route), ("method", key.method), ("code", String(key.code))], Double(count))
        }
        snapshot.family("headrope_http_request_duration_seconds", .histogram, "Time from a request's head to its reply.")
        for (route, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            snapshot.histogram([("route", route)], histogram)
        }
    }

    private func write(_ status: StoreStatus, to snapshot: inout MetricSnapshot) {
        let gauges: [(String, String, Int)] = [
            ("headrope_store_head_series", "Series in the head.", status.headSeries),
            ("headrope_store_head_samples", "Samples in the head.", status.headSamples),
            ("headrope_store_exemplars", "Exemplars in the store.", status.exemplars),
            ("headrope_store_metadata", "Metrics of which type, help or unit are known.", status.metadata),
            ("headrope_store_head_spans", "Spans in the head.", status.headSpans),
            ("headrope_store_bytes", "Bytes of all files of the store but snapshots.", status.byteCount),
            ("headrope_store_deletions", "Deletions whose samples still stand in blocks.", status.deletions),
            ("headrope_store_snapshots", "Snapshots that are kept.", status.snapshots),
            (
                "headrope_store_snapshot_bytes", "Bytes of the snapshots, files shared with the store included.",
                status.snapshotByteCount
            ),
            ("headrope_store_damaged_segments", "Damaged segments of logs that were set aside.", status.damagedSegments),
            ("headrope_store_damages", "Damaged blocks and torn log tails.", status.damages.count),
            ("headrope_store_writable", "1 when the store takes telemetry in, else 0.", status.writeRefusal == nil ? 1 : 0),
        ]
        for (name, help, value) in gauges {
            snapshot.family(name, .gauge, help)
            snapshot.sample([], Double(value))
        }
        snapshot.family("headrope_store_blocks", .gauge, "Blocks by signal.")
        snapshot.sample([("signal", "metrics")], Double(status.metricBlocks))
        snapshot.sample([("signal", "traces")], Double(status.spanBlocks))
        if status.downsampled.isEmpty { return }
        snapshot.family("headrope_store_downsampled_blocks", .gauge, "Blocks of aggregates of metrics by resolution.")
        for part in status.downsampled { snapshot.sample([("resolution", part.name)], Double(part.blocks)) }
        snapshot.family("headrope_store_downsampled_bytes", .gauge, "Bytes of the blocks of aggregates by resolution.")
        for part in status.downsampled { snapshot.sample([("resolution", part.name)], Double(part.byteCount)) }
    }
}

extension ServerMetrics.RequestKey {
    fileprivate var order: String { "\(route) \(method) \(code)" }
}
