import Foundation
import HTTPTransport
import TestSupport

/// Everything that the end-to-end test runs: real programs on loopback, each with its own folder, ended by its own id.
final class World: Sendable {
    let folder: URL
    let transport: HTTPTransport
    let server: Int
    let intake: Int
    let frontend: Int
    let receiver: Int
    let nginx: Int
    let prometheus: Int
    private let orders: Int
    private let redis: Int

    init(_ folder: URL) throws {
        self.folder = folder
        transport = try HTTPTransport()
        server = try TestBench.freePort()
        intake = try TestBench.freePort()
        frontend = try TestBench.freePort()
        orders = try TestBench.freePort()
        receiver = try TestBench.freePort()
        nginx = try TestBench.freePort()
        redis = try TestBench.freePort()
        prometheus = try TestBench.freePort()
    }

    func file(_ name: String, _ content: String) throws -> String {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: url)
        return url.path
    }

    func start(_ name: String, _ executable: String, _ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(
            executable, arguments, logFile: folder.appendingPathComponent(name + "-\(UUID().uuidString.prefix(4)).log"))
    }

    private var shop: URL { SharedData.projectFolder.appendingPathComponent("Tests/EndToEndTests/Shop") }
    var python: String { SharedData.projectFolder.appendingPathComponent(".venv/bin/python").path }

    // MARK: - Programs that are not ours

    func startMariaDB() async throws -> ChildProcess {
        let data = folder.appendingPathComponent("mariadb").path
        let install = try start(
            "mariadb-install", try TestBench.program("/usr/bin/mariadb-install-db"),
            [
                "--no-defaults", "--datadir=\(data)", "--auth-root-authentication-method=normal", "--skip-test-db",
                "--user=\(NSUserName())",
            ])
        while install.isRunning { try await Task.sleep(nanoseconds: 50_000_000) }
        let database = try start(
            "mariadb", try TestBench.program("/usr/sbin/mariadbd"),
            [
                "--no-defaults", "--datadir=\(data)", "--socket=\(socket)", "--skip-networking", "--user=\(NSUserName())",
                "--pid-file=\(data)/pid",
            ])
        _ = try await database.wait(for: "MariaDB's socket") { FileManager.default.fileExists(atPath: socket) ? true : nil }
        return database
    }

    private var socket: String { folder.appendingPathComponent("mariadb.sock").path }

    func startRedis() async throws -> ChildProcess {
        let process = try start(
            "redis", try TestBench.program("/usr/bin/redis-server"),
            ["--port", "\(redis)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", ""])
        _ = try await process.wait(for: "Redis") { TestBench.listens(redis) ? true : nil }
        return process
    }

    func startNginx() async throws -> ChildProcess {
        let work = folder.appendingPathComponent("nginx").path
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(work)/\($0);" }.joined(
            separator: " ")
        let configuration = try file(
            "nginx/nginx.conf",
            """
            daemon off; master_process off; pid \(work)/pid; error_log \(work)/error.log;
            events {}
            http { access_log off; \(paths) server { listen 127.0.0.1:\(nginx);
              location = /nginx_status { stub_status; }
              location / { return 200 "hello"; } } }
            """)
        let process = try start("nginx", try TestBench.program("/usr/sbin/nginx"), ["-c", configuration, "-p", work])
        _ = try await process.wait(for: "nginx") { TestBench.listens(nginx) ? true : nil }
        return process
    }

    func startPrometheus() throws -> ChildProcess {
        let configuration = try file(
            "prometheus.yml",
            """
            global: {scrape_interval: 1s}
            scrape_configs:
              - {job_name: queue, static_configs: [{targets: ['127.0.0.1:\(receiver)']}]}
            remote_write:
              - {url: 'http://127.0.0.1:\(server)/api/v1/write', queue_config: {batch_send_deadline: 500ms}}
            """)
        return try start(
            "prometheus", try TestBench.program("/usr/bin/prometheus"),
            [
                "--config.file=\(configuration)", "--storage.tsdb.path=\(folder.path)/prometheus",
                "--web.listen-address=127.0.0.1:\(prometheus)",
            ])
    }

    func startReceiver() async throws -> ChildProcess {
        let process = try start(
            "receiver", python, [shop.path + "/receiver.py", "--port", "\(receiver)", "--file", deliveries.path])
        _ = try await process.wait(for: "the receiver") { try await get("http://127.0.0.1:\(receiver)/metrics") }
        return process
    }

    func startShop() async throws -> [ChildProcess] {
        let common = ["--otlp", "http://127.0.0.1:\(intake)"]
        let ordersProcess = try start(
            "orders", python,
            [shop.path + "/shop.py", "orders", "--port", "\(orders)", "--mysql", socket, "--redis", "\(redis)"] + common)
        let frontendProcess = try start(
            "frontend", python,
            [shop.path + "/shop.py", "frontend", "--port", "\(frontend)", "--orders", "http://127.0.0.1:\(orders)"] + common)
        _ = try await ordersProcess.wait(for: "orders") { try await get("http://127.0.0.1:\(orders)/ready") }
        _ = try await frontendProcess.wait(for: "frontend") { try await get("http://127.0.0.1:\(frontend)/ready") }
        return [ordersProcess, frontendProcess]
    }

    func flushShop() async throws {
        for port in [frontend, orders] { _ = try await send("POST", "http://127.0.0.1:\(port)/flush") }
    }

    // MARK: - Our own programs

    func startServer() async throws -> ChildProcess {
        let rules = try file(
            "rules.yml",
            """
            groups:
              - name: shop
                interval: 1s
                rules:
                  - alert: QueueTooLong
                    expr: shop_queue_length > 3
                    labels: {severity: page}
                    annotations: {summary: "{{ $value }} orders wait at {{ $labels.instance }}"}
                  - record: shop:orders:total
                    expr: sum(shop_orders_placed_total)
            """)
        let configuration = try file(
            "headrope.yaml",
            """
            rule_files: ['\(rules)']
            alerting:
              route: {receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
              receivers: [{name: team, webhook_configs: [{url: 'http://127.0.0.1:\(receiver)/alerts'}]}]
            scaling:
              policies:
                - {name: orders, service: orders, min: 1, max: 4, goals: {p95: 100ms}, webhook: 'http://127.0.0.1:\(receiver)/scaling', interval: 1s, window: 10m}
            """)
        let process = try start(
            "server", TestBench.product("headrope"),
            ["serve", "--listen", "127.0.0.1:\(server)", "--data", folder.path + "/store", "--config", configuration])
        _ = try await process.wait(for: "the server") { try await get(url("/-/ready")) }
        return process
    }

    func startAgent() async throws -> ChildProcess {
        let configuration = try file(
            "agent.yaml",
            """
            collectors:
              host: {interval: 1s}
              nginx: {interval: 1s, endpoints: ['http://127.0.0.1:\(nginx)/nginx_status']}
              redis: {interval: 1s, endpoints: ['127.0.0.1:\(redis)']}
            """)
        let process = try start(
            "agent", TestBench.product("headrope-agent"),
            [
                "--server", "http://127.0.0.1:\(server)", "--data", folder.path + "/agent", "--config", configuration, "--intake",
                "127.0.0.1:\(intake)",
            ])
        _ = try await process.wait(for: "the agent's intake") { try await get("http://127.0.0.1:\(intake)/-/healthy") }
        return process
    }

    // MARK: - Asking

    func url(_ path: String) -> String { "http://127.0.0.1:\(server)\(path)" }

    /// The body of a GET that is answered with 200.
    func get(_ url: String) async throws -> [UInt8] {
        let answer = try await transport.send(HTTPCall(url: url))
        guard answer.status == 200 else {
            throw ChildProcess.Failure(
                description: "\(url) answered \(answer.status): \(String(decoding: answer.body.prefix(500), as: UTF8.self))")
        }
        return answer.body
    }

    func send(_ method: String, _ url: String) async throws -> Int {
        try await transport.send(HTTPCall(method: method, url: url)).status
    }

    func json(_ path: String) async throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(try await get(url(path))))
        guard let object = value as? [String: Any] else { throw ChildProcess.Failure(description: "\(path) gave no JSON object") }
        return object
    }

    /// The one value of an instant query over all series, or nil when it has no result.
    func value(_ expression: String, at address: String? = nil, time: Double? = nil) async throws -> Double? {
        let encoded = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let base = address ?? url("")
        let suffix = time.map { "&time=\($0)" } ?? ""
        let value = try JSONSerialization.jsonObject(with: Data(try await get("\(base)/api/v1/query?query=\(encoded)\(suffix)")))
        let data = (value as? [String: Any])?["data"] as? [String: Any]
        let first = (data?["result"] as? [[String: Any]])?.first?["value"] as? [Any]
        return (first?.last as? String).flatMap(Double.init)
    }

    var deliveries: URL { folder.appendingPathComponent("deliveries.jsonl") }

    /// What the receiver got at a path, in order.
    func delivered(_ path: String) throws -> [[String: Any]] {
        try String(contentsOf: deliveries, encoding: .utf8).split(separator: "\n").compactMap { line in
            let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return entry?["path"] as? String == path ? entry : nil
        }
    }

    /// Runs a program to its end and returns what it printed.
    func run(_ executable: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
        let process = try start("run", executable, arguments)
        let deadline = Date().addingTimeInterval(90)
        while process.isRunning, Date() < deadline { try await Task.sleep(nanoseconds: 20_000_000) }
        return (process.end(), process.log)
    }
}
