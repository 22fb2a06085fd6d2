/// Text for a terminal. Names and messages come from telemetry, so from anybody: what would steer the terminal or turn the
/// line round is shown as an escape instead.
enum TerminalText {
    /// The text with control characters, invisible formatting and line breaks written out: `\u{1b}`.
    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isDangerous) else { return text }
        var output = ""
        for scalar in text.unicodeScalars {
            if isDangerous(scalar) {
                output += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
        default: false
        }
    }

    /// How many columns a safe text takes: two for East Asian wide characters and emoji, none for combining marks.
    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: sum
            default: sum + (isWide(scalar.value) ? 2 : 1)
            }
        }
    }

    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// The safe text in exactly `columns`: cut with `…`, or filled with blanks on the right, or on the left.
    static func fitted(_ text: String, _ columns: Int, alignsRight: Bool = false) -> String {
        let text = cut(safe(text), columns)
        let blanks = String(repeating: " ", count: max(0, columns - width(text)))
        return alignsRight ? blanks + text : text + blanks
    }

    /// The safe text, cut with `…` when it takes more than `columns`.
    static func shortened(_ text: String, _ columns: Int) -> String { cut(safe(text), columns) }

    private static func cut(_ text: String, _ columns: Int) -> String {
        if width(text) <= columns { return text }
        var output = ""
        var used = 0
        for character in text {
            let next = width(String(character))
            if used + next > columns - 1 { break }
            output.append(character)
            used += next
        }
        return output + (columns > 0 ? "…" : "")
    }
}
