import Alerting
import ArgumentParser
import Platform

/// `headrope rules`: what concerns rule files.
public struct RulesCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Work with Prometheus rule files.", subcommands: [RulesCheckCommand.self])

    /// An empty command, for the parser.
    public init() {}
}

/// `headrope rules check`: finds the mistakes in rule files.
public struct RulesCheckCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check rule files; the exit code is 1 when one has a mistake.")

    @Argument(help: "The files.") var files: [String]

    /// How large a rule file may be.
    static let byteLimit = 16 << 20

    /// An empty command, for the parser.
    public init() {}

    /// Checks and prints.
    public mutating func run() async throws {
        let reports = files.map { Self.check($0, files: PosixFileSystem()) }
        ServerOptions.printLines(reports.map(\.sentence))
        if reports.contains(where: { !$0.isGood }) { throw ExitCode.failure }
    }

    /// What is to be said of a file.
    static func check(_ path: String, files: some FileSystem) -> (isGood: Bool, sentence: String) {
        do {
            let text = String(decoding: try files.readAll(path, limit: byteLimit), as: UTF8.self)
            let groups = try RuleFileLoader.load(text, file: path)
            let rules = groups.flatMap(\.rules)
            let alerts = rules.count { $0.kind != .recording }
            let counts = [
                Waterfall.counted(groups.count, "group"), Waterfall.counted(alerts, "alerting rule"),
                Waterfall.counted(rules.count - alerts, "recording rule"),
            ]
            return (true, TerminalText.safe("\(path): \(counts.joined(separator: ", ")), all good"))
        } catch {
            return (false, TerminalText.safe("\(error)"))
        }
    }
}
