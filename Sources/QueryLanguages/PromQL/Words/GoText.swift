/// Texts quoted as Prometheus's messages and canonical expressions have them, which is Go's way.
public enum GoText {
    /// The text in double quotes, with what cannot be printed escaped.
    public static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars { quoted += scalar == "\"" ? "\\\"" : escaped(scalar) }
        return quoted + "\""
    }

    /// At most ten characters of the text in double quotes, and whether there were more.
    static func shortened(_ text: String) -> String {
        guard text.utf8.count > 10 else { return quoted(text) }
        var start = String.UnicodeScalarView()
        start.append(contentsOf: text.unicodeScalars.prefix(10))
        return quoted(String(start)) + "..."
    }

    /// One character in single quotes; nil is the end of the input.
    static func quoted(_ scalar: Unicode.Scalar?) -> String {
        guard let scalar else { return "'\u{FFFD}'" }
        return scalar == "'" ? "'\\''" : "'\(escaped(scalar))'"
    }

    /// The number of a character, and the character itself if it can be printed: `U+007A 'z'`.
    static func numbered(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let number = "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return isPrintable(scalar) ? "\(number) '\(scalar)'" : number
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\": return "\\\\"
        case "\u{07}": return "\\a"
        case "\u{08}": return "\\b"
        case "\u{0C}": return "\\f"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{0B}": return "\\v"
        // It stands for bytes that are no UTF-8, and is refused in the quotes of an expression.
        case "\u{FFFD}": return "\\ufffd"
        case _ where isPrintable(scalar): return String(scalar)
        case _ where scalar.value < 0x20 || scalar.value == 0x7F: return "\\x" + hexadecimal(scalar, digits: 2)
        case _ where scalar.value < 0x1_0000: return "\\u" + hexadecimal(scalar, digits: 4)
        default: return "\\U" + hexadecimal(scalar, digits: 8)
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar, digits: Int) -> String {
        let text = String(scalar.value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// Letters, marks, numbers, punctuation, symbols and the ASCII space.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format, .surrogate, .privateUse, .unassigned:
            return false
        default: return true
        }
    }
}
