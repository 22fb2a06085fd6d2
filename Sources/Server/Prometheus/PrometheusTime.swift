import QueryEngine
import QueryLanguages
import TelemetryModel

/// Times and durations as the parameters of Prometheus's HTTP API write them.
enum PrometheusTime {
    /// Why a text is no duration.
    struct Unreadable: Error {
        /// The sentence.
        var sentence: String
    }

    /// Longer texts are shortened where a sentence repeats them.
    private static let quoteLimit = 200

    /// A time in milliseconds since 1970 from seconds with decimals or RFC 3339; nil for anything else, and for times that
    /// are further away than the engine's ``PromQLEngine/timeLimit``.
    static func milliseconds(_ text: String) -> Int64? {
        guard let seconds = number(text) else { return outermost[text] ?? date(text) }
        let limit = Double(PromQLEngine.timeLimit) / 1_000
        guard seconds.magnitude <= limit else { return nil }
        // Thousandths are rounded as Prometheus rounds them, so that both mean the same millisecond.
        let whole = seconds.rounded(.towardZero)
        let fraction = ((seconds - whole) * 1_000).rounded() / 1_000
        return Int64(whole) * 1_000 + Int64((Double(Int64(fraction * 1e9)) / 1e6).rounded(.down))
    }

    /// How Go's client writes that it means all of time.
    private static let outermost = [
        "-292273086-05-16T16:47:06Z": -PromQLEngine.timeLimit, "292277025-08-18T07:12:54.999999999Z": PromQLEngine.timeLimit,
    ]

    /// RFC 3339 as Go reads it: capital letters, no leap seconds.
    private static func date(_ text: String) -> Int64? {
        if text.contains(where: { "tz ".contains($0) }) || text.dropFirst(17).hasPrefix("60") { return nil }
        return RFC3339.milliseconds(text)
    }

    /// A duration in nanoseconds from seconds with decimals or Prometheus's form such as `1h30m`.
    static func nanoseconds(_ text: String) throws(Unreadable) -> Int64 {
        let sentence = "cannot parse \(quoted(text)) to a valid duration"
        if let seconds = number(text) {
            if seconds.isNaN { throw Unreadable(sentence: sentence) }
            guard let nanoseconds = Int64(exactly: (seconds * 1e9).rounded(.towardZero)) else {
                throw Unreadable(sentence: sentence + ". It overflows int64")
            }
            return nanoseconds
        }
        guard let milliseconds = try? PromQLDuration.parse(text) else { throw Unreadable(sentence: sentence) }
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { throw Unreadable(sentence: sentence) }
        return nanoseconds
    }

    /// A decimal number with sign and exponent, an infinity or NaN; nil for anything else, hexadecimal numbers included.
    private static func number(_ text: String) -> Double? {
        let digits = text.drop { "+-".contains($0) }
        let isDecimal = digits.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || "+-.eE".utf8.contains($0) }
        return isDecimal || ["inf", "infinity", "nan"].contains(digits.lowercased()) ? Double(text) : nil
    }

    /// What Go says of a text that is no whole number, or one that is too large.
    static func problem(ofNumber text: String) -> String {
        let digits = text.drop { "+-".contains($0) }
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        return "parsing \(quoted(text)): \(isNumber ? "value out of range" : "invalid syntax")"
    }

    /// A text in quotes for a sentence.
    static func quoted(_ text: String) -> String {
        "\"" + text.prefix(quoteLimit).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
