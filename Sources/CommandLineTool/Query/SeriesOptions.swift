import ArgumentParser
import Platform

/// Among which series a command looks, and when.
struct SeriesOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Only what was there from then on: \(TimeText.forms) (default: all of time).")
    var start: String?
    @Option(parsing: .unconditional, help: "Only what was there until then.")
    var end: String?
    @Option(help: "At most so many lines.")
    var limit = 1_000

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    /// The parameters of Prometheus's API.
    func parameters(now: UInt64) throws(ToolError) -> [(String, String)] {
        var parameters = [("limit", String(limit))]
        for (name, text) in [("start", start), ("end", end)] {
            if let text { parameters.append((name, QueryCommand.seconds(try TimeText.nanoseconds(text, name, now: now)))) }
        }
        return parameters
    }
}

/// A list in the form of Prometheus's API.
struct PrometheusList<Item: Decodable>: Decodable {
    /// What was found.
    var data: [Item]
    /// What should be known about it.
    var warnings: [String]?

    /// Prints the warnings, such as that there is more.
    func printWarnings() { ServerOptions.printNotes((warnings ?? []).map { "warning: \(TerminalText.safe($0))" }) }
}
