import Platform
import QueryLanguages

/// What a query costs, gathered by the thread that it runs on; there is one only when somebody asks.
///
/// Columns are made one by one and handed to whoever consumes them, so that expressions take turns many times. At each change
/// the time since the last one is added to the expression whose turn it was: nobody is charged for what others do.
final class QueryProfile {
    /// What an expression cost by itself.
    struct Cost {
        var nanoseconds: UInt64 = 0
        var series = 0
        var samples = 0
        var columns = 0
    }

    /// The longest text of an expression, in bytes.
    private static let textByteLimit = 200

    private let measures: QueryMeasures
    private let time: any TimeSource
    private let root: PromQLExpression
    /// By the place in the tree: parents first, children in order.
    private var costs: [Cost] = []
    private var places: [Range<Int>: Int] = [:]
    /// Whose turn it is; nil: nobody's.
    private var current: Int?
    private var last: UInt64 = 0
    /// How many samples each step looked at.
    private(set) var samplesPerStep: [Int]

    /// Nil when nothing is to be measured.
    init?(_ measures: QueryMeasures, _ root: PromQLExpression, stepCount: Int, _ time: any TimeSource) {
        if measures.isEmpty { return nil }
        self.measures = measures
        self.time = time
        self.root = root
        samplesPerStep = measures.contains(.statistics) ? [Int](repeating: 0, count: stepCount) : []
        if measures.contains(.expressions) { number(root.unwrapped) }
    }

    private func number(_ expression: PromQLExpression) {
        if places[expression.location] == nil { places[expression.location] = costs.count }
        costs.append(Cost())
        for child in expression.children { number(child.unwrapped) }
    }

    // MARK: Turns

    /// The place of an expression; nil when times are not asked for.
    func place(of expression: PromQLExpression) -> Int? { places[expression.unwrapped.location] }

    /// Charges from now on to another place; returns the one before.
    @discardableResult
    func turn(to place: Int?) -> Int? {
        if costs.isEmpty { return nil }
        let now = time.monotonic()
        if let current { costs[current].nanoseconds &+= now &- last }
        last = now
        defer { current = place }
        return current
    }

    /// Runs `body` as the work of an expression.
    func charging<Result>(_ expression: PromQLExpression, _ body: () throws -> Result) rethrows -> Result {
        let consumer = turn(to: place(of: expression))
        defer { turn(to: consumer) }
        return try body()
    }

    /// Adds what others found out about an expression.
    func add(_ cost: Cost, to place: Int?) {
        guard let place else { return }
        costs[place].nanoseconds &+= cost.nanoseconds
        costs[place].series += cost.series
        costs[place].samples += cost.samples
        costs[place].columns += cost.columns
    }

    // MARK: Samples

    /// Whether steps count the samples that they look at.
    var countsSamples: Bool { !samplesPerStep.isEmpty }

    /// Adds what steps looked at.
    func add(_ counts: StepSampleCounts) {
        for (step, count) in counts.counts.enumerated() { samplesPerStep[step] += count }
    }

    // MARK: Results

    /// The tree of what everything cost; nil when it was not asked for.
    func explanation(of text: String) -> ExplainedExpression? {
        if costs.isEmpty { return nil }
        var next = 0
        return explained(root.unwrapped, Array(text.utf8), &next)
    }

    private func explained(_ expression: PromQLExpression, _ text: [UInt8], _ next: inout Int) -> ExplainedExpression {
        let cost = costs[next]
        next += 1
        let own = text[expression.location.clamped(to: text.indices)]
        let isCut = own.count > Self.textByteLimit
        let children = expression.children.map { explained($0.unwrapped, text, &next) }
        let seconds = Double(cost.nanoseconds) / 1e9
        return ExplainedExpression(
            text: String(decoding: own.prefix(Self.textByteLimit), as: UTF8.self) + (isCut ? "…" : ""), kind: expression.kind,
            location: expression.location, seconds: children.reduce(seconds) { $0 + $1.seconds }, selfSeconds: seconds,
            series: cost.series, samples: cost.samples, columns: cost.columns, children: children)
    }
}

/// How many samples each step looked at; nothing is counted unless it is asked for.
struct StepSampleCounts: Sendable {
    /// For each step; empty when nothing is to be counted.
    private(set) var counts: [Int]

    init(stepCount: Int) { counts = [Int](repeating: 0, count: stepCount) }

    /// Counts the values that an instant selector found.
    mutating func add(_ values: UnsafeBufferPointer<Double>) {
        for step in counts.indices where !Column.isAbsent(values[step]) { counts[step] += 1 }
    }

    /// Counts the samples of windows; steps beyond those that windows were found for have the same one as the first.
    mutating func add(_ windows: WindowBounds) {
        for step in counts.indices {
            let known = step < windows.lows.count ? step : 0
            counts[step] += windows.highs[known] - windows.lows[known]
        }
    }
}

extension PromQLExpression {
    /// What it is, in a word.
    fileprivate var kind: String {
        switch node {
        case .number: "number"
        case .string: "string"
        case .selector: "selector"
        case .range: "range"
        case .subquery: "subquery"
        case .call: "call"
        case .aggregation: "aggregation"
        case .binary: "binary"
        case .negation: "negation"
        case .plus: "plus"
        case .parentheses: "parentheses"
        }
    }
}
