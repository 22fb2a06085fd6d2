/// The functions of PromQL with their signatures.
public struct PromQLFunction: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// The types of its arguments; with ``isVariadic`` the last may be repeated.
    public let arguments: [PromQLType]
    /// How many of the last arguments may be left out.
    public let optionalCount: Int
    /// Whether the last argument may be repeated.
    public let isVariadic: Bool
    /// What it yields.
    public let result: PromQLType

    private init(
        _ name: String, _ arguments: [PromQLType], optional: Int = 0, variadic: Bool = false, _ result: PromQLType = .instantVector
    ) {
        self.name = name
        self.arguments = arguments
        optionalCount = optional
        isVariadic = variadic
        self.result = result
    }

    /// The function of a name, or nil.
    public static func named(_ name: String) -> PromQLFunction? { byName[name] }

    /// All functions, by name.
    public static let byName: [String: PromQLFunction] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    private static let all: [PromQLFunction] = ofVectors + ofRanges + others

    private static let ofVectors =
        [
            "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp", "floor", "ln",
            "log10", "log2", "rad", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt", "tan", "tanh", "timestamp", "histogram_avg",
            "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar",
        ].map { PromQLFunction($0, [.instantVector]) }
        + ["day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"].map {
            PromQLFunction($0, [.instantVector], optional: 1)
        }

    private static let ofRanges = [
        "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "first_over_time", "idelta",
        "increase",
        "irate", "last_over_time", "mad_over_time", "max_over_time", "min_over_time", "present_over_time", "rate", "resets",
        "stddev_over_time", "stdvar_over_time", "sum_over_time", "ts_of_first_over_time", "ts_of_last_over_time",
        "ts_of_max_over_time", "ts_of_min_over_time",
    ].map { PromQLFunction($0, [.rangeVector]) }

    private static let others: [PromQLFunction] = [
        PromQLFunction("clamp", [.instantVector, .scalar, .scalar]),
        PromQLFunction("clamp_max", [.instantVector, .scalar]),
        PromQLFunction("clamp_min", [.instantVector, .scalar]),
        PromQLFunction("double_exponential_smoothing", [.rangeVector, .scalar, .scalar]),
        PromQLFunction("end", [], .scalar),
        PromQLFunction("histogram_fraction", [.scalar, .scalar, .instantVector]),
        PromQLFunction("histogram_quantile", [.scalar, .instantVector]),
        PromQLFunction("histogram_quantiles", [.instantVector, .string, .scalar, .scalar], optional: 1, variadic: true),
        PromQLFunction("label_join", [.instantVector, .string, .string, .string], optional: 1, variadic: true),
        PromQLFunction("label_replace", [.instantVector, .string, .string, .string, .string]),
        PromQLFunction("max_of", [.scalar, .scalar], .scalar),
        PromQLFunction("min_of", [.scalar, .scalar], .scalar),
        PromQLFunction("pi", [], .scalar),
        PromQLFunction("predict_linear", [.rangeVector, .scalar]),
        PromQLFunction("quantile_over_time", [.scalar, .rangeVector]),
        PromQLFunction("range", [], .scalar),
        PromQLFunction("round", [.instantVector, .scalar], optional: 1),
        PromQLFunction("scalar", [.instantVector], .scalar),
        PromQLFunction("sort_by_label", [.instantVector, .string], optional: 1, variadic: true),
        PromQLFunction("sort_by_label_desc", [.instantVector, .string], optional: 1, variadic: true),
        PromQLFunction("start", [], .scalar),
        PromQLFunction("step", [], .scalar),
        PromQLFunction("time", [], .scalar),
        PromQLFunction("vector", [.scalar]),
    ]
}
