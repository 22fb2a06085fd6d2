import Foundation
import HTTPTransport
import TelemetryModel
import TestSupport
import Testing
import WireFormats

/// The executable as people start it.
@Suite struct AgentProcessTests {
    /// Starts an agent whose collectors for other programs are off, so that a test's outcome does not depend on what runs here.
    private func start(_ server: String, _ folder: URL, intake: Int? = nil, _ more: String...) throws -> ChildProcess {
        let file = folder.appendingPathComponent("agent.yaml")
        let yaml = """
            resource: {host.name: test-host, host.id: "00000000000000000000000000000001"}
            collectors: {host: {interval: 1s}, nginx: {enabled: false}, redis: {enabled: false}}
            """
        try Data(yaml.utf8).write(to: file)
        var arguments = ["--server", server, "--data", folder.path + "/data", "--config", file.path] + more
        if let intake { arguments += ["--intake", "127.0.0.1:\(intake)"] }
        return try ChildProcess(
            TestBench.product("headrope-agent"), arguments, logFile: folder.appendingPathComponent("log-\(UUID().uuidString)"))
    }

    private func post(
        _ transport: HTTPTransport, _ port: Int, _ path: String, _ body: [UInt8], json: Bool = false
    ) async throws -> HTTPAnswer {
        var call = HTTPCall(
            method: "POST", url: "http://127.0.0.1:\(port)\(path)",
            headers: [HTTPHeader("Content-Type", json ? "application/json" : "application/x-protobuf")], body: body)
        call.compressesBody = !json
        return try await transport.send(call)
    }

    private func span(_ name: String, trace: UInt64, host: String? = nil) -> [UInt8] {
        var resource = [Attribute("service.name", "shop")]
        if let host { resource.append(Attribute("host.name", host)) }
        let start: UInt64 = 1_700_000_000_000_000_000
        var batch = SpanBatch()
        batch.append(
            Span(
                traceID: TraceID(high: 1, low: trace), spanID: SpanID(trace), name: name, start: start, end: start + 5,
                resource: Resource(attributes: resource)))
        return OTLPTraceEncoder.encode(batch)
    }

