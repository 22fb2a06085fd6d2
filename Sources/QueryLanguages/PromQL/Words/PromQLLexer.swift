/// Cuts an expression into words, one at a time: what is wrong behind the first mistake does not matter.
struct PromQLLexer {
    private let expression: String
    let bytes: [UInt8]
    /// Where the word that is being read starts, which is where its mistakes are reported.
    private var start = 0
    var position = 0
    private var parenthesisDepth = 0
    private var isInBraces = false
    private var isInBrackets = false
    /// Between `[` and the first number only what makes a duration is expected.
    private var expectsDuration = false
    private var hasColon = false
    /// Whether there was a duration in any brackets so far; only then a colon can follow.
    private var hasDuration = false

    init(_ expression: String) {
        self.expression = expression
        bytes = Array(expression.utf8)
    }

    func error(_ message: String, at offset: Int? = nil) -> PromQLError {
        PromQLError(message, at: offset ?? start, in: expression)
    }

    // MARK: Words

    /// The next word; behind the last one, the end.
    mutating func next() throws(PromQLError) -> PromQLToken {
        try skipSpaceAndComments()
        start = position
        guard let scalar = peek() else {
            try checkEnd()
            return PromQLToken(kind: .end, text: "", location: start..<start)
        }
        let kind =
            if isInBraces { try kindInBraces(scalar) } else if expectsDuration { try kindInDuration(scalar) } else {
                try kindOutside(scalar)
            }
        return PromQLToken(kind: kind, text: text(from: start), location: start..<position)
    }

