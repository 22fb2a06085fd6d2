// Durations: constants, or arithmetic with them.
extension PromQLParser {
    /// Reads a duration as brackets have it.
    mutating func parseDuration(
        in context: String, expected: String, minimumPrecedence: Int = PromQLOperator.add.precedence
    ) throws(PromQLError) -> PromQLDurationExpression {
        let first = try parseDurationOperand(in: context, expected: expected)
        return try parseDurationOperators(
            behind: first, in: context, expected: expected, minimumPrecedence: minimumPrecedence)
    }

    /// Reads the duration behind `offset`: without parentheses nothing but one number or call belongs to it, with its sign.
    mutating func parseOffsetDuration(in context: String, expected: String) throws(PromQLError) -> PromQLDurationExpression {
        let token = try peek()
        guard token.kind == .operation(.add) || token.kind == .operation(.subtract) else {
            let operand = try parseDurationOperand(in: context, expected: expected)
            if token.kind != .symbol(.leftParenthesis) { return operand }
            return try parseDurationOperators(behind: operand, in: context, expected: expected)
        }
        try take()
        let isSimple =
            switch try peek().kind {
            case .operation(.add), .operation(.subtract): false
            default: true
            }
        let operand =
            isSimple
            ? try parseDurationOperand(in: context, expected: expected)
            : try parseDuration(in: context, expected: expected, minimumPrecedence: PromQLOperator.power.precedence)
        let signed = try signed(operand, by: token)
        return isSimple ? signed : try parseDurationOperators(behind: signed, in: context, expected: expected)
    }

    private mutating func parseDurationOperators(
        behind first: PromQLDurationExpression, in context: String, expected: String,
        minimumPrecedence: Int = PromQLOperator.add.precedence
    ) throws(PromQLError) -> PromQLDurationExpression {
        var left = first
        while case .operation(let operation) = try peek().kind, operation.precedence >= minimumPrecedence, operation != .atan2 {
            let place = try take().location.lowerBound
            let precedence = operation.precedence + (operation == .power ? 0 : 1)
            let right = try nested { parser throws(PromQLError) in
                try parser.parseDuration(in: context, expected: expected, minimumPrecedence: precedence)
            }
            _ = try peek()
            try checkComputing(at: left.location.lowerBound)
            if operation == .divide, right.constant == 0 { throw error("division by zero", at: place) }
            if operation == .remainder, right.constant == 0 { throw error("modulo by zero", at: place) }
            durationOperators += 1
            if durationOperators > Self.depthLimit {
                throw error("the expression has more than \(Self.depthLimit) operators in durations", at: place)
            }
            left = PromQLDurationExpression(
                .binary(operation, left, right), left.location.lowerBound..<right.location.upperBound)
        }
        return left
    }

    private mutating func parseDurationOperand(
        in context: String, expected: String
    ) throws(PromQLError) -> PromQLDurationExpression {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            let literal = try parseNumber()
            return try checked(
                PromQLDurationExpression(.literal(literal.seconds, isDuration: literal.isDuration), token.location))
        case .operation(.add), .operation(.subtract):
            try take()
            let operand = try nested { parser throws(PromQLError) in
                try parser.parseDuration(in: context, expected: expected, minimumPrecedence: PromQLOperator.power.precedence)
            }
            return try signed(operand, by: token)
        case .symbol(.leftParenthesis):
            try take()
            let inner = try nested { parser throws(PromQLError) in try parser.parseDuration(in: context, expected: expected) }
            if try !take(.rightParenthesis) { throw try unexpected(context, expected: expected) }
            try checkComputing(at: inner.location.lowerBound)
            return PromQLDurationExpression(.parentheses(inner), token.location.lowerBound..<end)
        default: return try parseDurationCall(in: context, expected: expected)
        }
    }

    /// Reads `step()`, `range()`, `min_of(a, b)` or `max_of(a, b)`; the latter were called `min` and `max` for a while.
    private mutating func parseDurationCall(
        in context: String, expected: String
    ) throws(PromQLError) -> PromQLDurationExpression {
        let token = try peek()
        let name = token.text.lowercased()
        let isCall = token.kind == .identifier || token.kind == .keyword(.step) || ["min", "max"].contains(name)
        guard isCall, ["step", "range", "min", "max", "min_of", "max_of"].contains(name) else {
            throw try unexpected(context, expected: expected)
        }
        try take()
        if try !take(.leftParenthesis) { throw try unexpected(context, expected: expected) }
        var arguments: [PromQLDurationExpression] = []
        if name != "step" && name != "range" {
            for index in 0..<2 {
                if index == 1, try !take(.comma) { throw try unexpected(context, expected: expected) }
                let argument = try nested { parser throws(PromQLError) in
                    try parser.parseDuration(in: context, expected: expected)
                }
                arguments.append(argument)
            }
        }
        if try !take(.rightParenthesis) { throw try unexpected(context, expected: expected) }
        try checkComputing(at: token.location.lowerBound)
        let location = token.location.lowerBound..<end
        switch name {
        case "step": return PromQLDurationExpression(.step, location)
        case "range": return PromQLDurationExpression(.range, location)
        case "min", "min_of": return PromQLDurationExpression(.minimum(arguments[0], arguments[1]), location)
        default: return PromQLDurationExpression(.maximum(arguments[0], arguments[1]), location)
        }
    }

    /// A number takes its sign, anything else becomes negative by itself.
    private func signed(_ operand: PromQLDurationExpression, by sign: PromQLToken) throws(PromQLError) -> PromQLDurationExpression {
        let location = sign.location.lowerBound..<operand.location.upperBound
        let isMinus = sign.kind == .operation(.subtract)
        if case .literal(let seconds, let isDuration) = operand.node {
            return try checked(
                PromQLDurationExpression(.literal(isMinus ? -seconds : seconds, isDuration: isDuration), location))
        }
        return isMinus ? PromQLDurationExpression(.negation(operand), location) : operand
    }

    private func checked(_ literal: PromQLDurationExpression) throws(PromQLError) -> PromQLDurationExpression {
        if let seconds = literal.constant, PromQLDuration.milliseconds(seconds) == nil {
            throw error("duration out of range", at: literal.location.lowerBound)
        }
        return literal
    }

    private func checkComputing(at offset: Int) throws(PromQLError) {
        if !features.contains(.durationExpressions) {
            throw error("experimental duration expression is not enabled", at: offset)
        }
    }
}
