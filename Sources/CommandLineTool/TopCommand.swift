import Answers
import ArgumentParser
import Platform

/// `headrope top`: the first of many.
public struct TopCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show the operations, statements, hosts … with the most calls, time or errors.",
        discussion: """
            OF is operation, endpoint, service, statement, host, client or attribute:KEY; BY is calls, total, p50, p95, p99, \
            errors, self (time in which nothing below ran) or critical (time that the whole trace waited for it).
            """)

    @Argument(help: "What the rows are.") var of = "endpoint"
    @Option(help: "What they are sorted by.") var by = "total"
    @Option(help: "How many rows, up to 10000.") var limit = 20
    @Option(help: "Only this service.") var service: String?
    @OptionGroup var range: TimeRangeOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Refuses what the server would refuse.
    public func validate() throws {
        do {
            _ = try TopQuestion(parameters: ["of": of, "by": by])
            _ = try AnswerRequest(parameters: ["limit": String(limit)])
        } catch {
            throw ValidationError(error.message)
        }
    }

    /// Asks and prints.
    public mutating func run() async throws {
        var parameters = [("of", of), ("by", by), ("limit", String(limit))] + (try range.parameters(now: SystemTime().now()))
        if let service { parameters.append(("service", service)) }
        let body = try await server.get("/api/v1/top", parameters)
        if server.json { return ServerOptions.printRaw(body) }
        ServerOptions.printLines(Self.lines(try Decoded.read(TopAnswer.self, body), width: server.columns))
    }

    static func lines(_ answer: TopAnswer, width: Int) -> [String] {
        guard let first = answer.rows.first else { return ["Nothing was seen from \(answer.range.from) to \(answer.range.to)."] }
        // The service reads best before its operation, the fingerprint before its system.
        let keys = first.key.keys.sorted {
            ($0 == "operation" || $0 == "system" ? 1 : 0, $0) < ($1 == "operation" || $1 == "system" ? 1 : 0, $1)
        }
        let columns = numbers(answer, isWide: width >= wideColumns)
        var table = TextTable(
            keys.map { .init(title: $0) } + columns.map { .init(title: $0.title, isNumber: true) })
        for row in answer.rows { table.add(keys.map { row.key[$0] ?? "" } + columns.map { $0.text(row) }) }
        return table.lines(width: width)
    }

    /// From so many columns on there is room for all quantiles.
    private static let wideColumns = 100

    /// The numbers of a row, with the quantile and the share that it is sorted by among them.
    private static func numbers(_ answer: TopAnswer, isWide: Bool) -> [(title: String, text: (TopRow) -> String)] {
        var columns: [(title: String, text: (TopRow) -> String)] = [
            ("calls", { String($0.calls) }), ("errors", { String($0.errors) }),
            ("total", { QuantityText.duration($0.totalSeconds) }),
        ]
        if isWide || answer.by == TopMeasure.p50.rawValue { columns.append(("p50", { QuantityText.duration($0.p50Seconds) })) }
        columns.append(("p95", { QuantityText.duration($0.p95Seconds) }))
        if isWide || answer.by == TopMeasure.p99.rawValue { columns.append(("p99", { QuantityText.duration($0.p99Seconds) })) }
        if answer.by == TopMeasure.critical.rawValue {
            columns.append(("critical", { $0.criticalShare.map(QuantityText.share) ?? "–" }))
        } else {
            columns.append(("self", { $0.selfSeconds.map { QuantityText.duration($0) } ?? "–" }))
        }
        return columns
    }
}
