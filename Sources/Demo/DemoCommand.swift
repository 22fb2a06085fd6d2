import ArgumentParser
import Foundation
import HTTPTransport
import Platform

/// `headrope demo`.
public struct DemoCommand: AsyncParsableCommand {
    /// What `--help` says.
    public static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a small shop of real services that traces itself, under a steady load, with faults to switch.",
        discussion: """
            The shop answers on free loopback ports: gateway, orders, catalogue, payment and users over HTTP, shipping behind \
            a queue, all on one SQLite database. GET / of the demo's address says where. Faults are switched while it runs: \
            curl -d '{"name":"slow-sql","on":true}' http://127.0.0.1:9779/fault
            """)

    @Option(help: "Where the spans go: an address that takes OTLP over HTTP.")
    var target = "http://127.0.0.1:9777"

    @Option(help: "Where the demo itself answers; a loopback address.")
    var listen = "127.0.0.1:9779"

    @Option(help: "Requests a second.")
    var rate = 5.0

    @Option(help: "What the sequence of requests follows from.")
    var seed: UInt64 = 1

    @Option(help: "Stop the load after so many requests; the demo goes on answering.")
    var requests: Int?

    @Option(help: "A fault that is on from the start; may be given several times.")
    var fault: [Fault] = []

    @Option(help: "A file with the token for the target.")
    var tokenFile: String?

    /// Made by the argument parser.
    public init() {}

    /// Runs the demo until it is interrupted.
    public func run() async throws {
        var options = DemoOptions(target: target)
        try options.setListen(listen)
        options.rate = rate
        options.seed = seed
        options.requestLimit = requests
        options.initialFaults = Set(fault)
        if let tokenFile { options.bearerToken = try TokenFile.read(tokenFile, files: PosixFileSystem()) }
        try await DemoShop(options).run { [target] addresses in
            let line =
                "The demo shop is open at \(addresses.gateway), faults and truth at \(addresses.control); spans go to \(target).\n"
            // Not `print`, whose line would wait in a buffer where the output is a file.
            FileHandle.standardOutput.write(Data(line.utf8))
        }
    }
}

extension Fault: ExpressibleByArgument {}
