import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("Prometheus's API over downsampled metrics")
struct DownsampledRouteTests {
    private static let hour: Int64 = 3_600_000
    /// 2026-01-02T03:04:05Z.
    private static let now = Int64(TestServer.now / 1_000_000)

    /// A server with a gauge of every minute of yesterday, whose samples are gone.
    private func withServer(_ body: (TestServer) async throws -> Void) async throws {
        let time = ManualTime(now: TestServer.now)
        var options = EmbeddedStoreOptions()
        options.retentionTime = Self.hour
        options.retention5m = 100 * 24 * Self.hour
        let store = try EmbeddedStore.open(
            directory: "/store", options: options, fileSystem: FaultFileSystem(seed: 0), time: time)
        var batch = MetricBatch()
        let first = (Self.now / Self.hour - 24) * Self.hour
        batch.append(
            Labels(["__name__": "load", "host": "a"]),
            (0..<600).map { Sample(timestamp: first + Int64($0) * 60_000 + 1, value: Double($0)) })
        _ = try store.write(batch)
        try store.compact()
        for _ in 0..<3 { try store.maintain() }
        try await body(TestServer(dependencies: TestServer.dependencies(store: store, time: time)))
        try store.close()
    }

    @Test("an exact answer says nothing, another one says in `warnings` what is left")
    func warnings() async throws {
        try await withServer { server in
            let end = Self.now / Self.hour * 3_600 - 22 * 3_600
            let exact = try await server.send(.get, "/api/v1/query?query=max_over_time(load%5B1h%5D)&time=\(end)")
            #expect(exact.status == 200 && exact.body.contains("\"119\"") && !exact.body.contains("warnings"))
            let average = try await server.send(.get, "/api/v1/query?query=avg_over_time(load%5B1h%5D)&time=\(end)")
            #expect(average.body.contains("\"89.5\"") && !average.body.contains("warnings"))
            for query in ["load", "rate(load%5B1h%5D)", "max_over_time(load%5B61m%5D)"] {
                let reply = try await server.send(.get, "/api/v1/query?query=\(query)&time=\(end)")
                #expect(reply.status == 200 && reply.body.contains("\"host\":\"a\""), "\(query)")
                let warning = "\"warnings\":[\"PromQL warning: only 5m aggregates are kept before 2026-01-01T"
                #expect(reply.body.contains(warning), "\(query): \(reply.body)")
            }
        }
    }

    @Test("metrics of the server and names of labels show the resolution, and not how it is kept")
    func seen() async throws {
        try await withServer { server in
            let metrics = try await server.send(.get, "/metrics").body
            #expect(metrics.contains("headrope_store_downsampled_blocks{resolution=\"5m\"} 1"))
            #expect(metrics.contains("headrope_store_downsampled_bytes{resolution=\"5m\"}"))
            let names = try await server.send(.get, "/api/v1/labels").body
            #expect(names == #"{"status":"success","data":["__name__","host"]}"#)
            let series = try await server.send(.get, "/api/v1/series?match%5B%5D=load&start=0")
            #expect(series.body == #"{"status":"success","data":[{"__name__":"load","host":"a"}]}"#)
        }
    }
}
