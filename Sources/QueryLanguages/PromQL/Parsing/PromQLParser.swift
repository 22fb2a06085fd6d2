import TelemetryModel

/// Reads Prometheus 3's PromQL into a typed ``PromQLExpression``.
///
/// What is wrong is reported as Prometheus reports it: the first mistake in the order in which its parser notices them. That is
/// why a word is only cut off when it is looked at, and why types are checked when the whole expression has been read.
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
    let features: PromQLFeatures
    private var lexer: PromQLLexer
    private var lookahead: PromQLToken?
    private var nesting = 0
    /// How many aggregations are open, which messages mention.
    var openAggregations = 0
    var patternCount = 0
    /// How many operators there were in durations: they may be as many as the tree may be deep.
    var durationOperators = 0
    /// Where the last word taken ends.
    private(set) var end = 0

    private init(_ expression: String, _ features: PromQLFeatures) throws(PromQLError) {
        self.expression = expression
        self.features = features
        lexer = PromQLLexer(expression)
        if expression.utf8.count > Self.byteLimit {
            throw PromQLError("the expression is longer than \(Self.byteLimit) bytes", at: 0, in: "x")
        }
    }

    /// Parses and type-checks a whole expression; throws ``PromQLError``.
    public static func parse(_ expression: String, features: PromQLFeatures = []) throws(PromQLError) -> PromQLExpression {
        var parser = try PromQLParser(expression, features)
        if try parser.peek().kind == .end { throw parser.error("no expression found in input", at: 0) }
        let parsed = try parser.parseExpression()
        if try parser.peek().kind != .end { throw try parser.unexpected() }
        try PromQLTypeCheck(expression: expression).check(parsed)
        return parsed
    }

    /// Parses a series selector without range or modifiers, as `match[]` has it; throws ``PromQLError``.
    ///
    /// Whether it has a matcher that is not empty is left to the caller.
    public static func parseSelector(_ text: String) throws(PromQLError) -> [LabelMatcher] {
        var parser = try PromQLParser(text, [])
        let name = try parser.peek().canNameMetric ? try parser.take() : nil
        if name == nil, try !parser.isNext(.leftBrace) { throw try parser.unexpected() }
        let selector = try parser.parseSelector(named: name)
        if try parser.peek().kind != .end { throw try parser.unexpected() }
        return selector.matchers
    }

    // MARK: Words

    /// The word that has not been taken yet.
    mutating func peek() throws(PromQLError) -> PromQLToken {
        if let lookahead { return lookahead }
        let token = try lexer.next()
        lookahead = token
        return token
    }

    @discardableResult
    mutating func take() throws(PromQLError) -> PromQLToken {
        let token = try peek()
        lookahead = nil
        end = token.location.upperBound
        return token
    }

    mutating func isNext(_ symbol: PromQLToken.Symbol) throws(PromQLError) -> Bool { try peek().kind == .symbol(symbol) }

    mutating func take(_ symbol: PromQLToken.Symbol) throws(PromQLError) -> Bool {
        guard try isNext(symbol) else { return false }
        try take()
        return true
    }

    mutating func take(_ keyword: PromQLKeyword) throws(PromQLError) -> Bool {
        guard try peek().kind == .keyword(keyword) else { return false }
        try take()
        return true
    }

    func error(_ message: String, at offset: Int) -> PromQLError { PromQLError(message, at: offset, in: expression) }

    /// Complains about the next word.
    mutating func unexpected(_ context: String? = nil, expected: String? = nil) throws(PromQLError) -> PromQLError {
        let token = try peek()
        let place = (context ?? (openAggregations > 0 ? "aggregation" : nil)).map { " in \($0)" } ?? ""
        return error("unexpected \(token.shown)\(place)\(expected.map { ", expected \($0)" } ?? "")", at: token.location.lowerBound)
    }

    // MARK: Operators

    mutating func parseExpression() throws(PromQLError) -> PromQLExpression {
        try nested { parser throws(PromQLError) in try parser.parseBinary(minimumPrecedence: 1) }
    }

    mutating func nested<Result>(
        _ body: (inout PromQLParser) throws(PromQLError) -> Result
    ) throws(PromQLError) -> Result {
        nesting += 1
        defer { nesting -= 1 }
        if nesting > Self.nestingLimit {
            throw error("the expression is nested deeper than \(Self.nestingLimit)", at: try peek().location.lowerBound)
        }
        return try body(&self)
    }

    private mutating func parseBinary(minimumPrecedence: Int) throws(PromQLError) -> PromQLExpression {
        var left = try parseUnary()
        while case .operation(let operation) = try peek().kind, operation.precedence >= minimumPrecedence {
            try take()
            var binary = try parseModifiers(of: operation, left: left)
            // The power binds to the right, all others to the left.
            let precedence = operation.precedence + (operation == .power ? 0 : 1)
            binary.right = try nested { parser throws(PromQLError) in try parser.parseBinary(minimumPrecedence: precedence) }
            let start = left.location.lowerBound
            if !features.contains(.fillModifiers), binary.matching.leftFill != nil || binary.matching.rightFill != nil {
                throw error("binop fill modifiers are experimental and not enabled", at: start)
            }
            left = try made(.binary(binary), from: start)
        }
        return left
    }

    private mutating func parseUnary() throws(PromQLError) -> PromQLExpression {
        let token = try peek()
        guard token.kind == .operation(.subtract) || token.kind == .operation(.add) else { return try parseOperand() }
        try take()
        let isMinus = token.kind == .operation(.subtract)
        // A sign binds less tightly than the power and more tightly than everything else.
        let operand = try nested { parser throws(PromQLError) in
            try parser.parseBinary(minimumPrecedence: PromQLOperator.power.precedence)
        }
        let start = token.location.lowerBound
        if case .number(let value) = operand.node {
            let location = start..<operand.location.upperBound
            return PromQLExpression(.number(isMinus ? -value : value), location, isDuration: operand.isDuration)
        }
        return try made(isMinus ? .negation(operand) : .plus(operand), from: start, to: operand.location.upperBound)
    }

    /// Finishes an expression that starts at byte `start` and ends where the last word does.
    func made(
        _ node: PromQLExpression.Node, from start: Int, to end: Int? = nil
    ) throws(PromQLError) -> PromQLExpression {
        let made = PromQLExpression(node, start..<max(start, end ?? self.end))
        if made.depth > Self.depthLimit { throw error("the expression is nested deeper than \(Self.depthLimit)", at: start) }
        return made
    }
}
