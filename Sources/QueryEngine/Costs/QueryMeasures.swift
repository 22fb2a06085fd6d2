/// What is measured while a query runs. Nothing is by default, which costs nothing.
public struct QueryMeasures: OptionSet, Sendable {
    /// The bits.
    public let rawValue: Int

    /// From the bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Times of the phases, and how many samples were looked at.
    public static let statistics = QueryMeasures(rawValue: 1)
    /// How many samples each step looked at; together with ``statistics``.
    public static let samplesPerStep = QueryMeasures(rawValue: 2)
    /// What each expression of the query took.
    public static let expressions = QueryMeasures(rawValue: 4)
}

/// What a query took, by the names of Prometheus's API.
public struct QueryStatistics: Sendable, Equatable {
    /// Everything from parsing to the sorted result, seconds.
    public var evaluationTotal = 0.0
    /// Putting the result in order, seconds.
    public var resultSort = 0.0
    /// Parsing and checking the query, seconds.
    public var preparation = 0.0
    /// Evaluation without parsing and sorting, seconds.
    public var innerEvaluation = 0.0
    /// Waiting for a thread, seconds.
    public var queueing = 0.0
    /// From the query's arrival to its result, seconds.
    public var executionTotal = 0.0
    /// For each step the samples in all its windows and the values that instant selectors found, added up over the steps: what
    /// the query would have to look at if every step were a query of its own.
    public var queryableSamples = 0
    /// The same for each step, when it was asked for: the time in milliseconds since 1970, and the number.
    public var queryableSamplesPerStep: [StepSamples] = []
    /// Samples read and results made, which is what the limit of samples is about. Not all of them are held at once.
    public var peakSamples = 0

    /// Nothing measured.
    public init() {}

    /// How many samples a step looked at.
    public struct StepSamples: Sendable, Equatable {
        /// Milliseconds since 1970.
        public var time: Int64
        /// How many samples.
        public var count: Int

        /// Puts a time and a number together.
        public init(time: Int64, count: Int) {
            self.time = time
            self.count = count
        }
    }
}

/// An expression of a query and what it took. Parentheses are left out.
public struct ExplainedExpression: Sendable, Equatable {
    /// The expression as it was written; long ones are cut.
    public var text: String
    /// What it is, such as `selector` or `aggregation`.
    public var kind: String
    /// The bytes of the query where it stands.
    public var location: Range<Int>
    /// What it took with its children, seconds of all threads together.
    public var seconds: Double
    /// What it took without its children, seconds of all threads together.
    public var selfSeconds: Double
    /// Series that it read from the store by itself.
    public var series: Int
    /// Samples that it read from the store by itself; where only the last one of each series is needed, only those.
    public var samples: Int
    /// Series that it yielded; of numbers and texts none. Inside of a subquery, those of all its steps together.
    public var columns: Int
    /// The expressions directly in it.
    public var children: [ExplainedExpression]
}
