import ArgumentParser
import CommandLineTool
import Demo

/// The command `headrope`.
@main
struct Headrope: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "headrope", abstract: "Metrics and traces of a distributed system, in one store, with answers.",
        version: "0.1.0",
        subcommands: [ServeCommand.self, DemoCommand.self, VerifyCommand.self, BlockCommand.self] + ToolCommands.all)
}
