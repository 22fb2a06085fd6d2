import Foundation
import TestSupport
import Testing

/// Metrics of senders that nobody here wrote (OpenTelemetry's SDK, Debian's Prometheus) and of one that speaks remote write 2.0
/// byte by byte. What they sent is known, and every answer is compared with that, before and after kill -9.
@Suite("Metrics of real senders", .serialized)
struct MetricIntakeTests {
    @Test("the SDK's metrics, cumulative and delta, with exemplars and metadata", .timeLimit(.minutes(5)))
    func sdk() async throws {
        try await withServer { world, server in
            var traces: [String: [String]] = [:]
            for temporality in ["cumulative", "delta"] {
                let run = try await world.run(
                    world.python,
                    [Self.script("sdk_metrics"), "--endpoint", "http://127.0.0.1:\(world.server)", "--temporality", temporality])
                #expect(run.status == 0, "\(run.output)")
                traces[temporality] = run.output.split(separator: "\n").map(String.init)
            }
            for _ in 0..<2 {
                for (temporality, ids) in traces { try await Self.checkSDK(world, temporality, ids) }
                try await Self.checkMetadata(
                    world,
                    [
                        "orders_total": ["counter", "Orders that were placed.", ""],
                        "latency_seconds": ["histogram", "", "seconds"],
                    ])
                server.end(SIGKILL)
                server = try await world.startServer()
            }
        }
    }

