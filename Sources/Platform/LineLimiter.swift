import Foundation
import Synchronization

/// Bounds the lines of a log: a flood must not fill the disk or slow the server down.
public final class LineLimiter: Sendable {
    /// Lines a second; as many may come at once.
    public static let linesPerSecond: UInt64 = 100

    private struct State {
        var second: UInt64 = 0
        var written: UInt64 = 0
        var suppressed = 0
    }

    private let state = Mutex(State())
    private let time: any TimeSource
    private let output: @Sendable ([UInt8]) -> Void

    /// Hands each line, with its line feed, to `output`.
    public init(time: any TimeSource, output: @escaping @Sendable ([UInt8]) -> Void) {
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
