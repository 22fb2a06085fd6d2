import Answers
import ArgumentParser
import TelemetryModel

/// `headrope trace`: one trace as a waterfall.
public struct TraceCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Draw one trace: its spans over time, and what it waited for.")

    @Argument(help: "The trace's id: 16 or 32 hexadecimal digits.") var id: String
    @Option(help: "How many spans are drawn at most.") var spans = 500
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Refuses what is no id.
    public func validate() throws {
        guard let trace = TraceID(hex: id), !trace.isZero else {
            throw ValidationError("'\(TerminalText.safe(id))' is no trace id: it has 16 or 32 hexadecimal digits.")
        }
        if spans < 1 { throw ValidationError("--spans must be at least 1.") }
    }

    /// Asks and prints.
    public mutating func run() async throws {
        let body = try await server.get("/api/v1/traces/\(id)")
        if server.json { return ServerOptions.printRaw(body) }
        let trace = try Decoded.read(TraceAnswer.self, body)
        ServerOptions.printLines(Waterfall(trace, width: server.columns).lines(spanLimit: spans))
    }
}
