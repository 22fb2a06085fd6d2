import TelemetryModel

// Selectors with their times, calls and aggregations.
extension PromQLParser {
    // MARK: Selectors

    /// Reads the braces, if any, of a selector whose name has been taken.
    mutating func parseSelector(named name: String?) throws(PromQLError) -> PromQLExpression {
        let start = name == nil ? next.location.lowerBound : end - (name?.utf8.count ?? 0)
        var matchers: [LabelMatcher] = []
        if let name { matchers.append(try matcher(Labels.nameLabel, .equal, name, at: start)) }
        if take(symbol: "{") {
            while !take(symbol: "}") {
                let place = next.location.lowerBound
                let matcher = try parseMatcher()
                let setsName = matcher.name == Labels.nameLabel && matcher.operation == .equal
                if setsName, let other = matchers.first(where: { $0.name == Labels.nameLabel && $0.operation == .equal }) {
                    throw error("metric name must not be set twice: \"\(other.value)\" or \"\(matcher.value)\"", at: place)
                }
                matchers.append(matcher)
                if !take(symbol: ","), next.kind != .symbol("}") {
                    throw error("unexpected \(next.shown) in label matching, expected \",\" or \"}\"")
                }
            }
        }
        if matchers.allSatisfy(\.matchesEmpty) {
            throw error("vector selector must contain at least one non-empty matcher", at: start)
        }
        return try made(.selector(PromQLExpression.Selector(matchers: matchers)), from: start)
    }

    private mutating func parseMatcher() throws(PromQLError) -> LabelMatcher {
        let token = take()
        let name: String
        switch token.kind {
        case .identifier(let text): name = text
        case .string(let text):
            if next.kind == .symbol(",") || next.kind == .symbol("}") {
                return try matcher(Labels.nameLabel, .equal, text, at: token.location.lowerBound)
            }
            name = text
        default: throw error("unexpected \(token.shown) in label matching", at: token.location.lowerBound)
        }
        if name.isEmpty || name.contains(":") && token.kind == .identifier(name) {
            throw error("unexpected \(token.shown) in label matching, expected a label name", at: token.location.lowerBound)
        }
        guard case .symbol(let text) = next.kind, let operation = LabelMatcher.Operation(rawValue: text) else {
            throw error("unexpected \(next.shown) in label matching, expected one of =, !=, =~, !~")
        }
        take()
        guard case .string(let value) = next.kind else {
            throw error("unexpected \(next.shown) in label matching, expected a string")
        }
        let place = take().location.lowerBound
        let matcher = try matcher(name, operation, value, at: place)
        if let pattern = matcher.pattern, pattern.literals == nil { patternCount += 1 }
        if patternCount > Self.patternLimit {
            throw error("the expression has more than \(Self.patternLimit) regular expressions", at: place)
        }
        return matcher
    }

    private func matcher(
        _ name: String, _ operation: LabelMatcher.Operation, _ value: String, at offset: Int
    ) throws(PromQLError) -> LabelMatcher {
        do {
            return try LabelMatcher(name, operation, value)
        } catch {
            throw self.error(error.description, at: offset)
        }
    }

    // MARK: Ranges and times

    /// Reads `[5m]` or `[5m:1m]`.
    mutating func parseBrackets(behind operand: PromQLExpression, from start: Int) throws(PromQLError) -> PromQLExpression {
        let bracket = take().location.lowerBound
        let range = try parsePositiveDuration("range")
        if take(symbol: ":") {
            let step = next.kind == .symbol("]") ? nil : try parsePositiveDuration("subquery step")
            try expect("]", "subquery selector")
            guard operand.type == .instantVector else {
                throw error("subquery is only allowed on instant vector, got \(operand.type.rawValue)", at: start)
            }
            return try made(.subquery(.init(expression: operand, range: range, step: step)), from: start)
        }
        try expect("]", "range selector")
        guard case .selector(let selector) = operand.node else {
            throw error("ranges only allowed for vector selectors", at: bracket)
        }
        if selector.offset != 0 { throw error("no offset modifiers allowed before range", at: bracket) }
        if selector.at != nil { throw error("no @ modifiers allowed before range", at: bracket) }
        return try made(.range(selector, milliseconds: range), from: start)
    }

    private mutating func parsePositiveDuration(_ what: String) throws(PromQLError) -> Int64 {
        let place = next.location.lowerBound
        guard case .number(let seconds) = take().kind else { throw error("expected a duration as \(what)", at: place) }
        let milliseconds = try duration(seconds, at: place)
        if milliseconds <= 0 { throw error("duration must be greater than 0", at: place) }
        return milliseconds
    }

    private func duration(_ seconds: Double, at offset: Int) throws(PromQLError) -> Int64 {
        guard let milliseconds = Int64(exactly: (seconds * 1_000).rounded()), milliseconds.magnitude <= UInt64(PromQLDuration.limit)
        else { throw error("duration out of range", at: offset) }
        return milliseconds
    }

    mutating func parseOffset() throws(PromQLError) -> Int64 {
        let place = next.location.lowerBound
        let isMinus = take(symbol: "-")
        if !isMinus { _ = take(symbol: "+") }
        guard case .number(let seconds) = next.kind else { throw error("unexpected \(next.shown) in offset, expected a duration") }
        take()
        return try duration(isMinus ? -seconds : seconds, at: place)
    }

