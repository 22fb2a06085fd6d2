import ArgumentParser
import Foundation
import Platform
import QueryLanguages

/// `headrope query`: a PromQL expression, now or over a range.
public struct QueryCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Evaluate a PromQL expression, now or over a range of time.",
        discussion: """
            With --start it is evaluated over a range: a line for each series, or a graph with --graph. Without, at --time or now.
            Warnings go to the standard error; the exit code is 0 when there is an answer, 1 when there is none, 64 for wrong options.

            headrope query 'topk(5, rate(system_cpu_time_seconds_total[5m]))'
            headrope query 'sum by (cpu_mode) (rate(system_cpu_time_seconds_total[5m]))' --start -6h --graph
            echo 'up == 0' | headrope query - --time -1d
            """)

    @Argument(help: "The expression; - reads it from the standard input.") var expression: String
    @Option(parsing: .unconditional, help: "When it is evaluated: \(TimeText.forms) (default: now).") var time: String?
    @Option(parsing: .unconditional, help: "The beginning of a range: \(TimeText.forms).") var start: String?
    @Option(parsing: .unconditional, help: "The end of a range (default: now).") var end: String?
    @Option(help: "The step of a range, such as 15s or 5m (default: what the drawing can show).") var step: String?
    @Flag(help: "Draw a range as a graph (default range: the last hour).") var graph = false
    @Flag(help: "Show what each part of the expression cost.") var explain = false
    @Flag(help: "Print comma-separated values with all their digits.") var csv = false
    @Flag(help: "Show times in UTC instead of the local zone.") var utc = false
    @OptionGroup(title: "Server") var server: ServerOptions

    /// How many parts a range has in a table.
    private static let tableParts: UInt64 = 60
    /// How long a range is when --graph names none.
    private static let defaultSeconds: UInt64 = 3_600

    /// An empty command, for the parser.
    public init() {}

    /// Refuses combinations that mean nothing.
    public func validate() throws {
        if start == nil, !graph, end != nil || step != nil {
            throw ValidationError("--end and --step belong to a range; give --start too.")
        }
        if isRange, time != nil {
            throw ValidationError("--time is for one moment, --start and --graph for a range; give one of them.")
        }
        if graph, csv || server.json {
            throw ValidationError("--graph is a drawing; --csv and --json print values. Give one of them.")
        }
        if csv, server.json || explain { throw ValidationError("--csv prints values only, without --json or --explain.") }
    }

    private var isRange: Bool { start != nil || graph }

    /// Asks and prints.
    public mutating func run() async throws {
        let text = expression == "-" ? try Self.standardInput() : expression
        let terminal = Terminal.current
        let (path, parameters, range) = try question(terminal, now: SystemTime().now())
        let body: [UInt8]
        do {
            body = try await server.post(path, [("query", text)] + parameters)
        } catch let error as ToolError {
            let lines = ErrorMark.lines(error.description, expression: text, width: terminal.columns)
            throw ToolError(lines.joined(separator: "\n"))
        }
        if server.json { return ServerOptions.printRaw(body) }
        let reply = try Decoded.read(PrometheusReply.self, body)
        ServerOptions.printLines(csv ? QueryCSV.lines(reply) : drawing(terminal, range).lines(reply))
        if let explanation = reply.explanation {
            ServerOptions.printLines([""] + explanation.lines(width: terminal.columns))
        }
        ServerOptions.printNotes(reply.notes)
    }

    private func drawing(_ terminal: Terminal, _ range: QueryRange?) -> QueryDrawing {
        let zone = utc ? TimeZone(secondsFromGMT: 0) : nil
        return QueryDrawing(terminal: terminal, zone: zone ?? .current, isGraph: graph, range: range)
    }

    /// The path, its parameters besides the expression, and the range that they mean.
    private func question(
        _ terminal: Terminal, now: UInt64
    ) throws -> (path: String, parameters: [(String, String)], range: QueryRange?) {
        let explained = explain ? [("explain", "true")] : []
        guard isRange else {
            let moment = if let time { try TimeText.nanoseconds(time, "time", now: now) } else { now }
            return ("/api/v1/query", [("time", Self.seconds(moment))] + explained, nil)
        }
        let (from, to) = try TimeRangeOptions.range(
            from: start, to: end, lastSeconds: Self.defaultSeconds, now: now, options: ("start", "end"))
        // A graph has two dots a character.
        let parts = graph ? UInt64(terminal.columns) * 2 : Self.tableParts
        let seconds = max(1, ((to - from) / 1_000_000_000 + parts - 1) / parts)
        let step = step ?? "\(seconds)s"
        let milliseconds = Double(step).map { Int64($0 * 1_000) } ?? (try? PromQLDuration.parse(step))
        guard let milliseconds, milliseconds > 0 else { throw ToolError("--step must be a duration such as 15s or 5m.") }
        let range = QueryRange(from: Int64(from / 1_000_000), to: Int64(to / 1_000_000), step: milliseconds)
        return (
            "/api/v1/query_range",
            [("start", Self.seconds(from)), ("end", Self.seconds(to)), ("step", Self.seconds(UInt64(milliseconds) * 1_000_000))]
                + explained, range
        )
    }

    private static func standardInput() throws(ToolError) -> String {
        let data = (try? FileHandle.standardInput.read(upToCount: PromQLParser.byteLimit + 1)) ?? Data()
        if data.count > PromQLParser.byteLimit {
            throw ToolError("The expression on the standard input has more than \(PromQLParser.byteLimit) bytes.")
        }
        guard var text = String(validating: data, as: UTF8.self) else { throw ToolError("The standard input is not UTF-8.") }
        // The line break at the end of a file is no line of the expression, where a mistake could be.
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// Nanoseconds since 1970 as seconds with decimals.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let millis = nanoseconds / 1_000_000
        let rest = String(millis % 1000)
        return "\(millis / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
