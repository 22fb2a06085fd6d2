import TelemetryModel

/// Reads Prometheus 3's PromQL into a typed ``PromQLExpression``.
public struct PromQLParser {
    /// The longest expression in bytes.
    public static let byteLimit = 1 << 18
    /// How deep brackets and signs may be nested.
    public static let nestingLimit = 100
    /// How deep the tree may be, which a chain of operators makes too.
    public static let depthLimit = 400
    /// How many patterns that are more than a list of texts an expression may have: each can take half a megabyte.
    public static let patternLimit = 200

    let expression: String
    private let tokens: [PromQLToken]
    private var position = 0
    private var nesting = 0
    var patternCount = 0

    private init(_ expression: String) throws(PromQLError) {
        self.expression = expression
        if expression.utf8.count > Self.byteLimit {
            throw PromQLError("the expression is longer than \(Self.byteLimit) bytes", at: 0, in: "")
        }
        tokens = try PromQLLexer.tokens(of: expression)
    }

    /// Parses and type-checks a whole expression; throws ``PromQLError``.
    public static func parse(_ expression: String) throws(PromQLError) -> PromQLExpression {
        var parser = try PromQLParser(expression)
        if parser.next.kind == .end { throw parser.error("no expression found in input") }
        let parsed = try parser.parseExpression()
        if parser.next.kind != .end { throw parser.error("unexpected \(parser.next.shown)") }
        return parsed
    }

    /// Parses a series selector without range or modifiers, as `match[]` has it; throws ``PromQLError``.
    public static func parseSelector(_ text: String) throws(PromQLError) -> [LabelMatcher] {
        var parser = try PromQLParser(text)
        let parsed = try parser.parseOperand()
        guard parser.next.kind == .end, case .selector(let selector) = parsed.node else {
            throw PromQLError("expected a series selector such as up{job=\"node\"}", at: 0, in: text)
        }
        return selector.matchers
    }

    // MARK: Words

    /// The word that has not been taken yet.
    var next: PromQLToken { tokens[position] }

    /// The word behind ``next``.
    var afterNext: PromQLToken { tokens[min(position + 1, tokens.count - 1)] }

    /// The name that stands next, in lower case; "" when none does.
    var nextKeyword: String {
        if case .identifier(let name) = next.kind { name.lowercased() } else { "" }
    }

    /// Where the last word taken ends.
    var end: Int { position == 0 ? 0 : tokens[position - 1].location.upperBound }

    func error(_ message: String, at offset: Int? = nil) -> PromQLError {
        PromQLError(message, at: offset ?? next.location.lowerBound, in: expression)
    }

    @discardableResult
    mutating func take() -> PromQLToken {
        defer { position = min(position + 1, tokens.count - 1) }
        return next
    }

    mutating func take(symbol: String) -> Bool {
        guard next.kind == .symbol(symbol) else { return false }
        take()
        return true
    }

    mutating func take(keyword: String) -> Bool {
        guard nextKeyword == keyword else { return false }
        take()
        return true
    }

    mutating func expect(_ symbol: String, _ context: String) throws(PromQLError) {
        if !take(symbol: symbol) { throw error("unexpected \(next.shown) in \(context), expected \"\(symbol)\"") }
    }

    // MARK: Operators

    mutating func parseExpression() throws(PromQLError) -> PromQLExpression {
        nesting += 1
        defer { nesting -= 1 }
        if nesting > Self.nestingLimit { throw error("the expression is nested deeper than \(Self.nestingLimit)") }
        return try parseBinary(minimumPrecedence: 1)
    }

    private mutating func parseBinary(minimumPrecedence: Int) throws(PromQLError) -> PromQLExpression {
        var left = try parseUnary()
        while let operation = nextOperator, operation.precedence >= minimumPrecedence {
            let operatorOffset = next.location.lowerBound
            take()
            var binary = try parseModifiers(of: operation, left: left)
            // The power binds to the right, all others to the left.
            nesting += 1
            defer { nesting -= 1 }
            if nesting > Self.nestingLimit { throw error("the expression is nested deeper than \(Self.nestingLimit)") }
            binary.right = try parseBinary(minimumPrecedence: operation.precedence + (operation == .power ? 0 : 1))
            try check(binary, at: operatorOffset)
            left = try made(.binary(binary), from: left.location.lowerBound)
        }
        return left
    }

