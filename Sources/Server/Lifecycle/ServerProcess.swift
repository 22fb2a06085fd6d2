import Foundation
import Logging
import Platform
import UnixSignals

/// The server as the only thing that a process does.
public enum ServerProcess {
    /// Runs the server until SIGTERM or SIGINT; a second signal ends the process at once with status 1.
    public static func run(_ configuration: ServerConfiguration) async throws {
        ProcessMemory.shareHeaps(max(2, ProcessInfo.processInfo.activeProcessorCount))
        let logger = JSONLinesLog.logger(label: "headrope", level: Logger.Level(rawValue: configuration.logLevel) ?? .info)
        let server = try HeadropeServer(configuration, logger: logger, openStore: StoreOpening.open)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let watch = Task {
            var isEnding = false
            for await _ in signals {
                if isEnding { _exit(1) }
                isEnding = true
                server.stop()
            }
        }
        defer { watch.cancel() }
        try await server.run()
    }
}
