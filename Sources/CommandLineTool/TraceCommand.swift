import Answers
import ArgumentParser
import TelemetryModel

/// `headrope trace`: one trace as a waterfall.
public struct TraceCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Draw one trace: its spans over time, and what it waited for.",
        discussion: """
            Siblings that look alike are one line with their number (×37), the sum of their times, and what is below all of
            them. Example: headrope trace 4bf92f3577b34da6a3ce929d0e0e4736 --width 120
            """)

    @Argument(help: "The trace's id: 16 or 32 hexadecimal digits.") var id: String
    @Option(help: "How many lines are drawn for spans at most.") var spans = 500
    @Flag(help: "Draw every span on a line of its own.") var unfolded = false
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
        let drawing = Waterfall(trace, width: server.columns, paint: Paint(isOn: Terminal.current.usesColour))
        ServerOptions.printLines(drawing.lines(spanLimit: spans, folds: !unfolded))
    }
}
