import TelemetryModel

extension PromQLExpression {
    /// The matchers of every selector in it, from left to right.
    public var selectors: [[LabelMatcher]] {
        switch node {
        case .selector(let selector), .range(let selector, _): [selector.matchers]
        default: children.flatMap(\.selectors)
        }
    }
}

extension PromQLExpression.Selector {
    /// Series that meet all of some conditions, `offset` milliseconds back from the time of the step or from a time of its own.
    public init(matchers: [LabelMatcher], offset: Int64, at: PromQLExpression.FixedTime?) {
        self.init(name: nil, matchers: matchers, offset: offset, at: at)
    }
}
