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
}

/// A PromQL expression that has been parsed and type-checked.
public struct PromQLExpression: Sendable {
    /// What it is.
    public let node: Node
    /// The bytes of the text where it stands.
    public let location: Range<Int>
    /// How deep expressions are nested in it; 1 when none is.
    public let depth: Int

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
        /// A sign in front of an expression.
        case negation(PromQLExpression)
        /// An expression in parentheses, or with a plus in front.
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
        /// All of them hold; the metric's name is among them.
        public var matchers: [LabelMatcher]
        /// How many milliseconds back in time.
        public var offset: Int64 = 0
        /// A time of its own.
        public var at: FixedTime?

        /// The metric's name when it is given as such.
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
        /// The distance of the times in milliseconds; nil: the engine's default.
        public var step: Int64?
        /// How many milliseconds back in time.
        public var offset: Int64 = 0
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

        /// Which side may have several series for one of the other.
        public enum Grouping: Sendable { case none, left, right }
    }

    /// What it yields.
    public var type: PromQLType {
        switch node {
        case .number: .scalar
        case .string: .string
        case .selector, .aggregation: .instantVector
        case .range, .subquery: .rangeVector
        case .call(let function, _): function.result
        case .binary(let binary): binary.left.type == .scalar && binary.right.type == .scalar ? .scalar : .instantVector
        case .negation(let inner), .parentheses(let inner): inner.type
        }
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
        case .negation(let inner), .parentheses(let inner): [inner]
        }
    }

    init(_ node: Node, _ location: Range<Int>) {
        self.node = node
        self.location = location
        depth = 0
    }

    private init(_ node: Node, _ location: Range<Int>, depth: Int) {
        self.node = node
        self.location = location
        self.depth = depth
    }

    /// The same with its depth, which is one more than that of its deepest child.
    var measured: PromQLExpression {
        PromQLExpression(node, location, depth: (children.map(\.depth).max() ?? 0) + 1)
    }
}
