/// The times of a query in milliseconds, on which computed durations depend.
public struct PromQLQueryTimes: Sendable {
    /// The first time.
    public var start: Int64
    /// The last time.
    public var end: Int64
    /// The distance of the times; 0 for a single one.
    public var step: Int64

    /// Puts them together.
    public init(start: Int64, end: Int64, step: Int64) {
        self.start = start
        self.end = end
        self.step = step
    }
}

extension PromQLExpression {
    /// The same with constants for all computed durations.
    ///
    /// Throws ``PromQLError`` for durations that have no value or a wrong one; `text` is what was parsed.
    public func resolvingDurations(_ times: PromQLQueryTimes, in text: String) throws(PromQLError) -> PromQLExpression {
        do {
            return try resolved(times)
        } catch {
            throw PromQLError(error.message, at: error.location.lowerBound, in: text)
        }
    }

    private func resolved(_ times: PromQLQueryTimes) throws(PromQLDurationFailure) -> PromQLExpression {
        let node: Node
        switch self.node {
        case .number, .string: return self
        case .selector(let selector): node = .selector(try selector.resolved(times))
        case .range(let selector, let milliseconds):
            let range = try selector.rangeExpression?.milliseconds(times, isPositive: true) ?? milliseconds
            node = .range(try selector.resolved(times), milliseconds: range)
        case .subquery(var subquery):
            subquery.expression = try subquery.expression.resolved(times)
            if let offset = subquery.offsetExpression { subquery.offset = try offset.milliseconds(times) }
            if let step = subquery.stepExpression {
                let milliseconds = try step.milliseconds(times, isPositive: true)
                subquery.step = milliseconds == 0 ? nil : milliseconds
            }
            if let range = subquery.rangeExpression { subquery.range = try range.milliseconds(times, isPositive: true) }
            node = .subquery(subquery)
        case .call(let function, let arguments):
            var resolved: [PromQLExpression] = []
            for argument in arguments { resolved.append(try argument.resolved(times)) }
            node = .call(function, resolved)
        case .aggregation(var aggregation):
            aggregation.expression = try aggregation.expression.resolved(times)
            aggregation.parameter = try aggregation.parameter?.resolved(times)
            node = .aggregation(aggregation)
        case .binary(var binary):
            binary.left = try binary.left.resolved(times)
            binary.right = try binary.right.resolved(times)
            node = .binary(binary)
        case .negation(let inner): node = .negation(try inner.resolved(times))
        case .plus(let inner): node = .plus(try inner.resolved(times))
        case .parentheses(let inner): node = .parentheses(try inner.resolved(times))
        }
        return PromQLExpression(node, location, isDuration: isDuration)
    }

    /// Whether a duration in it has to be computed.
    public var hasComputedDurations: Bool {
        switch node {
        case .selector(let selector), .range(let selector, _):
            return selector.offsetExpression != nil || selector.rangeExpression != nil
        case .subquery(let subquery)
        where subquery.offsetExpression != nil || subquery.rangeExpression != nil || subquery.stepExpression != nil:
            return true
        default: return children.contains(where: \.hasComputedDurations)
        }
    }
}

extension PromQLExpression.Selector {
    fileprivate func resolved(_ times: PromQLQueryTimes) throws(PromQLDurationFailure) -> PromQLExpression.Selector {
        var selector = self
        if let offsetExpression { selector.offset = try offsetExpression.milliseconds(times) }
        return selector
    }
}

extension PromQLDurationExpression {
    fileprivate func milliseconds(
        _ times: PromQLQueryTimes, isPositive: Bool = false
    ) throws(PromQLDurationFailure) -> Int64 {
        let seconds = try seconds(times)
        if !seconds.isFinite { throw PromQLDurationFailure("duration is NaN or infinite", location) }
        if isPositive && seconds <= 0 { throw PromQLDurationFailure("duration must be greater than 0", location) }
        guard PromQLDuration.milliseconds(seconds) != nil else {
            throw PromQLDurationFailure("duration is out of range", location)
        }
        return Int64(seconds * 1_000)
    }
}
