import Foundation
import TestSupport
import Testing

/// A shop that nobody here wrote (Flask, requests, PyMySQL and redis with OpenTelemetry's instrumentations, MariaDB, Redis, nginx,
/// Prometheus), an agent and a server. The scenario knows what it did, and every answer is compared with that.
@Suite("End to end", .serialized)
struct EndToEndTests {
    static let buys = 12
    static let reports = 6
    static let broken = 4
    static var traces: Int { buys + reports + broken }

    @Test("A shop, its hosts, an alert and a decision, counted exactly", .timeLimit(.minutes(10)))
    func scenario() async throws {
        try await TestBench.withFolder { folder in
            let world = try World(folder)
            var running = [
                try await world.startMariaDB(), try await world.startRedis(), try await world.startNginx(),
                try await world.startReceiver(),
            ]
            defer { for process in running.reversed() { process.end() } }
            var server = try await world.startServer()
            defer { server.end() }
            running += [try await world.startAgent(), try world.startPrometheus()]
            running += try await world.startShop()

            try await Self.drive(world)
            try await Self.waitForSpans(world, server)
            try await Self.checkTraces(world)
            try await Self.checkAnswers(world)
            try await Self.checkMetrics(world, server)
            try await Self.checkAlert(world, server)
            try await Self.checkDecision(world, server)
            try await Self.checkCommands(world)
            try await Self.checkPages(world)

            server.end(SIGKILL)
            server = try await world.startServer()
            try await Self.checkTraces(world)
            try await Self.checkAnswers(world)
            #expect(server.end() == 0)
            await world.transport.shutdown()
        }
    }

