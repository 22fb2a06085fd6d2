import Foundation
import Logging
import Platform
import Synchronization

/// Writes each message as one line of JSON to the standard error, at most so many a second.
public struct JSONLinesLog: LogHandler {
    /// What stands beside every message.
    public var metadata: Logger.Metadata = [:]
    /// The least severe level that is written.
    public var logLevel: Logger.Level
    private let label: String
    private let lines: LineLimiter

    /// Writes to `lines`, which several handlers share.
    init(label: String, level: Logger.Level, lines: LineLimiter) {
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

/// Bounds the lines of a log: a flood must not fill the disk or slow the server down.
final class LineLimiter: Sendable {
    /// Lines a second; as many may come at once.
    static let linesPerSecond: UInt64 = 100

    private struct State {
        var second: UInt64 = 0
        var written: UInt64 = 0
        var suppressed = 0
    }

    private let state = Mutex(State())
    private let time: any TimeSource
    private let output: @Sendable ([UInt8]) -> Void

    init(time: any TimeSource, output: @escaping @Sendable ([UInt8]) -> Void) {
        self.time = time
        self.output = output
    }

    /// Writes the fields as one line with the time, unless this second has had its lines.
    func write(_ fields: [String: String]) {
        let now = time.now()
        let suppressed: Int? = state.withLock { state in
            if now / 1_000_000_000 != state.second {
                (state.second, state.written) = (now / 1_000_000_000, 0)
            }
            if state.written >= Self.linesPerSecond {
                state.suppressed += 1
                return nil
            }
            state.written += 1
            defer { state.suppressed = 0 }
            return state.suppressed
        }
        guard let suppressed else { return }
        var fields = fields
        if suppressed > 0 { fields["suppressed"] = String(suppressed) }
        fields["time"] = Date(timeIntervalSince1970: Double(now) / 1e9)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A dictionary of texts always has a JSON form.
        guard let line = try? encoder.encode(fields) else { return }
        output([UInt8](line) + [UInt8(ascii: "\n")])
    }
}
