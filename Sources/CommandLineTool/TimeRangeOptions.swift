import ArgumentParser
import Platform
import TelemetryModel

/// From when to when a question is meant.
struct TimeRangeOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "From when on: \(TimeText.forms) (default: --last before --to).")
    var from: String?
    @Option(parsing: .unconditional, help: "Until when: \(TimeText.forms) (default: now).")
    var to: String?
    @Option(name: [.long, .customLong("since")], help: "How far back, when --from is not given: 15m, 6h, 2d.")
    var last = "1h"

    func validate() throws {
        if Self.seconds(last) == nil { throw ValidationError("--last must be a number with s, m, h, d or w, such as 15m.") }
        do throws(ToolError) {
            for (name, text) in [("from", from), ("to", to)] {
                if let text { _ = try TimeText.nanoseconds(text, name, now: .max / 2) }
            }
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// The range in nanoseconds since 1970.
    func range(now: UInt64) throws -> (from: UInt64, to: UInt64) {
        try Self.range(from: from, to: to, lastSeconds: Self.seconds(last) ?? 3600, now: now)
    }

    /// The range that two texts, or the lack of them, mean; they are the values of these options.
    static func range(
        from: String?, to: String?, lastSeconds: UInt64, now: UInt64, options: (from: String, to: String) = ("from", "to")
    ) throws(ToolError) -> (from: UInt64, to: UInt64) {
        let end = if let to { try TimeText.nanoseconds(to, options.to, now: now) } else { now }
        let length = lastSeconds * 1_000_000_000
        let begin =
            if let from { try TimeText.nanoseconds(from, options.from, now: now) } else { end > length ? end - length : 0 }
        if begin > end { throw ToolError("The range ends before it begins.") }
        return (begin, end)
    }

    /// The parameters of the analysis API.
    func parameters(now: UInt64) throws -> [(String, String)] {
        let range = try range(now: now)
        return [("from", RFC3339.text(nanoseconds: range.from)), ("to", RFC3339.text(nanoseconds: range.to))]
    }

    private static let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]

    /// `90s`, `15m`, … in seconds; nil for anything else, and for more than a century.
    static func seconds(_ text: String) -> UInt64? {
        guard let unit = text.last.flatMap({ units[$0] }), let number = UInt64(text.dropLast()), number > 0 else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow || seconds > 36525 * 86400 ? nil : seconds
    }
}