    private var nextOperator: PromQLOperator? {
        switch next.kind {
        case .symbol(let text): PromQLOperator(rawValue: text)
        case .identifier(let name): PromQLOperator(rawValue: name.lowercased())
        default: nil
        }
    }

    private mutating func parseUnary() throws(PromQLError) -> PromQLExpression {
        let start = next.location.lowerBound
        guard next.kind == .symbol("-") || next.kind == .symbol("+") else { return try parseOperand() }
        let isMinus = take().kind == .symbol("-")
        nesting += 1
        defer { nesting -= 1 }
        if nesting > Self.nestingLimit { throw error("the expression is nested deeper than \(Self.nestingLimit)") }
        // A sign binds less tightly than the power and more tightly than everything else.
        let operand = try parseBinary(minimumPrecedence: PromQLOperator.power.precedence)
        if case .number(let value) = operand.node { return try made(.number(isMinus ? -value : value), from: start) }
        guard operand.type == .scalar || operand.type == .instantVector else {
            throw error(
                "unary expression only allowed on expressions of type scalar or instant vector, got \(operand.type.rawValue)",
                at: start)
        }
        return try made(isMinus ? .negation(operand) : .parentheses(operand), from: start)
    }

    /// Finishes an expression that starts at byte `start` and ends where the last word does.
    func made(_ node: PromQLExpression.Node, from start: Int) throws(PromQLError) -> PromQLExpression {
        let made = PromQLExpression(node, start..<max(start, end)).measured
        if made.depth > Self.depthLimit { throw error("the expression is nested deeper than \(Self.depthLimit)", at: start) }
        return made
    }

    // MARK: Operands

    /// A literal, selector, call, aggregation or parentheses, with what follows: range, `offset`, `@`.
    mutating func parseOperand() throws(PromQLError) -> PromQLExpression {
        let start = next.location.lowerBound
        var operand = try parsePrimary()
        while true {
            if next.kind == .symbol("[") {
                operand = try parseBrackets(behind: operand, from: start)
            } else if take(symbol: "@") {
                operand = try withFixedTime(operand, try parseFixedTime(), from: start)
            } else if take(keyword: "offset") {
                operand = try withOffset(operand, try parseOffset(), from: start)
            } else {
                return operand
            }
        }
    }

    private mutating func parsePrimary() throws(PromQLError) -> PromQLExpression {
        let start = next.location.lowerBound
        switch next.kind {
        case .number(let value):
            take()
            return try made(.number(value), from: start)
        case .string(let text):
            take()
            return try made(.string(text), from: start)
        case .symbol("("):
            take()
            let inner = try parseExpression()
            try expect(")", "parentheses")
            return try made(.parentheses(inner), from: start)
        case .symbol("{"):
            return try parseSelector(named: nil)
        case .identifier(let name):
            return try parseName(name)
        default:
            throw error("unexpected \(next.shown)")
        }
    }

    private mutating func parseName(_ name: String) throws(PromQLError) -> PromQLExpression {
        let start = next.location.lowerBound
        let keyword = name.lowercased()
        let follower = afterNext.kind
        if let aggregation = PromQLAggregation(rawValue: keyword), follower == .symbol("(") || isGrouping(afterNext) {
            take()
            return try parseAggregation(aggregation, from: start)
        }
        if follower == .symbol("(") {
            guard let function = PromQLFunction.named(name) else { throw error("unknown function with name \"\(name)\"") }
            take()
            return try parseCall(function, from: start)
        }
        if let value = ["inf": Double.infinity, "nan": Double.nan][keyword] {
            take()
            return try made(.number(value), from: start)
        }
        if Self.isReserved(name) { throw error("unexpected \(next.shown)") }
        take()
        return try parseSelector(named: name)
    }

    /// Whether a word cannot name a metric unless it is quoted.
    static func isReserved(_ name: String) -> Bool {
        ["on", "ignoring", "group_left", "group_right", "bool", "atan2", "inf", "nan"].contains(name.lowercased())
    }

    private func isGrouping(_ token: PromQLToken) -> Bool {
        if case .identifier(let name) = token.kind { ["by", "without"].contains(name.lowercased()) } else { false }
    }
}
