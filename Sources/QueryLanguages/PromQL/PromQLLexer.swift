/// Cuts an expression into words.
struct PromQLLexer {
    private let expression: String
    private let bytes: [UInt8]
    private var position = 0
    /// Between square brackets a colon separates range and step, elsewhere it belongs to a name.
    private var isInBrackets = false

    init(_ expression: String) {
        self.expression = expression
        bytes = Array(expression.utf8)
    }

    /// All words, the last of them the end.
    static func tokens(of expression: String) throws(PromQLError) -> [PromQLToken] {
        var lexer = PromQLLexer(expression)
        var tokens: [PromQLToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private func error(_ message: String, at offset: Int? = nil) -> PromQLError {
        PromQLError(message, at: offset ?? position, in: expression)
    }

    private func peek(_ ahead: Int = 0) -> UInt8? { position + ahead < bytes.count ? bytes[position + ahead] : nil }

    private mutating func skipSpaceAndComments() {
        while let byte = peek() {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case UInt8(ascii: "#"): while let byte = peek(), byte != 0x0A, byte != 0x0D { position += 1 }
            default: return
            }
        }
    }

    private mutating func next() throws(PromQLError) -> PromQLToken {
        skipSpaceAndComments()
        let start = position
        let kind = try nextKind()
        return PromQLToken(kind: kind, location: start..<position)
    }

    private mutating func nextKind() throws(PromQLError) -> PromQLToken.Kind {
        guard let byte = peek() else { return .end }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: ".") where peek(1).map(Self.isDigit) == true: return .number(try number())
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): return .string(try string(quote: byte))
        case _ where Self.isLetter(byte) || (byte == UInt8(ascii: ":") && !isInBrackets): return .identifier(takeName())
        default: return .symbol(try symbol())
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == UInt8(ascii: "_")
    }

    private mutating func takeName() -> String {
        let start = position
        while let byte = peek(), Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: ":") { position += 1 }
        return text(start..<position)
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private mutating func symbol() throws(PromQLError) -> String {
        for length in [2, 1] where position + length <= bytes.count {
            let candidate = text(position..<(position + length))
            if Self.symbols.contains(candidate) {
                position += length
                if candidate == "[" { isInBrackets = true }
                if candidate == "]" { isInBrackets = false }
                return candidate
            }
        }
        let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        throw error("unexpected character: \"\(rest.first.map(String.init) ?? "")\"")
    }

    private static let symbols: Set<String> = [
        "+", "-", "*", "/", "%", "^", "==", "!=", "<=", ">=", "<", ">", "=", "=~", "!~", "(", ")", "{", "}", "[", "]", ",", ":",
        "@",
    ]

    // MARK: Numbers

    /// A number (decimal, octal, hexadecimal, with underscores between digits) or a duration, which is its seconds.
    private mutating func number() throws(PromQLError) -> Double {
        let start = position
        while let byte = peek() {
            let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            let followsExponent = position > start && (bytes[position - 1] | 0x20) == UInt8(ascii: "e") && !isHexadecimal(start)
            guard Self.isDigit(byte) || Self.isLetter(byte) || byte == UInt8(ascii: ".") || (isSign && followsExponent) else {
                break
            }
            position += 1
        }
        let written = text(start..<position)
        if let value = PromQLNumber.parse(written) { return value }
        if let milliseconds = try duration(written, start) { return Double(milliseconds) / 1_000 }
        throw error("bad number or duration syntax: \"\(written)\"", at: start)
    }

    private func isHexadecimal(_ start: Int) -> Bool {
        start + 1 < bytes.count && bytes[start] == UInt8(ascii: "0") && (bytes[start + 1] | 0x20) == UInt8(ascii: "x")
    }

    private func duration(_ written: String, _ start: Int) throws(PromQLError) -> Int64? {
        do {
            return try PromQLDuration.parse(written)
        } catch {
            throw self.error(error.message, at: start)
        }
    }

    // MARK: Strings

    private mutating func string(quote: UInt8) throws(PromQLError) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while let byte = peek() {
            position += 1
            if byte == quote {
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw error("the string is not UTF-8", at: start)
                }
                return text
            }
            if quote == UInt8(ascii: "`") {
                content.append(byte)
            } else if byte == UInt8(ascii: "\\") {
                try appendEscape(quote: quote, to: &content)
            } else if byte == 0x0A {
                break
            } else {
                content.append(byte)
            }
        }
        throw error("unterminated quoted string", at: start)
    }

    private mutating func appendEscape(quote: UInt8, to content: inout [UInt8]) throws(PromQLError) {
        let start = position - 1
        guard let letter = peek() else { throw error("escape sequence not terminated", at: start) }
        position += 1
        switch letter {
        case UInt8(ascii: "a"): content.append(0x07)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "v"): content.append(0x0B)
        case UInt8(ascii: "\\"), quote: content.append(letter)
        case UInt8(ascii: "x"): content.append(UInt8(try digits(2, radix: 16, from: start, limit: 0xFF)))
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            position -= 1
            content.append(UInt8(try digits(3, radix: 8, from: start, limit: 0xFF)))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let value = try digits(letter == UInt8(ascii: "u") ? 4 : 8, radix: 16, from: start, limit: 0x10FFFF)
            guard let scalar = Unicode.Scalar(value) else { throw error("escape sequence is no Unicode scalar", at: start) }
            content.append(contentsOf: String(scalar).utf8)
        default: throw error("unknown escape sequence \"\\\(Unicode.Scalar(letter))\"", at: start)
        }
    }

    private mutating func digits(_ count: Int, radix: Int, from start: Int, limit: UInt32) throws(PromQLError) -> UInt32 {
        let end = position + count
        guard end <= bytes.count, let value = UInt32(text(position..<end), radix: radix), Self.isHexadecimalDigit(bytes[position]),
            value <= limit
        else { throw error("illegal digits in escape sequence", at: start) }
        position = end
        return value
    }

    private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
    }
}
