import ArgumentParser
import EmbeddedStorage
import Foundation
import StateStore

/// `headrope verify DIR`: reads everything in a data folder and changes nothing.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read everything in a data folder and say what is damaged; nothing is changed.",
        discussion:
            "Blocks, logs, deletions, state database and snapshots are read. Ends with status 0 when everything could be read, else with 1."
    )

    @Argument(help: "The data folder of a server.")
    var directory: String

    mutating func run() throws {
        let report: VerifyReport
        do {
            report = try StoreVerifier.verify(directory: directory) { try Self.state(in: $0) }
        } catch {
            Complaint.print(error)
            throw ExitCode.failure
        }
        if report.isLocked { print("A server is using \(directory): what it writes at this moment may look torn.") }
        for item in report.items { print("\(item.isSound ? "ok      " : "DAMAGED ")\(item.path): \(item.sentence)") }
        let damaged = report.items.count { !$0.isSound }
        print(
            damaged == 0 ? "All \(report.items.count) parts can be read." : "\(damaged) of \(report.items.count) parts are damaged."
        )
        if damaged > 0 { throw ExitCode.failure }
    }

    /// What SQLite says of a folder's state database, if there is one.
    private static func state(in folder: String) throws -> [VerifyReport.Item] {
        let path = "\(folder)/\(StateStore.fileName)"
        if !FileManager.default.fileExists(atPath: path) { return [] }
        let problems = try StateCheck.problems(path: path)
        let sentence = problems.isEmpty ? "a sound SQLite database" : problems.joined(separator: "; ")
        return [VerifyReport.Item(path: path, sentence: sentence, isSound: problems.isEmpty)]
    }
}
