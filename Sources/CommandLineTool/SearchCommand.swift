import ArgumentParser
import Platform
import TelemetryModel

/// `headrope search`: traces by what their spans say, through Jaeger's API.
public struct SearchCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find traces by service, operation, duration and tags.",
        discussion: """
            A trace is found when one of its spans satisfies all conditions; the table shows the whole trace.
            Examples: headrope search orders --tag http.response.status_code=500 --min-duration 250ms --since 6h
                      headrope search --service orders --operation "POST /orders" --error --from -2h --to -1h
            """)

    @Argument(help: "The service of the span.") var serviceName: String?
    @Option(help: "The service of the span, as an option.") var service: String?
    @Option(help: "The name of the span.") var operation: String?
    @Option(help: "KEY=VALUE that the span has; may be given more than once.") var tag: [String] = []
    @Flag(help: "The span failed.") var error = false
    @Option(help: "The span took at least this long: 250ms, 1.5s.") var minDuration: String?
    @Option(help: "The span took at most this long.") var maxDuration: String?
    @Option(help: "How many traces, latest first.") var limit = 20
    @OptionGroup var range: TimeRangeOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Refuses a search without a service, and tags without a value.
    public func validate() throws {
        if (serviceName == nil) == (service == nil) {
            throw ValidationError("Name one service: headrope search SERVICE. `headrope services` lists them.")
        }
        for text in tag where text.firstIndex(of: "=").map({ $0 == text.startIndex }) ?? true {
            throw ValidationError("--tag must be KEY=VALUE, not '\(TerminalText.safe(text))'.")
        }
        for (name, text) in [("min-duration", minDuration), ("max-duration", maxDuration)] {
            if let text, !Self.isDuration(text) {
                throw ValidationError(
                    "--\(name) must be a number with us, ms, s, m or h, such as 250ms, not '\(TerminalText.safe(text))'.")
            }
        }
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    private static func isDuration(_ text: String) -> Bool {
        text.wholeMatch(of: /(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+/) != nil
    }

    /// Asks and prints.
    public mutating func run() async throws {
        let name = serviceName ?? service ?? ""
        let time = try range.range(now: SystemTime().now())
        var parameters = [
            ("service", name), ("start", String(time.from / 1000)), ("end", String(time.to / 1000)), ("limit", String(limit)),
        ]
        for (name, value) in [("operation", operation), ("minDuration", minDuration), ("maxDuration", maxDuration)] {
            if let value { parameters.append((name, value)) }
        }
        parameters += tag.map { ("tag", $0.replacing("=", with: ":", maxReplacements: 1)) }
        if error { parameters.append(("tag", "error:true")) }
        let body = try await server.get("/api/traces", parameters)
        if server.json { return ServerOptions.printRaw(body) }
        let reply = try Decoded.read(JaegerReply.self, body)
        if reply.data.isEmpty {
            let known = try? Decoded.read(JaegerServices.self, try await server.get("/api/services")).data
            return ServerOptions.printNotes([SearchAdvice.sentence(service: name, known: known ?? [])])
        }
        let terminal = Terminal.current
        let table = SearchTable(reply, width: server.width ?? (terminal.isTerminal ? terminal.columns : .max))
        ServerOptions.printLines(table.lines(paint: Paint(isOn: terminal.usesColour)))
    }
}

/// Jaeger's answer to the question which services there are.
private struct JaegerServices: Decodable {
    var data: [String]
}

/// What to do when nothing was found.
enum SearchAdvice {
    static func sentence(service: String, known: [String]) -> String {
        if known.isEmpty || known.contains(service) {
            return "No trace was found. A longer --since, or fewer conditions, may find some."
        }
        let nearest = known.min { (distance($0, service), $0) < (distance($1, service), $1) }
        let hint = nearest.flatMap { distance($0, service) <= max(2, service.count / 3) ? $0 : nil }
        let advice =
            hint.map { "Did you mean '\(TerminalText.safe($0))'?" } ?? "`headrope services --last 1d` lists those that were."
        return "No service '\(TerminalText.safe(service))' was seen. \(advice)"
    }

    /// How many letters must be changed, added or left out, letter case aside.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.lowercased().prefix(64)), Array(b.lowercased().prefix(64)))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let changed = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
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
}
