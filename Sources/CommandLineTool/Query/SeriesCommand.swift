import ArgumentParser
import Platform

/// `headrope series`: the series that selectors name.
public struct SeriesCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "series", abstract: "List the series that selectors name.",
        discussion: "Example: headrope series 'up{job=\"node\"}' --start -1h")

    @Argument(help: "Selectors such as 'up{job=\"node\"}'; a series that any of them names is listed.") var selectors: [String]
    @OptionGroup var options: SeriesOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Asks and prints.
    public mutating func run() async throws {
        let parameters = try options.parameters(now: SystemTime().now()) + selectors.map { ("match[]", $0) }
        let body = try await server.post("/api/v1/series", parameters)
        if server.json { return ServerOptions.printRaw(body) }
        let reply = try Decoded.read(PrometheusList<[String: String]>.self, body)
        ServerOptions.printLines(Self.lines(reply.data, width: server.columns))
        reply.printWarnings()
    }

    static func lines(_ series: [[String: String]], width: Int) -> [String] {
        if series.isEmpty { return ["No series matches."] }
        let labels = LabelColumns(series, width: width, reserved: 0)
        var table = TextTable(labels.columns)
        for one in series { table.add(labels.cells(one)) }
        return (labels.heading(count: series.count).map { [TerminalText.shortened($0, width), ""] } ?? [])
            + table.lines(width: width)
    }
}
