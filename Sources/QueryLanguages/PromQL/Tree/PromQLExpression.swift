import TelemetryModel

/// What an expression yields.
public enum PromQLType: String, Sendable {
    /// One number a step.
    case scalar
    /// A text.
    case string
    /// One number a series and step.
    case instantVector = "instant vector"
    /// A range of samples a series and step.
    case rangeVector = "range vector"

    /// The short name that Prometheus's API has for it.
    public var name: String {
        switch self {
        case .scalar, .string: rawValue
        case .instantVector: "vector"
        case .rangeVector: "matrix"
        }
    }
}

/// A PromQL expression that has been parsed and type-checked.
public struct PromQLExpression: Sendable {
    /// What it is.
    public let node: Node
    /// The bytes of the text where it stands.
    public let location: Range<Int>
    /// What it yields.
    public let type: PromQLType
    /// How deep expressions are nested in it; 1 when none is.
    public let depth: Int
    /// Whether it is a number that was written as a duration, and is printed as one.
    public let isDuration: Bool

    /// The kinds of expression.
    public indirect enum Node: Sendable {
        /// A number.
        case number(Double)
        /// A text.
        case string(String)
        /// Series at a time.
        case selector(Selector)
        /// Series over a number of milliseconds.
        case range(Selector, milliseconds: Int64)
        /// An expression evaluated at many times.
        case subquery(Subquery)
        /// A function with its arguments.
        case call(PromQLFunction, [PromQLExpression])
        /// Many series made few.
        case aggregation(Aggregation)
        /// Two expressions combined.
        case binary(Binary)
        /// A minus in front of an expression.
        case negation(PromQLExpression)
        /// A plus in front of an expression, which changes nothing.
        case plus(PromQLExpression)
        /// An expression in parentheses.
        case parentheses(PromQLExpression)
    }

    /// The time at which a selector or subquery is evaluated whatever the step is (`@`).
    public enum FixedTime: Sendable, Equatable {
        /// Milliseconds since 1970.
        case milliseconds(Int64)
        /// The start of the query.
        case start
        /// The end of the query.
        case end
    }

    /// Which series, and when.
    public struct Selector: Sendable {
        /// The name in front of the braces.
        public var name: String?
        /// All of them hold; a name in front of the braces is the last of them.
        public var matchers: [LabelMatcher]
        /// How many milliseconds back in time.
        public var offset: Int64 = 0
        /// What ``offset`` is computed from once the times of the query are known.
        public var offsetExpression: PromQLDurationExpression?
        /// What the range of a range selector is computed from once the times of the query are known.
        public var rangeExpression: PromQLDurationExpression?
        /// A time of its own.
        public var at: FixedTime?
        /// `anchored`: samples stand for the bounds of the range too, each by the last one before it.
        public var isAnchored = false
        /// `smoothed`: the values at the bounds of the range are interpolated.
        public var isSmoothed = false

        /// The metric's name when it is given as such, in front of the braces or in them.
        public var metricName: String? {
            matchers.first { $0.name == Labels.nameLabel && $0.operation == .equal }?.value
        }
    }

    /// An expression evaluated at many times.
    public struct Subquery: Sendable {
        /// What is evaluated.
        public var expression: PromQLExpression
        /// How many milliseconds are looked back.
        public var range: Int64
        /// What ``range`` is computed from once the times of the query are known.
        public var rangeExpression: PromQLDurationExpression?
        /// The distance of the times in milliseconds; nil: the engine's default.
        public var step: Int64?
        /// What ``step`` is computed from once the times of the query are known.
        public var stepExpression: PromQLDurationExpression?
        /// How many milliseconds back in time.
        public var offset: Int64 = 0
        /// What ``offset`` is computed from once the times of the query are known.
        public var offsetExpression: PromQLDurationExpression?
        /// A time of its own.
        public var at: FixedTime?
    }

    /// Many series made few.
    public struct Aggregation: Sendable {
        /// How.
        public var operation: PromQLAggregation
        /// The series.
        public var expression: PromQLExpression
        /// The number or text that some operations need.
        public var parameter: PromQLExpression?
        /// The labels that stay (`by`) or go (`without`).
        public var labels: [String]
        /// Whether ``labels`` go.
        public var without: Bool
    }

    /// Two expressions combined.
    public struct Binary: Sendable {
        /// How.
        public var operation: PromQLOperator
        /// The left side.
        public var left: PromQLExpression
        /// The right side.
        public var right: PromQLExpression
        /// A comparison gives 0 and 1 instead of filtering.
        public var returnsBool: Bool
        /// How series of two vectors find each other.
        public var matching: Matching
    }

    /// How series of two vectors find each other.
    public struct Matching: Sendable {
        /// The labels that are compared (`on`) or not (`ignoring`).
        public var labels: [String] = []
        /// Whether only ``labels`` are compared.
        public var isOn = false
        /// Which side may have several series for one of the other.
        public var grouping = Grouping.none
        /// Labels taken over from the side that has one.
        public var included: [String] = []
        /// What stands for a series that the left side lacks (`fill`, `fill_left`); nil: there is no result without it.
        public var leftFill: Double?
        /// What stands for a series that the right side lacks (`fill`, `fill_right`).
        public var rightFill: Double?

        /// Which side may have several series for one of the other.
        public enum Grouping: Sendable { case none, left, right }
    }

    /// Without parentheses around it.
    public var unwrapped: PromQLExpression {
        if case .parentheses(let inner) = node { inner.unwrapped } else { self }
    }

    /// The expressions directly in it.
    public var children: [PromQLExpression] {
        switch node {
        case .number, .string, .selector, .range: []
        case .subquery(let subquery): [subquery.expression]
        case .call(_, let arguments): arguments
        case .aggregation(let aggregation): (aggregation.parameter.map { [$0] } ?? []) + [aggregation.expression]
        case .binary(let binary): [binary.left, binary.right]
        case .negation(let inner), .plus(let inner), .parentheses(let inner): [inner]
        }
    }

    init(_ node: Node, _ location: Range<Int>, isDuration: Bool = false) {
        self.node = node
        self.location = location
        self.isDuration = isDuration
        type = Self.type(of: node)
        depth = Self.depth(of: node)
    }

    private static func type(of node: Node) -> PromQLType {
        switch node {
        case .number: .scalar
        case .string: .string
        case .selector, .aggregation: .instantVector
        case .range, .subquery: .rangeVector
        case .call(let function, _): function.result
        case .binary(let binary): binary.left.type == .scalar && binary.right.type == .scalar ? .scalar : .instantVector
        case .negation(let inner), .plus(let inner), .parentheses(let inner): inner.type
        }
    }

    /// One more than that of the deepest expression in it.
    private static func depth(of node: Node) -> Int {
        let inner =
            switch node {
            case .number, .string, .selector, .range: 0
            case .subquery(let subquery): subquery.expression.depth
            case .call(_, let arguments): arguments.map(\.depth).max() ?? 0
            case .aggregation(let aggregation): max(aggregation.expression.depth, aggregation.parameter?.depth ?? 0)
            case .binary(let binary): max(binary.left.depth, binary.right.depth)
            case .negation(let inner), .plus(let inner), .parentheses(let inner): inner.depth
            }
        return inner + 1
    }
}
