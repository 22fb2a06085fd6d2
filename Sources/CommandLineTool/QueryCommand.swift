import ArgumentParser
import Platform
import TelemetryModel

/// `headrope query`: a PromQL expression, now or over a range.
public struct QueryCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Evaluate a PromQL expression, now or over a range of time.",
        discussion: """
            With --start it is evaluated over a range and drawn as one line a series; without, at --time or now.
            Example: headrope query 'sum by (cpu_mode) (rate(system_cpu_time_seconds_total[5m]))' --start 2026-11-21T09:00:00Z
            """)

    @Argument(help: "The expression.") var expression: String
    @Option(help: "When it is evaluated: RFC 3339, or seconds since 1970 (default: now).") var time: String?
    @Option(help: "The beginning of a range.") var start: String?
    @Option(help: "The end of a range (default: now).") var end: String?
    @Option(help: "The step of a range, such as 15s or 5m (default: the range in 60 parts).") var step: String?
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Refuses combinations that mean nothing.
    public func validate() throws {
        if start == nil, end != nil || step != nil {
            throw ValidationError("--end and --step belong to a range; give --start too.")
        }
        if start != nil, time != nil { throw ValidationError("--time is for one moment, --start for a range; give one of them.") }
    }

    /// Asks and prints.
    public mutating func run() async throws {
        let body = try await ask()
        if server.json { return ServerOptions.printRaw(body) }
        ServerOptions.printLines(try Decoded.read(PrometheusReply.self, body).lines(width: server.columns))
    }

    private func ask() async throws -> [UInt8] {
        guard let start else {
            let moment = time ?? Self.seconds(SystemTime().now())
            return try await server.get("/api/v1/query", [("query", expression), ("time", moment)])
        }
        let (from, to) = try TimeRangeOptions.range(from: start, to: end, lastSeconds: 3600, now: SystemTime().now())
        let sixtieth = max(1, (to - from) / 60_000_000_000)
        return try await server.get(
            "/api/v1/query_range",
            [("query", expression), ("start", Self.seconds(from)), ("end", Self.seconds(to)), ("step", step ?? "\(sixtieth)s")])
    }

    /// Nanoseconds since 1970 as seconds with decimals.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let millis = nanoseconds / 1_000_000
        let rest = String(millis % 1000)
        return "\(millis / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
