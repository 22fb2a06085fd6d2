/// The operators between two expressions.
public enum PromQLOperator: String, Sendable, CaseIterable {
    /// Sum.
    case add = "+"
    /// Difference.
    case subtract = "-"
    /// Product.
    case multiply = "*"
    /// Quotient.
    case divide = "/"
    /// Remainder.
    case remainder = "%"
    /// Power.
    case power = "^"
    /// Angle of a point.
    case atan2
    /// Equal.
    case equal = "=="
    /// Not equal.
    case notEqual = "!="
    /// Less.
    case less = "<"
    /// Less or equal.
    case lessOrEqual = "<="
    /// Greater.
    case greater = ">"
    /// Greater or equal.
    case greaterOrEqual = ">="
    /// Series that are on both sides.
    case and
    /// Series of the left side, and those that are only on the right.
    case or
    /// Series that are only on the left side.
    case unless

    /// How tightly it binds.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
        case .add, .subtract: 4
        case .multiply, .divide, .remainder, .atan2: 5
        case .power: 6
        }
    }

    /// Whether it compares.
    public var isComparison: Bool { precedence == 3 }

    /// Whether it works on sets of series.
    public var isSetOperator: Bool { precedence <= 2 }
}

/// The aggregations.
public enum PromQLAggregation: String, Sendable, CaseIterable {
    /// Sum of the values.
    case sum
    /// Mean of the values.
    case avg
    /// Number of the values.
    case count
    /// Smallest value.
    case min
    /// Largest value.
    case max
    /// 1 for each group.
    case group
    /// Population standard deviation.
    case stddev
    /// Population variance.
    case stdvar
    /// The series with the largest values.
    case topk
    /// The series with the smallest values.
    case bottomk
    /// How often each value occurs.
    case countValues = "count_values"
    /// A quantile of the values.
    case quantile
    /// Some series, at most so many.
    case limitk
    /// A share of the series.
    case limitRatio = "limit_ratio"

    /// Whether it is known only with ``PromQLFeatures/experimentalFunctions``.
    public var isExperimental: Bool { self == .limitk || self == .limitRatio }

    /// The type of its parameter; nil when it has none.
    var parameterType: PromQLType? {
        switch self {
        case .topk, .bottomk, .quantile, .limitk, .limitRatio: .scalar
        case .countValues: .string
        default: nil
        }
    }
}