    mutating func parseFixedTime() throws(PromQLError) -> PromQLExpression.FixedTime {
        let place = next.location.lowerBound
        if nextKeyword == "start" || nextKeyword == "end" {
            let isStart = nextKeyword == "start"
            take()
            try expect("(", "@")
            try expect(")", "@")
            return isStart ? .start : .end
        }
        let isMinus = take(symbol: "-")
        if !isMinus { _ = take(symbol: "+") }
        let seconds: Double
        switch next.kind {
        case .number(let value): seconds = value
        case .identifier where ["inf", "nan"].contains(nextKeyword): seconds = .nan
        default: throw error("unexpected \(next.shown) in @, expected a timestamp")
        }
        take()
        // Far beyond any sample, yet offsets can be added to it without overflow.
        guard let milliseconds = Int64(exactly: (seconds * 1_000).rounded()), milliseconds.magnitude < 1 << 53 else {
            throw error("timestamp out of bounds for @ modifier", at: place)
        }
        return .milliseconds(isMinus ? -milliseconds : milliseconds)
    }

    func withOffset(_ operand: PromQLExpression, _ offset: Int64, from start: Int) throws(PromQLError) -> PromQLExpression {
        let twice = "offset may not be set multiple times"
        switch operand.node {
        case .selector(var selector):
            if selector.offset != 0 { throw error(twice, at: start) }
            selector.offset = offset
            return try made(.selector(selector), from: start)
        case .range(var selector, let milliseconds):
            if selector.offset != 0 { throw error(twice, at: start) }
            selector.offset = offset
            return try made(.range(selector, milliseconds: milliseconds), from: start)
        case .subquery(var subquery):
            if subquery.offset != 0 { throw error(twice, at: start) }
            subquery.offset = offset
            return try made(.subquery(subquery), from: start)
        default:
            throw error(
                "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery", at: start)
        }
    }

    func withFixedTime(
        _ operand: PromQLExpression, _ time: PromQLExpression.FixedTime, from start: Int
    ) throws(PromQLError) -> PromQLExpression {
        let twice = "@ <timestamp> may not be set multiple times"
        switch operand.node {
        case .selector(var selector):
            if selector.at != nil { throw error(twice, at: start) }
            selector.at = time
            return try made(.selector(selector), from: start)
        case .range(var selector, let milliseconds):
            if selector.at != nil { throw error(twice, at: start) }
            selector.at = time
            return try made(.range(selector, milliseconds: milliseconds), from: start)
        case .subquery(var subquery):
            if subquery.at != nil { throw error(twice, at: start) }
            subquery.at = time
            return try made(.subquery(subquery), from: start)
        default:
            throw error(
                "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery", at: start)
        }
    }

    // MARK: Calls and aggregations

    private mutating func parseArguments() throws(PromQLError) -> [PromQLExpression] {
        try expect("(", "call")
        var arguments: [PromQLExpression] = []
        if take(symbol: ")") { return arguments }
        repeat { arguments.append(try parseExpression()) } while take(symbol: ",")
        try expect(")", "call")
        return arguments
    }

    mutating func parseCall(_ function: PromQLFunction, from start: Int) throws(PromQLError) -> PromQLExpression {
        let arguments = try parseArguments()
        try check(arguments, of: function, at: start)
        return try made(.call(function, arguments), from: start)
    }

    mutating func parseAggregation(_ operation: PromQLAggregation, from start: Int) throws(PromQLError) -> PromQLExpression {
        var grouping = try parseGrouping()
        let arguments = try parseArguments()
        if grouping == nil { grouping = try parseGrouping() }
        let wanted = operation.parameterType == nil ? 1 : 2
        guard arguments.count == wanted, let expression = arguments.last else {
            throw error(
                "wrong number of arguments for aggregate expression provided, expected \(wanted), got \(arguments.count)", at: start
            )
        }
        try expect(expression, .instantVector, in: "aggregation expression")
        if let type = operation.parameterType { try expect(arguments[0], type, in: "aggregation parameter") }
        return try made(
            .aggregation(
                .init(
                    operation: operation, expression: expression, parameter: wanted == 2 ? arguments[0] : nil,
                    labels: grouping?.labels ?? [], without: grouping?.without ?? false)), from: start)
    }

    private mutating func parseGrouping() throws(PromQLError) -> (labels: [String], without: Bool)? {
        let without = nextKeyword == "without"
        guard without || nextKeyword == "by" else { return nil }
        take()
        return (try parseLabelNames(), without)
    }

    /// Reads label names in parentheses.
    mutating func parseLabelNames() throws(PromQLError) -> [String] {
        try expect("(", "grouping opts")
        var names: [String] = []
        while !take(symbol: ")") {
            switch next.kind {
            case .identifier(let name) where !name.contains(":"): names.append(name)
            case .string(let name) where !name.isEmpty: names.append(name)
            default: throw error("unexpected \(next.shown) in grouping opts, expected label")
            }
            take()
            if !take(symbol: ","), next.kind != .symbol(")") {
                throw error("unexpected \(next.shown) in grouping opts, expected \",\" or \")\"")
            }
        }
        return names
    }

    /// Reads `bool`, `on`, `ignoring`, `group_left` and `group_right` behind an operator.
    mutating func parseModifiers(
        of operation: PromQLOperator, left: PromQLExpression
    ) throws(PromQLError) -> PromQLExpression.Binary {
        let returnsBool = take(keyword: "bool")
        var matching = PromQLExpression.Matching()
        let isOn = nextKeyword == "on"
        if afterNext.kind == .symbol("("), isOn || nextKeyword == "ignoring" {
            take()
            matching.isOn = isOn
            matching.labels = try parseLabelNames()
            let grouping = nextKeyword
            if grouping == "group_left" || grouping == "group_right" {
                take()
                matching.grouping = grouping == "group_left" ? .left : .right
                // As in Prometheus, a parenthesis here always opens a list of labels.
                if next.kind == .symbol("(") { matching.included = try parseLabelNames() }
            }
        }
        return PromQLExpression.Binary(
            operation: operation, left: left, right: left, returnsBool: returnsBool, matching: matching)
    }
}