    private static func checkSDK(_ world: World, _ temporality: String, _ traces: [String]) async throws {
        let own = #"job="test/sdk",instance="\#(temporality)",host_name="h1""#
        let expected: [(String, Double)] = [
            (#"orders_total{\#(own),shop_region="eu"}"#, 6), (#"orders_total{\#(own),shop_region="us"}"#, 8),
            ("queue_size{\(own)}", 6), ("latency_seconds_count{\(own)}", 8), ("latency_seconds_sum{\(own)}", 16.3),
            (#"latency_seconds_bucket{\#(own),le="0.1"}"#, 2), (#"latency_seconds_bucket{\#(own),le="1"}"#, 6),
            (#"latency_seconds_bucket{\#(own),le="+Inf"}"#, 8), ("exp_latency_milliseconds_count{\(own)}", 200),
            (#"exp_latency_milliseconds_bucket{\#(own),le="64"}"#, 128), (#"temperature_celsius{\#(own),room="cellar"}"#, 21.5),
            (#"target_info{job="test/sdk",instance="\#(temporality)",deployment_environment_name="e2e"}"#, 1),
        ]
        for (query, value) in expected {
            let found = try await world.value(query)
            #expect(found.map { abs($0 - value) < 1e-9 } == true, "\(query): \(String(describing: found))")
        }
        let median = try await world.value("histogram_quantile(0.5, exp_latency_milliseconds_bucket{\(own)})") ?? 0
        #expect(median > 25 && median < 100, "\(temporality): \(median)")
        let exemplars = try await Self.exemplars(world, #"rate(latency_seconds_bucket{instance="\#(temporality)"}[5m])"#)
        #expect(!exemplars.isEmpty && Set(exemplars.compactMap { $0["trace_id"] }).isSubset(of: Set(traces)), "\(exemplars)")
    }

    @Test("Prometheus sends exemplars and metadata by remote write 1.0", .timeLimit(.minutes(5)))
    func prometheus() async throws {
        try await withServer { world, server in
            let target = try TestBench.freePort()
            let targetProcess = try world.start("target", world.python, [Self.script("openmetrics"), "--port", "\(target)"])
            defer { targetProcess.end() }
            let configuration = try world.file(
                "exemplars.yml",
                """
                global: {scrape_interval: 1s}
                scrape_configs: [{job_name: work, static_configs: [{targets: ['127.0.0.1:\(target)']}]}]
                remote_write:
                  - url: 'http://127.0.0.1:\(world.server)/api/v1/write'
                    send_exemplars: true
                    metadata_config: {send: true, send_interval: 1s}
                    queue_config: {batch_send_deadline: 500ms}
                """)
            let prometheus = try world.start(
                "prometheus", try TestBench.program("/usr/bin/prometheus"),
                [
                    "--config.file=\(configuration)", "--storage.tsdb.path=\(world.folder.path)/prometheus",
                    "--web.listen-address=127.0.0.1:\(world.prometheus)", "--enable-feature=exemplar-storage",
                ])
            defer { prometheus.end() }
            _ = try await prometheus.wait(for: "both exemplars and the metadata") {
                let exemplars = try await Self.exemplars(world, "work_seconds_bucket")
                let metadata = try await world.json("/api/v1/metadata")["data"] as? [String: Any] ?? [:]
                return exemplars.count == 2 && metadata["work_seconds"] != nil ? true : nil
            }
            server.end(SIGKILL)
            server = try await world.startServer()
            let exemplars = try await Self.exemplars(world, "work_seconds_bucket")
            #expect(Set(exemplars) == [["trace_id": "0af7"], ["trace_id": "b7ad", "span_id": "01"]])
            let address = "http://127.0.0.1:\(world.prometheus)"
            let theirs =
                try JSONSerialization.jsonObject(
                    with: Data(try await world.get("\(address)/api/v1/query_exemplars?query=work_seconds_bucket"))) as? NSDictionary
            #expect(try await world.json("/api/v1/query_exemplars?query=work_seconds_bucket") as NSDictionary == theirs)
            try await Self.checkMetadata(
                world,
                ["work_seconds": ["histogram", "How long the work took.", "seconds"], "jobs": ["counter", "Jobs done.", ""]])
            let failed = "prometheus_remote_storage_exemplars_failed_total + prometheus_remote_storage_samples_failed_total"
            #expect(try await world.value("sum(\(failed)) or vector(0)", at: address) == 0)
        }
    }

    @Test("remote write 2.0 is taken, its headers tell what was written, and a bad series is a 400", .timeLimit(.minutes(5)))
    func remoteWrite2() async throws {
        try await withServer { world, server in
            let url = "http://127.0.0.1:\(world.server)/api/v1/write"
            func send(_ more: String...) async throws -> [String: Any] {
                let run = try await world.run(world.python, [Self.script("remote_write2"), "--url", url] + more)
                return try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any] ?? [:]
            }
            func written(_ samples: Int) -> [String: String] {
                let prefix = "x-prometheus-remote-write-"
                return [
                    "\(prefix)samples-written": "\(samples)", "\(prefix)histograms-written": "0", "\(prefix)exemplars-written": "2",
                ]
            }
            let good = try await send()
            #expect(good["status"] as? Int == 204, "\(good)")
            #expect(good["written"] as? [String: String] == written(4))
            let bad = try await send("--break")
            #expect(bad["status"] as? Int == 400 && (bad["body"] as? String)?.contains("odd in number") == true, "\(bad)")
            #expect(bad["written"] as? [String: String] == written(4))
            server.end(SIGKILL)
            server = try await world.startServer()
            #expect(try await world.value("sum(two_orders_total)") == 8)
            #expect(try await Self.exemplars(world, "two_orders_total").count == 4)
            try await Self.checkMetadata(world, ["two_orders_total": ["counter", "Orders that were placed.", ""]])
            let own = String(decoding: try await world.get(world.url("/metrics")), as: UTF8.self)
            #expect(own.contains("headrope_store_exemplars 4\n") && own.contains("headrope_store_metadata 1\n"))
        }
    }

    // MARK: - Helpers

    private func withServer(_ body: (World, inout ChildProcess) async throws -> Void) async throws {
        try await TestBench.withFolder { folder in
            let world = try World(folder)
            var server = try await world.startServer()
            defer { server.end() }
            try await body(world, &server)
            await world.transport.shutdown()
        }
    }

    private static func script(_ name: String) -> String {
        SharedData.projectFolder.appendingPathComponent("Tests/EndToEndTests/Metrics/\(name).py").path
    }

    /// The labels of every exemplar that the expression selects.
    private static func exemplars(_ world: World, _ expression: String) async throws -> [[String: String]] {
        let query = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let data = try await world.json("/api/v1/query_exemplars?query=\(query)")["data"] as? [[String: Any]] ?? []
        return data.flatMap { $0["exemplars"] as? [[String: Any]] ?? [] }.map { $0["labels"] as? [String: String] ?? [:] }
    }

    private static func checkMetadata(_ world: World, _ expected: [String: [String]]) async throws {
        let data = try await world.json("/api/v1/metadata")["data"] as? [String: [[String: String]]] ?? [:]
        for (metric, texts) in expected {
            #expect(data[metric] == [["type": texts[0], "help": texts[1], "unit": texts[2]]], "\(metric): \(data[metric] ?? [])")
        }
    }
}
