import TelemetryModel

// Literals, names and parentheses, and what may stand behind them.
extension PromQLParser {
    /// A literal, selector, call, aggregation or parentheses, with what follows: range, `offset`, `@`, `anchored`, `smoothed`.
    mutating func parseOperand() throws(PromQLError) -> PromQLExpression {
        var operand = try parsePrimary()
        while true {
            switch try peek().kind {
            case .symbol(.leftBracket): operand = try parseBrackets(behind: operand)
            case .symbol(.at): operand = try parseFixedTime(behind: operand)
            case .keyword(.offset): operand = try parseOffset(behind: operand)
            case .keyword(.anchored), .keyword(.smoothed): operand = try parseRangeModifier(behind: operand)
            default: return operand
            }
        }
    }

    private mutating func parsePrimary() throws(PromQLError) -> PromQLExpression {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            let literal = try parseNumber()
            return PromQLExpression(.number(literal.seconds), token.location, isDuration: literal.isDuration)
        case .string(let text):
            try take()
            return try made(.string(text), from: token.location.lowerBound)
        case .symbol(.leftParenthesis): return try parseParentheses()
        case .symbol(.leftBrace): return try parseSelectorExpression(named: nil)
        default: return try parseName()
        }
    }

    /// Takes a number or duration and reads its value.
    mutating func parseNumber() throws(PromQLError) -> (seconds: Double, isDuration: Bool) {
        let token = try take()
        if token.kind == .duration {
            do { return (PromQLDuration.seconds(try PromQLDuration.parse(token.text)), true) } catch {
                throw self.error(error.message, at: token.location.lowerBound)
            }
        }
        do { return (try PromQLNumber.parse(token.text), false) } catch {
            let reason = error == .range ? "value out of range" : "invalid syntax"
            throw self.error(
                "error parsing number: strconv.ParseFloat: parsing \(GoText.quoted(token.text)): \(reason)",
                at: token.location.lowerBound)
        }
    }

    private mutating func parseParentheses() throws(PromQLError) -> PromQLExpression {
        let start = try take().location.lowerBound
        let inner = try parseExpression()
        if try !take(.rightParenthesis) { throw try unexpected() }
        return try made(.parentheses(inner), from: start)
    }

    private mutating func parseName() throws(PromQLError) -> PromQLExpression {
        let token = try peek()
        guard token.canNameMetric else { throw try unexpected() }
        try take()
        switch token.kind {
        case .aggregation(let aggregation):
            switch try peek().kind {
            case .symbol(.leftParenthesis), .keyword(.by), .keyword(.without):
                return try parseAggregation(aggregation, from: token.location.lowerBound)
            default: break
            }
        case .identifier, .keyword(.start), .keyword(.end), .keyword(.step):
            if try isNext(.leftParenthesis) { return try parseCall(token) }
        default: break
        }
        return try parseSelectorExpression(named: token)
    }

    private mutating func parseSelectorExpression(named name: PromQLToken?) throws(PromQLError) -> PromQLExpression {
        let next = try peek()
        let first = name ?? next
        let selector = try parseSelector(named: name)
        return try made(.selector(selector), from: first.location.lowerBound)
    }
}