    @Test("the host's metrics arrive with its identity; SIGTERM ends the agent with status 0")
    func hostMetrics() async throws {
        try await TestBench.withFolder { folder in
            let server = try await FakeServer.start()
            let agent = try start(server.url, folder)
            _ = try await agent.wait(for: "uptime has come twice") {
                server.metricNames.count { $0 == "system.uptime" } >= 2 ? true : nil
            }
            #expect(agent.end() == 0)
            let names = Set(server.metricNames)
            #expect(
                names.isSuperset(of: [
                    "system.cpu.time", "system.memory.usage", "headrope.agent.collector.up", "process.memory.usage",
                ]))
            let resource = Set(server.taken.flatMap { OTLPNames.resource($0.body) })
            #expect(
                resource.isSuperset(of: [
                    "service.name=headrope-agent", "service.instance.id=test-host", "host.name=test-host",
                    "host.id=00000000000000000000000000000001",
                ]))
            await server.stop()
        }
    }

    @Test("telemetry of applications gets the host's identity where it is missing, arrives once, and bad bodies are refused")
    func intake() async throws {
        try await TestBench.withFolder { folder in
            let server = try await FakeServer.start()
            let port = try TestBench.freePort()
            let agent = try start(server.url, folder, intake: port)
            let transport = try HTTPTransport()
            let healthy = HTTPCall(url: "http://127.0.0.1:\(port)/-/healthy")
            _ = try await agent.wait(for: "the intake is open") { try await transport.send(healthy).isSuccess ? true : nil }
            for index in 1...50 {
                #expect(try await post(transport, port, "/v1/traces", span("s\(index)", trace: UInt64(index))).status == 200)
            }
            #expect(try await post(transport, port, "/v1/traces", span("far", trace: 99, host: "elsewhere")).status == 200)
            let json =
                #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"app.jobs","gauge":{"dataPoints":[{"timeUnixNano":"1700000000000000000","asInt":"3"}]}}]}]}]}"#
            #expect(try await post(transport, port, "/v1/metrics", Array(json.utf8), json: true).status == 200)
            #expect(try await post(transport, port, "/v1/traces", [0x0A, 0xFF, 0x01]).status == 400)
            #expect(try await post(transport, port, "/v1/metrics", Array("{".utf8), json: true).status == 400)
            #expect(try await post(transport, port, "/v1/unknown", []).status == 404)
            #expect(try await transport.send(HTTPCall(url: "http://127.0.0.1:\(port)/v1/traces")).status == 405)
            let metrics = try await transport.send(HTTPCall(url: "http://127.0.0.1:\(port)/metrics")).text
            #expect(metrics.contains("\nheadrope_agent_spool_requests "))
            #expect(agent.end() == 0)
            let traces = server.taken.filter { $0.path == "/v1/traces" }
            #expect(traces.flatMap { OTLPNames.spans($0.body) }.sorted() == ((1...50).map { "s\($0)" } + ["far"]).sorted())
            let hosts = traces.flatMap { OTLPNames.resource($0.body) }.filter { $0.hasPrefix("host.name=") }
            #expect(hosts.count { $0 == "host.name=test-host" } == 50)
            #expect(hosts.count { $0 == "host.name=elsewhere" } == 1)
            #expect(server.metricNames.count { $0 == "app.jobs" } == 1)
            await transport.shutdown()
            await server.stop()
        }
    }

    @Test("kill -9 loses nothing that was acknowledged while the server was away")
    func killed() async throws {
        try await TestBench.withFolder { folder in
            let serverPort = try TestBench.freePort()
            let port = try TestBench.freePort()
            let transport = try HTTPTransport()
            let first = try start("http://127.0.0.1:\(serverPort)", folder, intake: port)
            let healthy = HTTPCall(url: "http://127.0.0.1:\(port)/-/healthy")
            _ = try await first.wait(for: "the intake is open") { try await transport.send(healthy).isSuccess ? true : nil }
            for index in 1...100 {
                #expect(try await post(transport, port, "/v1/traces", span("s\(index)", trace: UInt64(index))).status == 200)
            }
            first.end(SIGKILL)
            let server = try await FakeServer.start(port: serverPort)
            let second = try start("http://127.0.0.1:\(serverPort)", folder, intake: port)
            // Not only taken by the server but answered: a request whose answer is under way when the agent ends is sent again.
            let metrics = HTTPCall(url: "http://127.0.0.1:\(port)/metrics")
            _ = try await second.wait(for: "all spans have come and the spool is empty") {
                let count = server.taken.filter { $0.path == "/v1/traces" }.flatMap { OTLPNames.spans($0.body) }.count
                let isEmpty = try await transport.send(metrics).text.contains("\nheadrope_agent_spool_requests 0\n")
                return count >= 100 && isEmpty ? true : nil
            }
            #expect(second.end() == 0)
            let names = server.taken.filter { $0.path == "/v1/traces" }.flatMap { OTLPNames.spans($0.body) }
            #expect(names == (1...100).map { "s\($0)" })
            await transport.shutdown()
            await server.stop()
        }
    }

    @Test("a second agent on the same folder, a taken port, a missing token and an unknown key end with a sentence")
    func refusals() async throws {
        try await TestBench.withFolder { folder in
            let port = try TestBench.freePort()
            let first = try start("http://127.0.0.1:1", folder, intake: port)
            _ = try await first.wait(for: "the intake is open") { TestBench.listens(port) ? true : nil }
            let second = try start("http://127.0.0.1:1", folder)
            #expect(await status(of: second) == 1)
            #expect(second.log.contains("headrope-agent: "))
            let other = folder.appendingPathComponent("other")
            try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
            let third = try start("http://127.0.0.1:1", other, intake: port)
            #expect(await status(of: third) == 1)
            #expect(third.log.contains("is in use by another program"))
            let fourth = try start("http://127.0.0.1:1", other, "--token-file", "/nowhere/token")
            #expect(await status(of: fourth) == 1)
            #expect(fourth.log.contains("/nowhere/token"))
            try Data("colectors: {}\n".utf8).write(to: folder.appendingPathComponent("bad.yaml"))
            let fifth = try ChildProcess(
                TestBench.product("headrope-agent"), ["--server", "http://a", "--config", folder.path + "/bad.yaml"],
                logFile: folder.appendingPathComponent("log-bad"))
            #expect(await status(of: fifth) == 1)
            #expect(fifth.log.contains("bad.yaml:1: 'colectors' is no key that is known. Did you mean 'collectors'?"))
            #expect(first.end() == 0)
        }
    }

    /// Waits for a program that ends by itself.
    private func status(of process: ChildProcess) async -> Int32 {
        try? await until { !process.isRunning }
        return process.end()
    }
}
