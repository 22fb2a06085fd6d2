import QueryLanguages

extension PromQLExpression {
    /// What of an expression is understood but cannot be evaluated yet; nil when all of it can.
    var unsupportedSyntax: String? {
        if case .range(let selector, _) = unwrapped.node, selector.isAnchored || selector.isSmoothed {
            return "anchored or smoothed without a function"
        }
        return unsupportedPart
    }

    private var unsupportedPart: String? {
        if case .selector(let selector) = node, selector.isAnchored { return "anchored behind a selector without a range" }
        return children.lazy.compactMap(\.unsupportedPart).first
    }
}
