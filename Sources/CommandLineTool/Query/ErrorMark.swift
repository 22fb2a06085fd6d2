import Foundation

/// Shows where in an expression a mistake was noticed.
enum ErrorMark {
    /// The server's sentence; when it names line and column, that line of the expression and a mark below it.
    static func lines(_ sentence: String, expression: String, width: Int) -> [String] {
        let texts = expression.split(separator: "\n", omittingEmptySubsequences: false)
        guard let place = sentence.firstMatch(of: /(\d{1,9}):(\d{1,9}): parse error/), let line = Int(place.1),
            let column = Int(place.2), texts.indices.contains(line - 1), column >= 1
        else { return [sentence] }
        let text = texts[line - 1]
        // Columns are bytes; what stands before the place takes as many columns of the terminal as its characters.
        let before = TerminalText.safe(String(decoding: Array(text.utf8.prefix(column - 1)), as: UTF8.self))
        let behind = TerminalText.safe(String(decoding: Array(text.utf8.dropFirst(column - 1)), as: UTF8.self))
        let room = width - indent.count
        let shown = shortenedBefore(before, behind.isEmpty ? room - 1 : room * 2 / 3)
        let column0 = TerminalText.width(shown)
        return [
            sentence, indent + shown + TerminalText.shortened(behind, room - column0),
            indent + String(repeating: " ", count: column0) + "^",
        ]
    }

    private static let indent = "  "

    /// The end of a text, with `…` before it when it does not fit.
    private static func shortenedBefore(_ text: String, _ columns: Int) -> String {
        if TerminalText.width(text) <= columns { return text }
        var kept: [Character] = []
        var used = 1
        for character in text.reversed() {
            used += TerminalText.width(String(character))
            if used > columns { break }
            kept.append(character)
        }
        return "…" + String(kept.reversed())
    }
}
