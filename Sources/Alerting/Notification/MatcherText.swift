import TelemetryModel

/// Alertmanager's way of writing a condition: `severity="page"`, `job=~"api|web"`, with or without quotes.
enum MatcherText {
    static func parse(_ text: String) throws(LabelPatternError) -> LabelMatcher {
        let name = text.prefix { !"=!~ ".contains($0) }
        var rest = text.dropFirst(name.count).drop { $0 == " " }
        let operations: [LabelMatcher.Operation] = [.matches, .matchesNot, .notEqual, .equal]
        guard !name.isEmpty, let operation = operations.first(where: { rest.hasPrefix($0.rawValue) }) else {
            throw LabelPatternError("'\(text)' is no matcher such as severity=\"page\".")
        }
        rest = rest.dropFirst(operation.rawValue.count).drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        guard rest.first == "\"" else { return try LabelMatcher(String(name), operation, String(rest)) }
        guard rest.count >= 2, rest.last == "\"" else { throw LabelPatternError("The value in '\(text)' has no closing quote.") }
        let value = rest.dropFirst().dropLast().replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
        return try LabelMatcher(String(name), operation, String(value))
    }
}
