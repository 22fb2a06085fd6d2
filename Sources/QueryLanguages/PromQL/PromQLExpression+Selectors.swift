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
