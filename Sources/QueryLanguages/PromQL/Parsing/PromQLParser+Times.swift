// Ranges, offsets and fixed times, which stand behind what they belong to.
extension PromQLParser {
    // MARK: Ranges

    /// Reads `[5m]` or `[5m:1m]`.
    mutating func parseBrackets(behind operand: PromQLExpression) throws(PromQLError) -> PromQLExpression {
        let bracket = try take().location.lowerBound
        let isComputing = features.contains(.durationExpressions)
        let durations = isComputing ? "number, duration, step(), or range()" : "number or duration"
        let range = try parsePositiveDuration(
            in: isComputing ? "subquery or range selector" : "subquery selector", expected: durations)
        let start = operand.location.lowerBound
        if try take(.colon) {
            var step: PromQLDurationExpression?
            if try !take(.rightBracket) {
                let expected = isComputing ? "number, duration, step(), range(), or \"]\"" : "number or duration or \"]\""
                step = try parsePositiveDuration(in: "subquery selector", expected: expected)
                if try !take(.rightBracket) { throw try unexpected("subquery selector", expected: "\"]\"") }
            }
            let subquery = PromQLExpression.Subquery(
                expression: operand, range: range.milliseconds, rangeExpression: range.computed,
                step: step.flatMap { $0.milliseconds == 0 ? nil : $0.milliseconds }, stepExpression: step?.computed)
            return try made(.subquery(subquery), from: start)
        }
        if try !take(.rightBracket) { throw try unexpected("subquery or range", expected: "\":\" or \"]\"") }
        guard case .selector(var selector) = operand.node else {
            throw error("ranges only allowed for vector selectors", at: bracket)
        }
        if selector.offset != 0 || selector.offsetExpression != nil {
            throw error("no offset modifiers allowed before range", at: bracket)
        }
        if case .milliseconds = selector.at { throw error("no @ modifiers allowed before range", at: bracket) }
        selector.rangeExpression = range.computed
        return try made(.range(selector, milliseconds: range.milliseconds), from: start)
    }

    private mutating func parsePositiveDuration(
        in context: String, expected: String
    ) throws(PromQLError) -> PromQLDurationExpression {
        let duration = try parseDuration(in: context, expected: expected)
        // Whether an operator follows has to be known before the number is judged.
        _ = try peek()
        if let seconds = duration.constant, seconds <= 0 {
            throw error("duration must be greater than 0", at: duration.location.lowerBound)
        }
        return duration
    }

    // MARK: Offsets

    mutating func parseOffset(behind operand: PromQLExpression) throws(PromQLError) -> PromQLExpression {
        try take()
        let expected = features.contains(.durationExpressions) ? "number, duration, step(), or range()" : "number or duration"
        let offset = try parseOffsetDuration(in: "offset", expected: expected)
        let start = operand.location.lowerBound
        let twice = "offset may not be set multiple times"
        switch operand.node {
        case .selector(var selector):
            if selector.offset != 0 || selector.offsetExpression != nil { throw error(twice, at: start) }
            (selector.offset, selector.offsetExpression) = (offset.milliseconds, offset.computed)
            return try made(.selector(selector), from: start)
        case .range(var selector, let milliseconds):
            if selector.offset != 0 || selector.offsetExpression != nil { throw error(twice, at: start) }
            (selector.offset, selector.offsetExpression) = (offset.milliseconds, offset.computed)
            return try made(.range(selector, milliseconds: milliseconds), from: start)
        case .subquery(var subquery):
            if subquery.offset != 0 || subquery.offsetExpression != nil { throw error(twice, at: start) }
            (subquery.offset, subquery.offsetExpression) = (offset.milliseconds, offset.computed)
            return try made(.subquery(subquery), from: start)
        default: throw error("offset modifier \(Self.wantsSelector)", at: start)
        }
    }

    private static let wantsSelector = "must be preceded by an instant vector selector or range vector selector or a subquery"

    // MARK: Fixed times

