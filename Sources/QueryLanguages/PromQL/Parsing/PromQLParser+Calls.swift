// Calls, aggregations, and what stands between an operator and its right side.
extension PromQLParser {
    private mutating func parseArguments() throws(PromQLError) -> [PromQLExpression] {
        if try !take(.leftParenthesis) { throw try unexpected() }
        if try take(.rightParenthesis) { return [] }
        var arguments = [try parseExpression()]
        while try isNext(.comma) {
            let place = try take().location.lowerBound
            if try !startsExpression(peek()) { throw error("trailing commas not allowed in function call args", at: place) }
            arguments.append(try parseExpression())
        }
        if try !take(.rightParenthesis) { throw try unexpected() }
        return arguments
    }

    private func startsExpression(_ token: PromQLToken) -> Bool {
        switch token.kind {
        case .number, .duration, .string, .symbol(.leftParenthesis), .symbol(.leftBrace), .operation(.add), .operation(.subtract):
            true
        default: token.canNameMetric
        }
    }

    /// Reads the arguments of a function whose name has been taken.
    mutating func parseCall(_ name: PromQLToken) throws(PromQLError) -> PromQLExpression {
        let arguments = try parseArguments()
        let start = name.location.lowerBound
        guard let function = PromQLFunction.named(name.text) else {
            throw error("unknown function with name \(GoText.quoted(name.text))", at: start)
        }
        if function.isExperimental, !features.contains(.experimentalFunctions) {
            throw error("function \(GoText.quoted(name.text)) is not enabled", at: start)
        }
        return try made(.call(function, arguments), from: start)
    }

    /// Reads an aggregation whose name has been taken.
    mutating func parseAggregation(_ operation: PromQLAggregation, from start: Int) throws(PromQLError) -> PromQLExpression {
        openAggregations += 1
        var grouping = try parseGrouping()
        let arguments = try parseArguments()
        let bodyEnd = end
        openAggregations -= 1
        if grouping == nil { grouping = try parseGrouping() }
        if arguments.isEmpty { throw error("no arguments for aggregate expression provided", at: start) }
        if operation.isExperimental, !features.contains(.experimentalFunctions) {
            let feature = "promql-experimental-functions"
            throw error(
                "\(operation.rawValue)() is experimental and must be enabled with --enable-feature=\(feature)", at: start)
        }
        let wanted = operation.parameterType == nil ? 1 : 2
        guard arguments.count == wanted else {
            throw error(
                "wrong number of arguments for aggregate expression provided, expected \(wanted), got \(arguments.count)",
                at: start)
        }
        let aggregation = PromQLExpression.Aggregation(
            operation: operation, expression: arguments[wanted - 1], parameter: wanted == 2 ? arguments[0] : nil,
            labels: grouping?.labels ?? [], without: grouping?.without ?? false)
        return try made(.aggregation(aggregation), from: start, to: max(end, bodyEnd))
    }

    private mutating func parseGrouping() throws(PromQLError) -> (labels: [String], without: Bool)? {
        if try take(.by) { return (try parseLabelNames(), false) }
        if try take(.without) { return (try parseLabelNames(), true) }
        return nil
    }

    /// Reads `bool`, `on`, `ignoring`, `group_left`, `group_right` and the fillings behind an operator.
    mutating func parseModifiers(
        of operation: PromQLOperator, left: PromQLExpression
    ) throws(PromQLError) -> PromQLExpression.Binary {
        let returnsBool = try take(.bool)
        var matching = PromQLExpression.Matching()
        matching.isOn = try take(.on)
        let isIgnoring = try take(.ignoring)
        if matching.isOn || isIgnoring {
            matching.labels = try parseLabelNames()
            if try take(.groupLeft) { matching.grouping = .left } else if try take(.groupRight) { matching.grouping = .right }
            if matching.grouping != .none { try parseIncluded(&matching) }
        }
        try parseFills(&matching)
        return PromQLExpression.Binary(
            operation: operation, left: left, right: left, returnsBool: returnsBool, matching: matching)
    }

    /// Reads the labels behind `group_left`, if there are any; a parenthesis here always opens their list.
    private mutating func parseIncluded(_ matching: inout PromQLExpression.Matching) throws(PromQLError) {
        let token = try peek()
        let isFill = [.keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight)].contains(token.kind)
        if token.kind == .symbol(.leftParenthesis) || !(startsExpression(token) || isFill) {
            matching.included = try parseLabelNames()
        }
    }

    private mutating func parseFills(_ matching: inout PromQLExpression.Matching) throws(PromQLError) {
        if try take(.fill) {
            let value = try parseFillValue()
            (matching.leftFill, matching.rightFill) = (value, value)
        } else if try take(.fillLeft) {
            matching.leftFill = try parseFillValue()
            if try take(.fillRight) { matching.rightFill = try parseFillValue() }
        } else if try take(.fillRight) {
            matching.rightFill = try parseFillValue()
            if try take(.fillLeft) { matching.leftFill = try parseFillValue() }
        }
    }

    private mutating func parseFillValue() throws(PromQLError) -> Double {
        if try !take(.leftParenthesis) { throw try unexpected() }
        let sign = try peek().kind
        let isMinus = sign == .operation(.subtract)
        if isMinus || sign == .operation(.add) { try take() }
        switch try peek().kind {
        case .number, .duration: break
        default: throw try unexpected()
        }
        let value = try parseNumber().seconds
        if try !take(.rightParenthesis) { throw try unexpected() }
        return isMinus ? -value : value
    }
}
