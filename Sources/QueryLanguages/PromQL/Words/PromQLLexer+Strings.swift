// Texts in quotes.
extension PromQLLexer {
    /// Reads a text in quotes. Bytes that are no UTF-8, which only escapes can make, become U+FFFD.
    mutating func string() throws(PromQLError) -> PromQLToken.Kind {
        let quote = bytes[position]
        position += 1
        var content: [UInt8] = []
        while let scalar = peek() {
            if scalar == "\u{FFFD}" { throw error("invalid UTF-8 rune") }
            let byte = bytes[position]
            position += scalar.utf8.count
            if byte == quote { return .string(String(decoding: content, as: UTF8.self)) }
            if quote == UInt8(ascii: "`") {
                content.append(contentsOf: scalar.utf8)
            } else if scalar == "\\" {
                try appendEscape(quote: quote, to: &content)
            } else if scalar == "\n" {
                break
            } else {
                content.append(contentsOf: scalar.utf8)
            }
        }
        throw error(quote == UInt8(ascii: "`") ? "unterminated raw string" : "unterminated quoted string")
    }

    private mutating func appendEscape(quote: UInt8, to content: inout [UInt8]) throws(PromQLError) {
        guard let letter = peek() else { throw error("escape sequence not terminated") }
        switch letter {
        case "0"..."7": return content.append(UInt8(truncatingIfNeeded: try digits(3, radix: 8, limit: 0xFF)))
        default: position += letter.utf8.count
        }
        switch letter {
        case "a": content.append(0x07)
        case "b": content.append(0x08)
        case "f": content.append(0x0C)
        case "n": content.append(0x0A)
        case "r": content.append(0x0D)
        case "t": content.append(0x09)
        case "v": content.append(0x0B)
        case "\\", Unicode.Scalar(quote): content.append(contentsOf: letter.utf8)
        case "x": content.append(UInt8(truncatingIfNeeded: try digits(2, radix: 16, limit: 0xFF)))
        case "u", "U":
            let value = try digits(letter == "u" ? 4 : 8, radix: 16, limit: 0x10FFFF)
            content.append(contentsOf: String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
        default: throw error("unknown escape sequence \(GoText.numbered(letter))")
        }
    }

    private mutating func digits(_ count: Int, radix: UInt32, limit: UInt32) throws(PromQLError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = peek() else { throw error("escape sequence not terminated") }
            guard scalar.isASCII, let digit = Character(scalar).hexDigitValue, digit < radix else {
                throw error("illegal character \(GoText.numbered(scalar)) in escape sequence")
            }
            position += 1
            value = value &* radix &+ UInt32(digit)
        }
        if value > limit || (0xD800..<0xE000).contains(value) {
            throw error("escape sequence is an invalid Unicode code point")
        }
        return value
    }
}
