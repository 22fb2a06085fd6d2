import Foundation
import Logging
import Platform
import UnixSignals

/// The agent as the only thing that a process does.
public enum AgentProcess {
    /// Runs the agent until SIGTERM or SIGINT; a second signal ends the process at once with status 1.
    public static func run(_ configuration: AgentConfiguration) async throws {
        let logger = JSONLinesLog.logger(label: "headrope-agent", level: Logger.Level(rawValue: configuration.logLevel) ?? .info)
        let agent = HeadropeAgent(configuration, logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let watch = Task {
            var isEnding = false
            for await _ in signals {
                if isEnding { _exit(1) }
                isEnding = true
                agent.stop()
            }
        }
        defer { watch.cancel() }
        try await agent.run()
    }
}