    /// Uses the shop as its customers would.
    static func drive(_ world: World) async throws {
        let base = "http://127.0.0.1:\(world.frontend)"
        for index in 0..<buys { #expect(try await world.send("GET", "\(base)/buy/item\(index)") == 200) }
        for _ in 0..<reports { #expect(try await world.send("GET", "\(base)/report") == 200) }
        for _ in 0..<broken { #expect(try await world.send("GET", "\(base)/broken") == 502) }
        try await world.flushShop()
    }

    static func jaegerTraces(_ world: World) async throws -> [[String: Any]] {
        try await world.json("/api/traces?service=frontend&limit=1000")["data"] as? [[String: Any]] ?? []
    }

    static func waitForSpans(_ world: World, _ server: ChildProcess) async throws {
        let wanted = buys * 5 + reports * 4 + broken * 3
        _ = try await server.wait(for: "\(wanted) spans") {
            let found = try await jaegerTraces(world).reduce(0) { $0 + (($1["spans"] as? [Any])?.count ?? 0) }
            return found == wanted ? found : nil
        }
    }

    /// Spans per trace, by what the request was.
    static func checkTraces(_ world: World) async throws {
        let traces = try await jaegerTraces(world)
        #expect(traces.count == Self.traces)
        var counts: [String: [Int]] = [:]
        for trace in traces {
            let spans = trace["spans"] as? [[String: Any]] ?? []
            let root = spans.first { ($0["references"] as? [Any])?.isEmpty ?? true }
            counts[root?["operationName"] as? String ?? "none", default: []].append(spans.count)
        }
        #expect(counts["GET /buy/<item>"] == Array(repeating: 5, count: buys))
        #expect(counts["GET /report"] == Array(repeating: 4, count: reports))
        #expect(counts["GET /broken"] == Array(repeating: 3, count: broken))
        let errors =
            try await world.json("/api/traces?service=orders&tags=%7B%22error%22%3A%22true%22%7D&limit=1000")["data"] as? [Any]
        #expect(errors?.count == broken)
        let slow = try await world.json("/api/traces?service=orders&minDuration=300ms&limit=1000")["data"] as? [[String: Any]] ?? []
        // Reports sleep longer than that; on a busy machine something else may take as long.
        #expect(slow.count >= reports)
        #expect(Set(slow.compactMap(traceID)) == Set(traces.filter { isSlow($0, microseconds: 300_000) }.compactMap(traceID)))
    }

    private static func traceID(_ trace: [String: Any]) -> String? { trace["traceID"] as? String }

    /// Whether a span of the service "orders" took so long.
    private static func isSlow(_ trace: [String: Any], microseconds: Int) -> Bool {
        let processes = trace["processes"] as? [String: [String: Any]] ?? [:]
        return (trace["spans"] as? [[String: Any]] ?? []).contains { span in
            let process = processes[span["processID"] as? String ?? ""]
            return process?["serviceName"] as? String == "orders" && (span["duration"] as? Int ?? 0) >= microseconds
        }
    }

    /// Calls by edge, statements with their callers, failures by endpoint.
    static func checkAnswers(_ world: World) async throws {
        let edges = try await world.json("/api/v1/dependencies")["edges"] as? [[String: Any]] ?? []
        func calls(_ caller: String, _ kind: String) -> Int? {
            edges.first { $0["caller"] as? String == caller && $0["kind"] as? String == kind }?["calls"] as? Int
        }
        #expect(calls("frontend", "call") == traces)
        let data = edges.filter { $0["caller"] as? String == "orders" && $0["kind"] as? String == "database" }.compactMap {
            $0["calls"] as? Int
        }
        #expect(data.sorted() == [buys, buys + reports])

        let statements = try await world.json("/api/v1/statements?service=orders")["statements"] as? [[String: Any]] ?? []
        let slowest = statements.max { ($0["p95Seconds"] as? Double ?? 0) < ($1["p95Seconds"] as? Double ?? 0) }
        #expect(slowest?["fingerprint"] as? String == "SELECT o.item, SLEEP(?) FROM orders o WHERE o.id = ? LIMIT ?")
        #expect(slowest?["calls"] as? Int == reports)
        let caller = (slowest?["callers"] as? [[String: Any]])?.first
        #expect(caller?["service"] as? String == "orders" && caller?["operation"] as? String == "GET /report")
        let insert = statements.first { $0["fingerprint"] as? String == "INSERT INTO orders (item, price) VALUES (?, ?)" }
        #expect(insert?["calls"] as? Int == buys)

        let endpoints = try await world.json("/api/v1/top?of=endpoint&by=errors")["rows"] as? [[String: Any]] ?? []
        for service in ["frontend", "orders"] {
            let row = endpoints.first { $0["key"] as? [String: String] == ["service": service, "operation": "GET /broken"] }
            #expect(row?["errors"] as? Int == broken && row?["calls"] as? Int == broken)
        }
        #expect(endpoints.reduce(0) { $0 + ($1["errors"] as? Int ?? 0) } == 2 * broken)
    }

    static func checkMetrics(_ world: World, _ server: ChildProcess) async throws {
        _ = try await server.wait(for: "the shop's metrics") {
            try await world.value("sum(shop_orders_placed_total)") == Double(buys) ? true : nil
        }
        for (job, count) in [("e2e/frontend", traces), ("e2e/orders", traces)] {
            #expect(try await world.value("sum(http_server_duration_milliseconds_count{job=\"\(job)\"})") == Double(count))
        }
        #expect(
            try await world.value(
                "sum(shop_orders_placed_total{item_kind=\"even\"}) + sum(shop_orders_placed_total{item_kind=\"odd\"})")
                == Double(buys))
        for expression in [
            "count(system_cpu_time_seconds_total)", "sum(nginx_requests_total)", "sum(redis_commands_processed_total)",
        ] {
            _ = try await server.wait(for: expression) { try await world.value(expression).map { $0 > 0 ? true : nil } ?? nil }
        }
        // Every series of the agent names its host.
        #expect(try await world.value("count(nginx_requests_total{host_name=\"\"})") == nil)
        let promtool = try await world.run(
            try TestBench.program("/usr/bin/promtool"), ["query", "instant", world.url(""), "sum(shop_orders_placed_total)"])
        #expect(promtool.status == 0 && promtool.output.contains("=> \(buys) @"), "\(promtool.output)")
    }

    /// Prometheus scrapes the queue and sends it here; the rule fires once, is over once, and both stores agree.
    static func checkAlert(_ world: World, _ server: ChildProcess) async throws {
        _ = try await world.send("POST", "http://127.0.0.1:\(world.receiver)/queue/5")
        _ = try await server.wait(for: "the alert") { try world.delivered("/alerts").count == 1 ? true : nil }
        _ = try await world.send("POST", "http://127.0.0.1:\(world.receiver)/queue/0")
        _ = try await server.wait(for: "its end") { try world.delivered("/alerts").count == 2 ? true : nil }
        let bodies = try world.delivered("/alerts").compactMap { $0["body"] as? [String: Any] }
        #expect(bodies.map { $0["status"] as? String } == ["firing", "resolved"])
        #expect(bodies.map { $0["version"] as? String } == ["4", "4"])
        let alert = (bodies.first?["alerts"] as? [[String: Any]])?.first
        #expect((alert?["annotations"] as? [String: String])?["summary"] == "5 orders wait at 127.0.0.1:\(world.receiver)")
        let keys = try world.delivered("/alerts").compactMap { ($0["headers"] as? [String: String])?["idempotency-key"] }
        #expect(Set(keys).count == 2)

        _ = try await server.wait(for: "ten samples of the queue") {
            try await world.value("count_over_time(shop_queue_length[1h])").map { $0 >= 10 ? true : nil } ?? nil
        }
        let moment = Date().timeIntervalSince1970.rounded(.down) - 2
        let expression = "count_over_time(shop_queue_length[5s])"
        let theirs = try await world.value(expression, at: "http://127.0.0.1:\(world.prometheus)", time: moment)
        let ours = try await server.wait(for: "the same samples as Prometheus") {
            let value = try await world.value(expression, time: moment)
            return value == theirs ? value : nil
        }
        #expect(ours >= 4)
    }

    static func checkDecision(_ world: World, _ server: ChildProcess) async throws {
        func verdicts() throws -> [[String: Any]] {
            try world.delivered("/scaling").compactMap {
                (($0["body"] as? [String: Any])?["data"] as? [String: Any])?["decision"] as? [String: Any]
            }
        }
        let decision = try await server.wait(for: "a decision to throttle") {
            try verdicts().first { $0["verdict"] as? String == "throttle" }
        }
        let evidence = decision["evidence"] as? [[String: Any]] ?? []
        let statement = evidence.first { $0["kind"] as? String == "statement" }
        #expect(statement?["fingerprint"] as? String == "SELECT o.item, SLEEP(?) FROM orders o WHERE o.id = ? LIMIT ?")
        #expect(try verdicts().allSatisfy { $0["verdict"] as? String != "scale_out" })
        let event = try world.delivered("/scaling").last?["body"] as? [String: Any]
        #expect(event?["specversion"] as? String == "1.0" && event?["subject"] as? String == "orders")
    }

    /// The command line as people use it.
    static func checkCommands(_ world: World) async throws {
        let headrope = TestBench.product("headrope")
        let server = ["--server", world.url("")]
        let id = try #require(try await jaegerTraces(world).first?["traceID"] as? String)
        for (arguments, text) in [
            (["query", "sum(shop_orders_placed_total)"], "\(buys)"), (["services"], "frontend"), (["top"], "GET /report"),
            (["trace", id], "orders"),
        ] {
            let result = try await world.run(headrope, arguments + server)
            #expect(result.status == 0 && result.output.contains(text), "\(arguments): \(result.output)")
        }
        let missing = try await world.run(headrope, ["trace", "00000000000000000000000000000001"] + server)
        #expect(missing.status != 0)
    }

    /// Each page in a real browser, and a report that needs no server.
    static func checkPages(_ world: World) async throws {
        let out = world.folder.appendingPathComponent("report")
        let end = Int(Date().timeIntervalSince1970)
        let report = try await world.run(
            TestBench.product("headrope"),
            ["report", "--server", world.url(""), "--from", "\(end - 1_800)", "--to", "\(end)", "--out", out.path])
        #expect(report.status == 0, "\(report.output)")
        let files = try FileManager.default.contentsOfDirectory(atPath: out.path).sorted()
        #expect(files.contains("index.html") && files.contains("service-orders.html"))
        #expect(files.contains { $0.hasPrefix("trace-") } && files.contains { $0.hasPrefix("host-") })
        let trace = try #require(files.first { $0.hasPrefix("trace-") })
        let host = try #require(files.first { $0.hasPrefix("host-") })
        let pages = [
            ("overview", world.url("/"), "frontend"), ("query", world.url("/query?expr=shop_queue_length"), "shop_queue_length"),
            ("alerts", world.url("/alerts"), "QueueTooLong"), ("reports", world.url("/reports/"), "headrope report"),
            ("service", "file://\(out.path)/service-orders.html", "SLEEP(?)"),
            ("trace", "file://\(out.path)/\(trace)", "critical path"),
            ("host", "file://\(out.path)/\(host)", "CPU by mode"), ("index", "file://\(out.path)/index.html", "GET /report"),
        ]
        for (name, address, text) in pages { try await checkPage(world, name, address, text) }
    }

    static func checkPage(_ world: World, _ name: String, _ address: String, _ text: String) async throws {
        let chromium = try TestBench.program("/usr/bin/chromium")
        let picture = world.folder.appendingPathComponent("\(name).png")
        let profile = world.folder.appendingPathComponent("chromium").path
        let common = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=\(profile)"]
        let dump = try await world.run(chromium, common + ["--dump-dom", address])
        #expect(dump.output.contains(text), "\(name): \(dump.output.prefix(500))")
        #expect(dump.output.contains("<h1>"), "\(name)")
        _ = try await world.run(chromium, common + ["--window-size=1280,1600", "--screenshot=\(picture.path)", address])
        let bytes = try Data(contentsOf: picture)
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) && bytes.count > 15_000, "\(name) has only \(bytes.count) bytes")
        if let keep = ProcessInfo.processInfo.environment["HEADROPE_SCREENSHOTS"] {
            try bytes.write(to: URL(fileURLWithPath: keep).appendingPathComponent("\(name).png"))
        }
    }
}
