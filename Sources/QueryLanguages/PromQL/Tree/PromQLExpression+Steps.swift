extension PromQLExpression {
    /// Functions whose results depend on the time of evaluation even where their arguments do not.
    private static let timed: Set<String> = [
        "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "predict_linear", "time",
        "timestamp", "year",
    ]

    /// Whether it has the same value at every step of a query, because every selector in it has a time of its own.
    public var isStepInvariant: Bool {
        switch node {
        case .number, .string: true
        case .selector(let selector), .range(let selector, _): selector.at != nil
        case .subquery(let subquery): subquery.at != nil
        case .call(let function, let arguments):
            !Self.timed.contains(function.name) && arguments.allSatisfy(\.isStepInvariant)
        // As in Prometheus, the parameter is not looked at.
        case .aggregation(let aggregation): aggregation.expression.isStepInvariant
        case .binary(let binary): binary.left.isStepInvariant && binary.right.isStepInvariant
        case .negation(let inner), .plus(let inner), .parentheses(let inner): inner.isStepInvariant
        }
    }
}
