import ArgumentParser
import Foundation
import Platform

/// `headrope report`: a folder of pages that needs no server and no network.
public struct ReportCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write a report of a time range as static HTML files.",
        discussion: "Open index.html in the folder; it works from a disk, an attachment or any web server.")

    @OptionGroup var range: TimeRangeOptions
    @Option(help: "The folder to write to; it is made if need be.")
    var out: String
    @OptionGroup(title: "Server") var server: ServerOptions

    /// How many files a report may have.
    static let fileLimit = 2_000

    private struct FileList: Codable { var files: [String] }

    /// An empty command, for the parser.
    public init() {}

    /// Asks for each file and writes it.
    public mutating func run() async throws {
        let (from, to) = try range.range(now: SystemTime().now())
        // Rounded to seconds, so that the same command gives the same addresses.
        let base = "/reports/\(from / 1_000_000_000)..\(max(to / 1_000_000_000, from / 1_000_000_000 + 1))/"
        let list = try Decoded.read(FileList.self, try await server.get(base + "files.json"))
        let folder = URL(fileURLWithPath: out)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw ToolError("The folder \(out) cannot be made: \(error.localizedDescription)")
        }
        for name in list.files.prefix(Self.fileLimit) {
            guard Self.isSafe(name) else { throw ToolError("The server named a file that a report cannot have.") }
            try Self.write(try await server.get(base + name), to: folder.appendingPathComponent(name))
        }
        if server.json {
            ServerOptions.printRaw(Array(try JSONEncoder().encode(list)))
        } else {
            ServerOptions.printLines(["Wrote \(list.files.count) files; open \(folder.appendingPathComponent("index.html").path)"])
        }
    }

    /// Whether a name from a server is that of a file in the folder and of nothing else.
    static func isSafe(_ name: String) -> Bool {
        name.hasSuffix(".html") && !name.hasPrefix(".") && name.utf8.count <= 200
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func write(_ bytes: [UInt8], to url: URL) throws {
        do {
            try Data(bytes).write(to: url)
        } catch {
            throw ToolError("\(url.path) cannot be written: \(error.localizedDescription)")
        }
    }
}
