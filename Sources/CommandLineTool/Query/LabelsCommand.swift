import ArgumentParser
import ByteCoding
import Platform

/// `headrope labels`: the names of labels, or the values of one.
public struct LabelsCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "labels", abstract: "List the names of labels, or the values of one label.",
        discussion: "Example: headrope labels instance --match 'up{job=\"node\"}'")

    @Argument(help: "The label whose values are listed; without it the names are.") var name: String?
    @Option(help: "Only of series that this selector names; may be given more than once.") var match: [String] = []
    @OptionGroup var options: SeriesOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Asks and prints one name or value a line.
    public mutating func run() async throws {
        let parameters = try options.parameters(now: SystemTime().now()) + match.map { ("match[]", $0) }
        let path = name.map { "/api/v1/label/\(PercentEncoding.component($0))/values" } ?? "/api/v1/labels"
        let body = try await server.get(path, parameters)
        if server.json { return ServerOptions.printRaw(body) }
        let reply = try Decoded.read(PrometheusList<String>.self, body)
        if !reply.data.isEmpty { ServerOptions.printLines(reply.data.map(TerminalText.safe)) }
        reply.printWarnings()
    }
}