    mutating func parseFixedTime(behind operand: PromQLExpression) throws(PromQLError) -> PromQLExpression {
        try take()
        let start = operand.location.lowerBound
        let time = try parseTime(from: start)
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
        default: throw error("@ modifier \(Self.wantsSelector)", at: start)
        }
    }

    private mutating func parseTime(from start: Int) throws(PromQLError) -> PromQLExpression.FixedTime {
        let context = "@"
        let expected = "timestamp"
        let token = try peek()
        if token.kind == .keyword(.start) || token.kind == .keyword(.end) {
            try take()
            if try !take(.leftParenthesis) { throw try unexpected(context, expected: expected) }
            if try !take(.rightParenthesis) { throw try unexpected(context, expected: expected) }
            return token.kind == .keyword(.start) ? .start : .end
        }
        let isMinus = token.kind == .operation(.subtract)
        if isMinus || token.kind == .operation(.add) { try take() }
        switch try peek().kind {
        case .number, .duration: break
        default: throw try unexpected(context, expected: expected)
        }
        let number = try parseNumber().seconds
        let seconds = isMinus ? -number : number
        guard seconds.magnitude < 0x1p63 else {
            throw error("timestamp out of bounds for @ modifier: \(Self.decimals(seconds))", at: start)
        }
        // Far beyond any sample, yet ranges and offsets can be added to it without overflow.
        let bound = Double(Int64(1) << 61)
        return .milliseconds(Int64(max(-bound, min(bound, (seconds * 1_000).rounded(.toNearestOrAwayFromZero)))))
    }

    /// A number of at least 2^63 to its last digit with six decimals, as messages have it.
    private static func decimals(_ value: Double) -> String {
        guard value.isFinite, value.magnitude >= 0x1p63 else { return PromQLNumber.text(value) }
        // The digits of the significand, the last first, doubled as often as the exponent says.
        var digits = "\(Int64(value.significand.magnitude * 0x1p52))".utf8.reversed().map { Int($0) - 0x30 }
        for _ in 52..<value.exponent {
            var carry = 0
            for index in digits.indices {
                carry += 2 * digits[index]
                digits[index] = carry % 10
                carry /= 10
            }
            if carry > 0 { digits.append(carry) }
        }
        return (value < 0 ? "-" : "") + digits.reversed().map(String.init).joined() + ".000000"
    }

    // MARK: Bounds of ranges

    /// Reads `anchored` or `smoothed`.
    mutating func parseRangeModifier(behind operand: PromQLExpression) throws(PromQLError) -> PromQLExpression {
        let isAnchored = try take().kind == .keyword(.anchored)
        let name = isAnchored ? "anchored" : "smoothed"
        let start = operand.location.lowerBound
        if !features.contains(.extendedRangeSelectors) {
            throw error("\(name) modifier is experimental and not enabled", at: start)
        }
        switch operand.node {
        case .selector(let selector):
            return try made(.selector(try modified(selector, isAnchored, at: start)), from: start)
        case .range(let selector, let milliseconds):
            return try made(.range(try modified(selector, isAnchored, at: start), milliseconds: milliseconds), from: start)
        case .subquery: throw error("\(name) modifier is not supported for subqueries", at: start)
        default: throw error("\(name) modifier not implemented", at: start)
        }
    }

    private func modified(
        _ selector: PromQLExpression.Selector, _ isAnchored: Bool, at start: Int
    ) throws(PromQLError) -> PromQLExpression.Selector {
        var selector = selector
        if isAnchored { selector.isAnchored = true } else { selector.isSmoothed = true }
        if selector.isAnchored && selector.isSmoothed {
            throw error("anchored and smoothed modifiers cannot be used together", at: start)
        }
        return selector
    }
}

extension PromQLDurationExpression {
    /// The milliseconds of a constant, else 0.
    fileprivate var milliseconds: Int64 { constant.flatMap(PromQLDuration.milliseconds) ?? 0 }

    /// Itself unless it is a constant.
    fileprivate var computed: PromQLDurationExpression? { constant == nil ? self : nil }
}
