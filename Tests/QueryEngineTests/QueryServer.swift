import Foundation
import HTTPTransport
import QueryEngine
import Storage
import TelemetryModel
import TestSupport

/// A process on loopback that takes remote write and answers queries over HTTP: Headrope, or a real Prometheus.
final class QueryServer: Sendable {
    /// Debian's Prometheus, version 2.42.
    static let prometheus = "/usr/bin/prometheus"

    private let process: ChildProcess
    private let transport: HTTPTransport
    private let folder: URL
    private let origin: String

    /// Starts `headrope serve` and waits until it is ready.
    static func startHeadrope() async throws -> QueryServer {
        try await QueryServer(TestBench.product("headrope")) { address, folder in
            [
                "serve", "--listen", address, "--data", folder.appendingPathComponent("data").path, "--enable-feature",
                "promql-experimental-functions,promql-duration-expr,promql-extended-range-selectors,promql-binop-fill-modifiers",
            ]
        }
    }

    /// Starts Prometheus and waits until it is ready.
    static func startPrometheus() async throws -> QueryServer {
        try await QueryServer(prometheus) { address, folder in
            let config = folder.appendingPathComponent("prometheus.yml")
            try "global: {}\n".write(to: config, atomically: true, encoding: .utf8)
            return [
                "--config.file=\(config.path)", "--storage.tsdb.path=\(folder.appendingPathComponent("data").path)",
                "--web.listen-address=\(address)", "--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver",
                "--query.lookback-delta=5m",
            ]
        }
    }

    private init(_ program: String, _ arguments: (_ address: String, _ folder: URL) throws -> [String]) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("query-server-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let address = "127.0.0.1:\(try TestBench.freePort())"
        origin = "http://\(address)"
        transport = try HTTPTransport()
        process = try ChildProcess(
            program, try arguments(address, folder), environment: ["HOME": folder.path],
            logFile: folder.appendingPathComponent("log"))
        let (transport, origin) = (transport, origin)
        _ = try await process.wait(for: "being ready") {
            try await transport.send(HTTPCall(url: "\(origin)/-/ready")).isSuccess ? true : nil
        }
    }

    /// Ends the process and removes its folder.
    func stop() async {
        process.end()
        await transport.shutdown()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: Samples

    /// How much time the samples of one request span: a Prometheus takes only what is not much older than what it has.
    private static let requestSpan: Int64 = 600_000

    /// Writes samples, the oldest first.
    func write(_ series: [ScriptSeries]) async throws {
        let times = series.flatMap { $0.points.map(\.time) }
        guard var start = times.min(), let end = times.max() else { return }
        while start <= end {
            var call = RemoteWriteCall()
            for one in series {
                let part = one.points.filter { $0.time >= start && $0.time < start + Self.requestSpan }
                if !part.isEmpty { call.append(one.labels.list.map { ($0.name, $0.value) }, part) }
            }
            let reply = try await transport.send(call.call(origin))
            if !reply.isSuccess { throw ScriptFailure(message: "remote write: \(reply.status) \(reply.text)") }
            start += Self.requestSpan
        }
    }

    /// Deletes every series.
    func deleteAll() async throws {
        let form = Self.form([("match[]", "{__name__!=\"\"}")])
        let reply = try await transport.send(
            HTTPCall(method: "POST", url: "\(origin)/api/v1/admin/tsdb/delete_series", headers: Self.formHeaders, body: form))
        if !reply.isSuccess { throw ScriptFailure(message: "deletion: \(reply.status) \(reply.text)") }
    }

    // MARK: Queries

    /// When a query is evaluated, milliseconds since 1970.
    enum Times {
        case instant(Int64)
        case range(start: Int64, end: Int64, step: Int64)
    }

    /// The answer to a query. Throws ``ScriptFailure`` with the server's sentence.
    func answer(_ query: String, _ times: Times) async throws -> ScriptAnswer {
        let reply: HTTPAnswer
        switch times {
        case .instant(let time): reply = try await post("query", [("query", query), ("time", Self.seconds(time))])
        case .range(let start, let end, let step):
            reply = try await post(
                "query_range",
                [
                    ("query", query), ("start", Self.seconds(start)), ("end", Self.seconds(end)), ("step", Self.seconds(step)),
                ])
        }
        return try QueryReply.decode(reply.body)
    }

    private func post(_ path: String, _ fields: [(String, String)]) async throws -> HTTPAnswer {
        try await transport.send(
            HTTPCall(
                method: "POST", url: "\(origin)/api/v1/\(path)", headers: Self.formHeaders, body: Self.form(fields),
                timeout: .seconds(60)))
    }

    private static let formHeaders = [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")]

    private static func form(_ fields: [(String, String)]) -> [UInt8] {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        let pairs = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: plain) ?? "")"
        }
        return Array(pairs.joined(separator: "&").utf8)
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        let digits = String(milliseconds.magnitude % 1_000)
        return (milliseconds < 0 ? "-" : "") + "\(milliseconds.magnitude / 1_000)."
            + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
