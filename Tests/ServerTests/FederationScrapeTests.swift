import Foundation
import HTTPTransport
import Logging
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("Federation with a real Prometheus", .serialized)
struct FederationScrapeTests {
    /// A server whose metrics were sampled a moment ago.
    private func withServer(_ body: (ListenAddress) async throws -> Void) async throws {
        let store = InMemoryStore()
        var batch = MetricBatch()
        let now = SystemTime().nowMilliseconds()
        func add(_ pairs: KeyValuePairs<String, String>, _ value: Double) {
            batch.append(Labels(pairs), [Sample(timestamp: now, value: value)])
        }
        add(["__name__": "hits_total", "job": "shop", "instance": "a", "path": "q\"\\\nü"], 1_234_567)
        add(["__name__": "hits_total", "job": "shop"], 0.1)
        add(["__name__": "temperature_celsius", "instance": "a"], -.infinity)
        for (bound, value) in [("0.5", 3.0), ("+Inf", 4)] {
            add(["__name__": "request_duration_seconds_bucket", "le": bound, "instance": "a"], value)
        }
        add(["__name__": "request_duration_seconds_count", "instance": "a"], 4)
        add(["__name__": "request_duration_seconds_sum", "instance": "a"], 1.5)
        batch.metadata = [
            MetricMetadata(metric: "hits_total", type: .counter, help: "Hits \\ of\n\"all\".", unit: ""),
            MetricMetadata(metric: "request_duration_seconds", type: .histogram, help: "How long.", unit: "seconds"),
            MetricMetadata(metric: "temperature_celsius", type: .gauge, help: "How warm.", unit: "celsius"),
        ]
        _ = try store.write(batch)
        var configuration = ServerConfiguration()
        configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
        let server = try HeadropeServer(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _ in
            store
        }
        let run = Task { try await server.run() }
        while server.addresses.isEmpty { await Task.yield() }
        try await RawHTTP.waitUntilReady(server.addresses[0])
        try await body(server.addresses[0])
        server.stop()
        try await run.value
    }

    private func get(_ url: String) async throws -> String? {
        let transport = try HTTPTransport()
        let answer = try? await transport.send(HTTPCall(url: url))
        await transport.shutdown()
        return answer.flatMap { $0.isSuccess ? $0.text : nil }
    }

    @Test("Prometheus scrapes what is federated, with every label, value and type")
    func scraped() async throws {
        let program = try TestBench.program("/usr/bin/prometheus")
        try await withServer { address in
            try await TestBench.withFolder { folder in
                let config = folder.appendingPathComponent("prometheus.yml")
                try Data(
                    """
                    scrape_configs:
                      - job_name: federate
                        honor_labels: true
                        scrape_interval: 1s
                        metrics_path: /federate
                        params: {"match[]": ['{__name__=~".+"}']}
                        static_configs: [{targets: ["\(address)"]}]
                    """.utf8
                ).write(to: config)
                let port = try TestBench.freePort()
                let prometheus = try ChildProcess(
                    program,
                    [
                        "--config.file=\(config.path)", "--storage.tsdb.path=\(folder.appendingPathComponent("data").path)",
                        "--web.listen-address=127.0.0.1:\(port)",
                    ], logFile: folder.appendingPathComponent("log"))
                defer { prometheus.end(SIGKILL) }
                let base = "http://127.0.0.1:\(port)/api/v1"
                let answer = try await prometheus.wait(for: "the first scrape") {
                    try await get("\(base)/query?query=%7B__name__=~%22(hits%7Crequest%7Ctemperature).*%22%7D").flatMap {
                        $0.contains("hits_total") ? $0 : nil
                    }
                }
                for part in [
                    #"{"__name__":"hits_total","instance":"a","job":"shop","path":"q\"\\\nü"},"value":"#, #""1234567"]"#,
                    // Without an instance it has none there either.
                    #"{"__name__":"hits_total","job":"shop"},"value":"#, #""0.1"]"#, #""-Inf"]"#,
                    #"{"__name__":"request_duration_seconds_bucket","instance":"a","job":"federate","le":"0.5"}"#,
                    #""__name__":"request_duration_seconds_sum""#, #""1.5"]"#,
                ] { #expect(answer.contains(part), "\(part) in \(answer)") }
                let metadata = try #require(try await get("\(base)/metadata"))
                #expect(metadata.contains(#""request_duration_seconds":[{"type":"histogram","help":"How long.""#), "\(metadata)")
                #expect(metadata.contains(#""hits":[{"type":"counter","help":"Hits \\ of\n\"all\".""#), "\(metadata)")
                let targets = try #require(try await get("\(base)/targets"))
                #expect(targets.contains(#""lastError":"""#) && targets.contains(#""health":"up""#), "\(targets)")
            }
        }
    }

    @Test("promtool finds nothing wrong with what is federated, nor with the server's own metrics")
    func checked() async throws {
        _ = try TestBench.program("/usr/bin/promtool")
        try await withServer { address in
            try await TestBench.withFolder { folder in
                for path in ["/federate?match%5B%5D=%7B__name__=~%22.%2B%22%7D", "/metrics"] {
                    let file = folder.appendingPathComponent("metrics.txt")
                    try Data(try #require(try await get("http://\(address)\(path)")).utf8).write(to: file)
                    let check = try ChildProcess(
                        "/bin/sh", ["-c", "/usr/bin/promtool check metrics < '\(file.path)'"],
                        logFile: folder.appendingPathComponent("promtool.log"))
                    #expect(check.exitStatus() == 0, "\(path): \(check.log)")
                }
            }
        }
    }
}
