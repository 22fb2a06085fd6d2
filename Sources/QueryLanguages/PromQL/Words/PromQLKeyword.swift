/// The words that have a meaning of their own besides operators and aggregations.
enum PromQLKeyword: String, Sendable {
    case by
    case without
    case on
    case ignoring
    case groupLeft = "group_left"
    case groupRight = "group_right"
    case bool
    case offset
    case anchored
    case smoothed
    case fill
    case fillLeft = "fill_left"
    case fillRight = "fill_right"
    case start
    case end
    case step

    /// Whether a metric may be named like it.
    var canNameMetric: Bool {
        switch self {
        case .on, .ignoring, .groupLeft, .groupRight, .bool: false
        default: true
        }
    }

    /// Whether it means something only behind `@` or as a function, so that messages show it like a name.
    var isTime: Bool { self == .start || self == .end || self == .step }

    /// Whether it is one only in front of a parenthesis, so that older expressions with such metrics go on working.
    var needsParenthesis: Bool { self == .fill || self == .fillLeft || self == .fillRight }
}