    private mutating func skipSpaceAndComments() throws(PromQLError) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case UInt8(ascii: "#") where isInBraces || !expectsDuration:
                while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
            default: return
            }
        }
    }

    private func checkEnd() throws(PromQLError) {
        if isInBraces { throw error("unexpected end of input inside braces") }
        if expectsDuration { throw error("unexpected end of input in duration expression") }
        if parenthesisDepth != 0 { throw error("unclosed left parenthesis") }
        if isInBrackets { throw error("unclosed left bracket") }
    }

    private mutating func kindOutside(_ scalar: Unicode.Scalar) throws(PromQLError) -> PromQLToken.Kind {
        switch scalar {
        case "0"..."9": return try numberOrDuration()
        case "." where bytes.count > position + 1 && Self.isDigit(bytes[position + 1]): return try numberOrDuration()
        case "\"", "'", "`": return try string()
        case ":" where isInBrackets:
            position += 1
            if hasColon { throw error("unexpected colon ':'") }
            hasColon = true
            return .symbol(.colon)
        case _ where isInBrackets && Self.isLetter(scalar):
            return try durationWord("unexpected character: \(GoText.quoted(scalar)), expected ':'")
        case _ where Self.isLetter(scalar) || scalar == ":": return word()
        case "=", "!", "<", ">": return try comparison(scalar)
        default: return try bracketOrSign(scalar)
        }
    }

    private mutating func comparison(_ scalar: Unicode.Scalar) throws(PromQLError) -> PromQLToken.Kind {
        position += 1
        let following = peek()
        if following == "=" {
            position += 1
            return .operation(scalar == "=" ? .equal : scalar == "!" ? .notEqual : scalar == "<" ? .lessOrEqual : .greaterOrEqual)
        }
        switch scalar {
        case "<": return .operation(.less)
        case ">": return .operation(.greater)
        case "=" where following != "~": return .symbol(.assign)
        default: throw error("unexpected character after '\(scalar)': \(GoText.quoted(following))")
        }
    }

    /// Brackets of all kinds, and operators of one character.
    private mutating func bracketOrSign(_ scalar: Unicode.Scalar) throws(PromQLError) -> PromQLToken.Kind {
        guard scalar.isASCII else { throw error("unexpected character: \(GoText.quoted(scalar))") }
        position += 1
        switch scalar {
        case "(": parenthesisDepth += 1
        case ")":
            parenthesisDepth -= 1
            if parenthesisDepth < 0 { throw error("unexpected right parenthesis ')'", at: position) }
        case "{": isInBraces = true
        case "[":
            if isInBrackets { throw error("unexpected left bracket '['") }
            (isInBrackets, expectsDuration, hasColon) = (true, true, false)
        case "]":
            if !isInBrackets { throw error("unexpected right bracket ']'") }
            (isInBrackets, expectsDuration) = (false, false)
        default: break
        }
        if let operation = PromQLOperator(rawValue: String(scalar)) { return .operation(operation) }
        let known: [Unicode.Scalar] = ["(", ")", "{", "[", "]", ",", "@"]
        guard known.contains(scalar), let symbol = PromQLToken.Symbol(rawValue: String(scalar)) else {
            throw error("unexpected character: \(GoText.quoted(scalar))")
        }
        return .symbol(symbol)
    }

    // MARK: Names

    private mutating func word() -> PromQLToken.Kind {
        while position < bytes.count, Self.isNamePart(bytes[position]) || bytes[position] == UInt8(ascii: ":") { position += 1 }
        let written = text(from: start)
        let lower = written.lowercased()
        if lower == "inf" || lower == "nan" { return .number }
        if let aggregation = PromQLAggregation(rawValue: lower) { return .aggregation(aggregation) }
        if let operation = PromQLOperator(rawValue: lower) { return .operation(operation) }
        if let keyword = PromQLKeyword(rawValue: lower), !keyword.needsParenthesis || isBeforeParenthesis {
            return .keyword(keyword)
        }
        return written.utf8.contains(UInt8(ascii: ":")) ? .metricIdentifier : .identifier
    }

    private var isBeforeParenthesis: Bool {
        bytes[position...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } == UInt8(ascii: "(")
    }

    // MARK: Selectors

    private mutating func kindInBraces(_ scalar: Unicode.Scalar) throws(PromQLError) -> PromQLToken.Kind {
        switch scalar {
        case "\"", "'", "`": return try string()
        case _ where Self.isLetter(scalar):
            while position < bytes.count, Self.isNamePart(bytes[position]) { position += 1 }
            return .identifier
        case ",", "}", "=", "!":
            position += 1
            if scalar == "," { return .symbol(.comma) }
            if scalar == "}" {
                isInBraces = false
                return .symbol(.rightBrace)
            }
            let following = peek()
            if following == "~" || (scalar == "!" && following == "=") { position += 1 }
            if following == "~" { return .symbol(scalar == "=" ? .matches : .matchesNot) }
            if scalar == "=" { return .symbol(.assign) }
            if following == "=" { return .operation(.notEqual) }
            throw error("unexpected character after '!' inside braces: \(GoText.quoted(following))")
        case "{": throw error("unexpected left brace '{'")
        default: throw error("unexpected character inside braces: \(GoText.quoted(scalar))")
        }
    }

    // MARK: Durations

    private mutating func kindInDuration(_ scalar: Unicode.Scalar) throws(PromQLError) -> PromQLToken.Kind {
        switch scalar {
        case "0"..."9": return try durationNumber()
        case "." where bytes.count > position + 1 && Self.isDigit(bytes[position + 1]): return try durationNumber()
        case "(", ")", "]", "+", "-", "*", "/", "%", "^", ",": return try bracketOrSign(scalar)
        case ":":
            position += 1
            if !hasDuration { throw error("unexpected colon before duration in duration expression", at: position) }
            if hasColon { throw error("unexpected repeated colon in duration expression", at: position) }
            hasColon = true
            return .symbol(.colon)
        default: return try durationWord("unexpected character in duration expression: \(GoText.quoted(scalar))")
        }
    }

    private mutating func durationNumber() throws(PromQLError) -> PromQLToken.Kind {
        hasDuration = true
        expectsDuration = false
        return try numberOrDuration()
    }

    /// One of the words that stand for a duration; `complaint` says what was expected instead of anything else.
    private mutating func durationWord(_ complaint: String) throws(PromQLError) -> PromQLToken.Kind {
        while position < bytes.count, Self.isLetter(Unicode.Scalar(bytes[position])) { position += 1 }
        let lower = text(from: start).lowercased()
        if lower == PromQLKeyword.step.rawValue { return .keyword(.step) }
        if let aggregation = PromQLAggregation(rawValue: lower), aggregation == .min || aggregation == .max {
            return .aggregation(aggregation)
        }
        if PromQLDurationExpression.functionNames.contains(lower) { return .identifier }
        throw error(complaint)
    }

    // MARK: Characters

    /// The character at the position; bytes that are no UTF-8 do not get here, for a text has none.
    func peek() -> Unicode.Scalar? {
        guard position < bytes.count else { return nil }
        if bytes[position] < 0x80 { return Unicode.Scalar(bytes[position]) }
        return String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars.first
    }

    func text(from start: Int) -> String { String(decoding: bytes[start..<position], as: UTF8.self) }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        default: false
        }
    }

    static func isNamePart(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(Unicode.Scalar(byte)) }
}
