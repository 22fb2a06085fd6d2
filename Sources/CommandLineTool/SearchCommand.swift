import ArgumentParser
import Platform
import TelemetryModel

/// `headrope search`: traces by what their spans say, through Jaeger's API.
public struct SearchCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find traces by service, operation, duration and tags.",
        discussion: "Example: headrope search orders --tag error=true --min-duration 250ms --last 6h")

    @Argument(help: "The service of the span.") var service: String
    @Option(help: "The name of the span.") var operation: String?
    @Option(help: "KEY=VALUE that the span has; may be given more than once.") var tag: [String] = []
    @Option(help: "The span took at least this long: 250ms, 1.5s.") var minDuration: String?
    @Option(help: "The span took at most this long.") var maxDuration: String?
    @Option(help: "How many traces, latest first.") var limit = 20
    @OptionGroup var range: TimeRangeOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Refuses tags without a value.
    public func validate() throws {
        for text in tag where !text.contains("=") {
            throw ValidationError("--tag must be KEY=VALUE, not '\(TerminalText.safe(text))'.")
        }
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    /// Asks and prints.
    public mutating func run() async throws {
        let time = try range.range(now: SystemTime().now())
        var parameters = [
            ("service", service), ("start", String(time.from / 1000)), ("end", String(time.to / 1000)), ("limit", String(limit)),
        ]
        for (name, value) in [("operation", operation), ("minDuration", minDuration), ("maxDuration", maxDuration)] {
            if let value { parameters.append((name, value)) }
        }
        parameters += tag.map { ("tag", $0.replacing("=", with: ":", maxReplacements: 1)) }
        let body = try await server.get("/api/traces", parameters)
        if server.json { return ServerOptions.printRaw(body) }
        let reply = try Decoded.read(JaegerReply.self, body)
        ServerOptions.printLines(reply.lines(width: server.columns))
    }
}

/// The part of Jaeger's answer to a search that is shown.
struct JaegerReply: Decodable {
    struct Trace: Decodable {
        var traceID: String
        var spans: [Span]
        var processes: [String: Process]
    }

    struct Span: Decodable {
        var operationName: String
        /// Microseconds since 1970.
        var startTime: UInt64
        /// Microseconds.
        var duration: UInt64
        var processID: String
        var references: [Reference]?
        var tags: [Tag]?
    }

    struct Reference: Decodable { var spanID: String }
    struct Process: Decodable { var serviceName: String }

    struct Tag: Decodable {
        var key: String
        var isTrue: Bool

        private enum Keys: CodingKey { case key, value }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            key = try container.decode(String.self, forKey: .key)
            isTrue =
                (try? container.decode(Bool.self, forKey: .value))
                ?? ((try? container.decode(String.self, forKey: .value)) == "true")
        }
    }

    var data: [Trace]

    /// Two lines a trace: its numbers, and the span with which it begins.
    func lines(width: Int) -> [String] {
        if data.isEmpty { return ["No trace was found. A longer --last, or fewer conditions, may find some."] }
        return data.flatMap(\.lines).map { TerminalText.width($0) > width ? TerminalText.fitted($0, width) : $0 }
    }
}

extension JaegerReply.Trace {
    fileprivate var lines: [String] {
        let first = spans.min { ($0.references?.count ?? 0, $0.startTime) < ($1.references?.count ?? 0, $1.startTime) }
        let begin = spans.map(\.startTime).min() ?? 0
        let end = spans.map { $0.startTime.addingReportingOverflow($0.duration).partialValue }.max() ?? 0
        let errors = spans.count { span in span.tags?.contains { $0.key == "error" && $0.isTrue } ?? false }
        let (nanoseconds, overflow) = (begin / 1_000_000).multipliedReportingOverflow(by: 1_000_000_000)
        let took = QuantityText.duration(Double(end > begin ? end - begin : 0) / 1e6)
        let numbers = [
            traceID, overflow ? "–" : RFC3339.text(nanoseconds: nanoseconds), took, Waterfall.counted(spans.count, "span"),
            Waterfall.counted(errors, "error"),
        ]
        let service = first.flatMap { processes[$0.processID]?.serviceName } ?? ""
        return [numbers.joined(separator: "  "), "    \(service) \(first?.operationName ?? "")"].map(TerminalText.safe)
    }
}
