import Answers
import ArgumentParser
import Platform
import TelemetryModel

/// `headrope cardinality`: which metrics cost most, and which nothing asks for.
public struct CardinalityCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "cardinality", abstract: "Show the metrics that cost most, and those that nothing ever asks for.",
        discussion: "Sorted by bytes on disk. A metric counts as asked for when a query, a rule or a page names it.")

    @Option(help: "How many rows, up to 10000.") var limit = 20
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Asks and prints.
    public mutating func run() async throws {
        let body = try await server.get("/api/v1/cardinality", [("limit", String(limit))])
        if server.json { return ServerOptions.printRaw(body) }
        ServerOptions.printLines(Self.lines(try Decoded.read(CardinalityAnswer.self, body), width: server.columns))
    }

    static func lines(_ answer: CardinalityAnswer, width: Int) -> [String] {
        if answer.metrics.isEmpty { return ["There are no metrics yet."] }
        var table = TextTable([
            .init(title: "metric"), .init(title: "series", isNumber: true), .init(title: "samples", isNumber: true),
            .init(title: "bytes", isNumber: true), .init(title: "labels with most values"), .init(title: "last asked"),
        ])
        for metric in answer.metrics {
            table.add([
                metric.name, String(metric.seriesCount), String(metric.sampleCount), String(metric.byteCount),
                metric.labels.map { "\($0.name) \($0.valueCount)" }.joined(separator: ", "),
                metric.asked.lastMilliseconds.map { RFC3339.text(nanoseconds: UInt64(max(0, $0)) * 1_000_000) } ?? "never",
            ])
        }
        let unasked = answer.unasked
        return table.lines(width: width) + [
            "",
            "\(answer.metricCount) metrics with \(answer.seriesCount) series, \(answer.sampleCount) samples, \(answer.byteCount) bytes.",
            "Nothing has asked for \(unasked.metricCount) metrics (\(unasked.seriesCount) series, \(unasked.byteCount) bytes) since \(answer.usageSince).",
        ]
    }
}
