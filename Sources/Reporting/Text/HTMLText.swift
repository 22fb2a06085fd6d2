/// Text from outside on its way into a page.
enum HTMLText {
    /// The text with everything replaced that HTML or an attribute would take for its own, and without control characters and those that
    /// turn the direction of text. Line breaks and tabs become blanks unless they are kept.
    static func escaped(_ text: String, keepsLines: Bool = false) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t":
                if keepsLines { result.unicodeScalars.append(scalar) } else { result += " " }
            default: result.unicodeScalars.append(isTrouble(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return result
    }

    /// The text without control characters and those that turn the direction of text, for templates that do the rest of the escaping.
    static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isTrouble) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isTrouble($0) ? "\u{FFFD}" : $0 }))
    }

    private static func isTrouble(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// At most `limit` characters, with an ellipsis where something was left out.
    static func shortened(_ text: String, _ limit: Int) -> String { text.count <= limit ? text : text.prefix(limit - 1) + "…" }
}
