import Agent
import ArgumentParser
import Foundation

/// The command `headrope-agent`.
@main
struct HeadropeAgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "headrope-agent", abstract: "Collects the metrics of this host and forwards telemetry to a Headrope server.",
        discussion: """
            Every flag is also a key of the configuration file, with underscores, and a variable: --token-file is token_file and \
            HEADROPE_AGENT_TOKEN_FILE. Flags win over variables, variables over the file.
            """,
        version: "0.1.0")

    @Option(help: "The URL of the server, such as http://127.0.0.1:9777.")
    var server: String?
    @Option(help: "The folder of the spool (default /var/lib/headrope-agent, or below XDG_DATA_HOME).")
    var data: String?
    @Option(help: "The configuration file (default /etc/headrope/agent.yaml, or below XDG_CONFIG_HOME).")
    var config: String?
    @Option(help: "The file with the token that the server asks for.")
    var tokenFile: String?
    @Option(help: "Where applications of this host send OTLP over HTTP, such as 127.0.0.1:9778; off unless asked for.")
    var intake: String?
    @Option(help: "A PEM file with the authorities to trust instead of the system's.")
    var tlsAuthority: String?
    @Option(help: "The least severe level that is logged: debug, info, notice, warning or error.")
    var logLevel: String?

    mutating func run() async throws {
        let given: [String: String?] = [
            "server": server, "data": data, "config": config, "token-file": tokenFile, "intake": intake,
            "tls-authority": tlsAuthority, "log-level": logLevel,
        ]
        do {
            try await AgentProcess.run(try AgentConfigurationReader(flags: given.compactMapValues { $0 }).read())
        } catch {
            FileHandle.standardError.write(Data("headrope-agent: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }
}
