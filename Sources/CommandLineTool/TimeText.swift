import Answers
import QueryLanguages

/// Times as people give them to commands.
enum TimeText {
    /// The forms, for help texts.
    static let forms = "now, -1h, RFC 3339 or seconds since 1970"

    /// Nanoseconds since 1970 of `now`, `-1h` or `now-1h` before or `+5m` behind it, RFC 3339 or seconds since 1970. Throws
    /// ``ToolError`` with the name of the option.
    static func nanoseconds(_ text: String, _ option: String, now: UInt64) throws(ToolError) -> UInt64 {
        if let milliseconds = relative(text) {
            let (distance, overflow) = milliseconds.magnitude.multipliedReportingOverflow(by: 1_000_000)
            let (time, wrapped) =
                milliseconds < 0 ? now.subtractingReportingOverflow(distance) : now.addingReportingOverflow(distance)
            if !overflow, !wrapped { return time }
        } else if let time = try? AnswerRequest.time([option: text], option) {
            return time
        }
        throw ToolError(
            "--\(option) must be now, a time before it such as -1h, RFC 3339 such as 2026-11-21T09:30:00Z, or seconds since 1970.")
    }

    /// Milliseconds from now; nil when the text is not relative.
    private static func relative(_ text: String) -> Int64? {
        var rest = text[...]
        if rest.hasPrefix("now") {
            rest = rest.dropFirst(3)
            if rest.isEmpty { return 0 }
        }
        guard let sign = rest.popFirst(), sign == "-" || sign == "+",
            let milliseconds = try? PromQLDuration.parse(String(rest))
        else { return nil }
        return sign == "-" ? -milliseconds : milliseconds
    }
}
