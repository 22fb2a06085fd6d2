import Answers
import ByteCoding
import QueryEngine
import QueryLanguages
import TelemetryModel

/// Everything that the query page shows follows from this, and this from the page's address.
public struct QueryPageState: Sendable, Equatable {
    /// The ways to look at an answer.
    public enum Tab: String, Sendable, CaseIterable {
        /// The values at the end of the range.
        case table
        /// The values over the range.
        case chart
        /// What the parts of the expression cost over the range.
        case explain
    }

    /// The PromQL expression; empty before there is one.
    public var expression: String
    /// How long the range is, milliseconds.
    public var length: Int64
    /// The end of the range that was chosen, milliseconds since 1970; nil for now.
    public var chosenEnd: Int64?
    /// Now, milliseconds since 1970.
    public var now: Int64
    /// The step that was chosen, milliseconds; nil for one that fits.
    public var chosenStep: Int64?
    /// How the answer is looked at.
    public var tab: Tab
    /// What of PromQL beyond the stable language is known.
    public var features: PromQLFeatures

    /// At most so many points are drawn for a series.
    static let pointLimit: Int64 = 2_000
    /// How many there are about when nobody chooses a step.
    private static let pointCount: Int64 = 240
    private static let defaultLength: Int64 = 3_600_000

    /// The end of the range, milliseconds since 1970.
    var end: Int64 { chosenEnd ?? now }
    /// The beginning of the range, milliseconds since 1970.
    var start: Int64 { max(0, end - length) }
    /// The step of the range, milliseconds: the chosen one, unless there would be too many points.
    public var step: Int64 { max(chosenStep ?? max(1_000, Self.rounded(length / Self.pointCount)), leastStep) }
    /// Whether the chosen step is too small.
    var isStepRaised: Bool { chosenStep.map { $0 < leastStep } ?? false }

    private var leastStep: Int64 { max(1, (length + Self.pointLimit - 1) / Self.pointLimit) }

    /// Whole seconds above a second.
    private static func rounded(_ step: Int64) -> Int64 { (step + 999) / 1_000 * 1_000 }

    /// The page of an expression with everything else as by default; `now` is nanoseconds since 1970.
    init(expression: String, now: UInt64, features: PromQLFeatures) {
        self.features = features
        self.expression = expression
        self.now = Int64(now / 1_000_000)
        length = Self.defaultLength
        tab = .table
    }

    /// Reads the address: `expr`, `last`, `to` (or `from` and `to`), `step`, `tab`. Throws ``AnswerError`` with the parameter's name.
    public init(parameters: [String: String], now: UInt64, features: PromQLFeatures = []) throws(AnswerError) {
        self.init(expression: Self.expression(parameters), now: now, features: features)
        tab = Tab(rawValue: parameters["tab"] ?? "") ?? .table
        chosenStep = try Self.duration(parameters, "step")
        chosenEnd = try Self.time(parameters, "to")
        if let from = try Self.time(parameters, "from") {
            length = (chosenEnd ?? self.now) - from
            if length <= 0 { throw AnswerError(.badRequest, "The range ends before it begins.", at: "from") }
        } else {
            length = try Self.duration(parameters, "last") ?? Self.defaultLength
        }
        if UInt64(length) > AnswerRequest.rangeLimit / 1_000_000 {
            throw AnswerError(.badRequest, "The range is longer than a hundred years.", at: "last")
        }
    }

    /// The expression of an address; forms send its line breaks as two characters.
    static func expression(_ parameters: [String: String]) -> String {
        (parameters["expr"] ?? "").replacing("\r\n", with: "\n")
    }

    /// The same page with something changed.
    func with(_ change: (inout QueryPageState) -> Void) -> QueryPageState {
        var copy = self
        change(&copy)
        return copy
    }

    /// The address of the page, without what is as by default.
    var address: String {
        var items = [("expr", expression)]
        if length != Self.defaultLength { items.append(("last", PromQLDuration.text(length))) }
        if let chosenEnd { items.append(("to", Self.text(chosenEnd))) }
        if let chosenStep { items.append(("step", PromQLDuration.text(chosenStep))) }
        if tab != .table { items.append(("tab", tab.rawValue)) }
        return "/query?" + items.map { "\($0.0)=\(PercentEncoding.component($0.1))" }.joined(separator: "&")
    }

    /// The overall range as the frame of pages knows it.
    var request: AnswerRequest { AnswerRequest(from: UInt64(start) * 1_000_000, to: UInt64(end) * 1_000_000) }

    /// A time for people and for the field that chooses one; the last that can be written stands for all behind it.
    static func text(_ milliseconds: Int64) -> String {
        let seconds = min(UInt64(max(0, milliseconds)) / 1_000, .max / 1_000_000_000)
        return RFC3339.text(nanoseconds: seconds * 1_000_000_000)
    }

    /// A time; the field of browsers leaves the zone away, and the seconds when they are zero.
    private static func time(_ parameters: [String: String], _ name: String) throws(AnswerError) -> Int64? {
        let text = parameters[name] ?? ""
        for suffix in ["Z", ":00Z"] {
            if let nanoseconds = RFC3339.nanoseconds(text + suffix) { return Int64(nanoseconds / 1_000_000) }
        }
        return try AnswerRequest.time(parameters, name).map { Int64($0 / 1_000_000) }
    }

    private static func duration(_ parameters: [String: String], _ name: String) throws(AnswerError) -> Int64? {
        guard let text = parameters[name], !text.isEmpty else { return nil }
        let seconds = Double(text).flatMap { Int64(exactly: ($0 * 1_000).rounded()) }
        guard let milliseconds = seconds ?? (try? PromQLDuration.parse(text)), milliseconds > 0 else {
            throw AnswerError(.badRequest, "\(name) must be a duration such as 15s, 30m or 1d.", at: name)
        }
        return milliseconds
    }
}

// What is asked.
extension QueryPageState {
    /// Whether there is an expression.
    var isAsking: Bool { !expression.allSatisfy(\.isWhitespace) }

    /// Whether the expression is evaluated over the range: only numbers can be.
    public var isOverTime: Bool {
        guard tab != .table, let type = try? PromQLParser.parse(expression, features: features).type else { return false }
        return type == .scalar || type == .instantVector
    }

    /// What the context must measure.
    public var measures: QueryMeasures { tab == .explain ? .expressions : [] }

    /// Asks; nil without an expression. It blocks.
    public func answer(_ promql: PromQLEngine, _ context: QueryContext) throws(QueryError) -> QueryResult? {
        if !isAsking { return nil }
        if isOverTime { return try promql.range(expression, start: start, end: end, step: step, context: context) }
        return try promql.instant(expression, at: end, context: context)
    }
}
