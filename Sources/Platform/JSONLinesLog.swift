import Foundation
import Logging

/// Writes each message as one line of JSON to the standard error, at most so many a second.
public struct JSONLinesLog: LogHandler {
    /// What stands beside every message.
    public var metadata: Logger.Metadata = [:]
    /// The least severe level that is written.
    public var logLevel: Logger.Level
    private let label: String
    private let lines: LineLimiter

    /// Writes to `lines`, which several handlers share.
    public init(label: String, level: Logger.Level, lines: LineLimiter) {
        self.label = label
        logLevel = level
        self.lines = lines
    }

    /// The log of a process, on its standard error.
    public static func logger(label: String, level: Logger.Level) -> Logger {
        let lines = LineLimiter(time: SystemTime()) { bytes in
            _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        return Logger(label: label) { JSONLinesLog(label: $0, level: level, lines: lines) }
    }

    /// One value of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a message, or counts it as left out.
    public func log(event: LogEvent) {
        var fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
        if let error = event.error { fields["error"] = "\(error)" }
        fields["level"] = event.level.rawValue
        fields["message"] = "\(event.message)"
        fields["logger"] = label
        lines.write(fields)
    }
}
