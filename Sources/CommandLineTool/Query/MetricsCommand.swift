import ArgumentParser
import Platform

/// `headrope metrics`: which metrics there are, and what is known of them.
public struct MetricsCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "List the names of metrics with their type and help.",
        discussion: "Example: headrope metrics http")

    @Argument(help: "Only names that contain this text, whatever its case.") var text: String?
    @OptionGroup var options: SeriesOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// What is known of one metric.
    struct Metadata: Decodable {
        struct Entry: Decodable {
            var type: String
            var help: String
        }
        var data: [String: [Entry]]
    }

    /// An empty command, for the parser.
    public init() {}

    /// Asks and prints.
    public mutating func run() async throws {
        var parameters = try options.parameters(now: SystemTime().now())
        if let text { parameters.append(("match[]", Self.selector(containing: text))) }
        let body = try await server.get("/api/v1/label/__name__/values", parameters)
        if server.json { return ServerOptions.printRaw(body) }
        let names = try Decoded.read(PrometheusList<String>.self, body)
        let known = try Decoded.read(Metadata.self, try await server.get("/api/v1/metadata"))
        ServerOptions.printLines(Self.lines(names.data, known, width: server.columns))
        names.printWarnings()
    }

    static func lines(_ names: [String], _ known: Metadata, width: Int) -> [String] {
        if names.isEmpty { return ["No metric matches."] }
        var table = TextTable([.init(title: "metric"), .init(title: "type"), .init(title: "help")])
        for name in names {
            let entry = known.data[name]?.first
            table.add([name, entry?.type ?? "", entry?.help ?? ""])
        }
        return table.lines(width: width)
    }

    /// A selector of all metrics whose name contains a text.
    static func selector(containing text: String) -> String {
        // A backslash before every other ASCII sign makes a pattern of the text, and a second one a PromQL string of the pattern.
        let pattern = text.map { sign in
            sign.isASCII && !sign.isLetter && !sign.isNumber && sign != "_"
                ? "\\\\" + (sign == "\\" || sign == "\"" ? "\\" : "") + String(sign) : String(sign)
        }
        return "{__name__=~\"(?i:.*\(pattern.joined()).*)\"}"
    }
}
