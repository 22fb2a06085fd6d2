/// The functions of PromQL with their signatures.
public struct PromQLFunction: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// The types of its arguments; with ``variadic`` the last may be left out or repeated.
    public let arguments: [PromQLType]
    /// 0: the arguments are those of ``arguments``; n: the last one 0 to n times; -1: the last one any number of times.
    public let variadic: Int
    /// What it yields.
    public let result: PromQLType
    /// Whether it is known only with ``PromQLFeatures/experimentalFunctions``.
    public let isExperimental: Bool

    private init(
        _ name: String, _ arguments: [PromQLType], variadic: Int = 0, _ result: PromQLType = .instantVector,
        isExperimental: Bool = false
    ) {
        self.name = name
        self.arguments = arguments
        self.variadic = variadic
        self.result = result
        self.isExperimental = isExperimental
    }

    /// The function of a name, or nil.
    public static func named(_ name: String) -> PromQLFunction? { byName[name] }

    /// All functions, by name.
    public static let byName: [String: PromQLFunction] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    private static let all: [PromQLFunction] = ofVectors + ofRanges + experimentalOfRanges + others + experimental

    private static let ofVectors =
        [
            "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp", "floor", "ln",
            "log10", "log2", "rad", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt", "tan", "tanh", "timestamp", "histogram_avg",
            "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar",
        ].map { PromQLFunction($0, [.instantVector]) }
        + ["day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"].map {
            PromQLFunction($0, [.instantVector], variadic: 1)
        }

    private static let ofRanges = [
        "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate",
        "last_over_time", "max_over_time", "min_over_time", "present_over_time", "rate", "resets", "stddev_over_time",
        "stdvar_over_time", "sum_over_time",
    ].map { PromQLFunction($0, [.rangeVector]) }

    private static let experimentalOfRanges = [
        "first_over_time", "mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time",
        "ts_of_min_over_time",
    ].map { PromQLFunction($0, [.rangeVector], isExperimental: true) }

    private static let others: [PromQLFunction] = [
        PromQLFunction("clamp", [.instantVector, .scalar, .scalar]),
        PromQLFunction("clamp_max", [.instantVector, .scalar]),
        PromQLFunction("clamp_min", [.instantVector, .scalar]),
        PromQLFunction("histogram_fraction", [.scalar, .scalar, .instantVector]),
        PromQLFunction("histogram_quantile", [.scalar, .instantVector]),
        PromQLFunction("label_join", [.instantVector, .string, .string, .string], variadic: -1),
        PromQLFunction("label_replace", [.instantVector, .string, .string, .string, .string]),
        PromQLFunction("pi", [], .scalar),
        PromQLFunction("predict_linear", [.rangeVector, .scalar]),
        PromQLFunction("quantile_over_time", [.scalar, .rangeVector]),
        PromQLFunction("round", [.instantVector, .scalar], variadic: 1),
        PromQLFunction("scalar", [.instantVector], .scalar),
        PromQLFunction("time", [], .scalar),
        PromQLFunction("vector", [.scalar]),
    ]

    private static let experimental: [PromQLFunction] =
        ["end", "range", "start", "step"].map { PromQLFunction($0, [], .scalar, isExperimental: true) }
        + ["max_of", "min_of"].map { PromQLFunction($0, [.scalar, .scalar], .scalar, isExperimental: true) }
        + ["sort_by_label", "sort_by_label_desc"].map {
            PromQLFunction($0, [.instantVector, .string], variadic: -1, isExperimental: true)
        } + [
            PromQLFunction("double_exponential_smoothing", [.rangeVector, .scalar, .scalar], isExperimental: true),
            PromQLFunction(
                "histogram_quantiles", [.instantVector, .string, .scalar, .scalar], variadic: 9, isExperimental: true),
            // Its second argument is a selector of which only the labels count.
            PromQLFunction("info", [.instantVector, .instantVector], variadic: 1, isExperimental: true),
        ]
}
