import ArgumentParser
import Answers
import Platform
import TelemetryModel

/// From when to when a question is meant.
struct TimeRangeOptions: ParsableArguments {
    @Option(help: "From when on: RFC 3339, or seconds since 1970 (default: --last before --to).")
    var from: String?
    @Option(help: "Until when: RFC 3339, or seconds since 1970 (default: now).")
    var to: String?
    @Option(help: "How far back, when --from is not given: 15m, 6h, 2d.")
    var last = "1h"

    func validate() throws {
        if Self.seconds(last) == nil { throw ValidationError("--last must be a number with s, m, h, d or w, such as 15m.") }
        do {
            for (name, text) in [("--from", from), ("--to", to)] {
                _ = try AnswerRequest.time([name: text ?? ""], name)
            }
        } catch {
            throw ValidationError(error.message)
        }
    }

    /// The range in nanoseconds since 1970.
    func range(now: UInt64) throws -> (from: UInt64, to: UInt64) {
        try Self.range(from: from, to: to, lastSeconds: Self.seconds(last) ?? 3600, now: now)
    }

    /// The range that two texts, or the lack of them, mean.
    static func range(from: String?, to: String?, lastSeconds: UInt64, now: UInt64) throws -> (from: UInt64, to: UInt64) {
        do {
            let end = try AnswerRequest.time(["to": to ?? ""], "to") ?? now
            let length = lastSeconds * 1_000_000_000
            let begin = try AnswerRequest.time(["from": from ?? ""], "from") ?? (end > length ? end - length : 0)
            if begin > end { throw ToolError("The range ends before it begins.") }
            return (begin, end)
        } catch let error as AnswerError {
            throw ToolError(error.message)
        }
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
