import Platform
import QueryLanguages
import Storage
import TelemetryModel

/// Evaluates PromQL over a store, as Prometheus 3 does; native histograms are not supported.
///
/// The calls block and belong on a `BlockingPool`. Each selector is read once for the whole range of a query, and every
/// expression is evaluated series by series over all steps.
public struct PromQLEngine: Sendable {
    /// How far an instant selector looks back for a sample, milliseconds, unless ``QueryLimits/lookback`` says another time.
    public static let defaultLookback: Int64 = 300_000
    /// The step of a subquery that names none, milliseconds.
    public static let defaultSubqueryStep: Int64 = 60_000
    /// Times beyond it, in milliseconds on both sides of 1970, are refused, so that offsets cannot overflow.
    public static let timeLimit: Int64 = 1 << 53

    private let reader: any MetricReader
    /// What a query may use.
    public let limits: QueryLimits
    private let workers: QueryWorkers?
    private let time: any TimeSource
    /// What of PromQL is on beyond what is stable.
    public let features: PromQLFeatures

    /// Makes an engine that reads from `reader`; without `workers` every query has one thread.
    public init(
        reader: any MetricReader, limits: QueryLimits = QueryLimits(), workers: QueryWorkers? = nil,
        time: any TimeSource = SystemTime(), features: PromQLFeatures = []
    ) {
        self.reader = reader
        self.limits = limits
        self.workers = workers
        self.time = time
        self.features = features
    }

    /// A context for one query with the engine's limits after `change`, and what is to be measured of it.
    public func context(
        measuring measures: QueryMeasures = [], _ change: (inout QueryLimits) -> Void = { _ in }
    ) -> QueryContext {
        var limits = limits
        change(&limits)
        return QueryContext(limits: limits, measures: measures, time: time)
    }

    /// The value of an expression at `time`, milliseconds since 1970. Throws ``QueryError``.
    public func instant(_ expression: String, at time: Int64, context: QueryContext? = nil) throws(QueryError) -> QueryResult {
        try run(
            expression, StepGrid(start: time, step: 0, count: 1), QueryBounds(start: time, end: time, step: 0, isRange: false),
            context ?? self.context())
    }

    /// The values of an expression from `start` to `end` (inclusively) every `step` milliseconds. Throws ``QueryError``.
    public func range(
        _ expression: String, start: Int64, end: Int64, step: Int64, context: QueryContext? = nil
    ) throws(QueryError) -> QueryResult {
        let context = context ?? self.context()
        if step <= 0 { throw QueryError(.invalid, "The step must be greater than zero.") }
        if end < start { throw QueryError(.invalid, "The end must not be before the start.") }
        try checkTimes([start, end])
        let count = (end - start) / step + 1
        if count - 1 > Int64(context.limits.steps) {
            throw QueryError(
                .tooManySteps,
                "exceeded maximum resolution of \(Self.grouped(context.limits.steps)) points per timeseries. Try decreasing the query resolution (?step=XX)"
            )
        }
        return try run(
            expression, StepGrid(start: start, step: step, count: Int(count)),
            QueryBounds(start: start, end: end, step: step, isRange: true), context)
    }

    /// A number with a comma before every three digits, as Prometheus's sentence has it.
    private static func grouped(_ number: Int) -> String {
        let digits = Array(String(number))
        let parts = digits.indices.map { ($0 > 0 && (digits.count - $0) % 3 == 0 ? "," : "") + String(digits[$0]) }
        return parts.joined()
    }

    private func checkTimes(_ times: [Int64]) throws(QueryError) {
        if times.contains(where: { $0.magnitude > UInt64(Self.timeLimit) }) {
            throw QueryError(.invalid, "The time is too far away from 1970.")
        }
    }

    private func run(
        _ text: String, _ grid: StepGrid, _ bounds: QueryBounds, _ context: QueryContext
    ) throws(QueryError) -> QueryResult {
        var watch = PhaseWatch(context)
        do {
            try checkTimes([grid.start])
            let parsed = try PromQLParser.parse(text, features: features)
            if let syntax = parsed.unsupportedSyntax {
                throw QueryError(.unsupported, "\(syntax) is not supported: it is understood, but not evaluated.")
            }
            let times = PromQLQueryTimes(start: bounds.start, end: bounds.end, step: bounds.step)
            let expression = parsed.hasComputedDurations ? try parsed.resolvingDurations(times, in: text) : parsed
            watch.isPrepared()
            let annotations = AnnotationList(expression: text)
            let profile = QueryProfile(context.measures, expression, stepCount: grid.count, time)
            let evaluator = Evaluator(
                reader: reader, context: context, workers: workers, annotations: annotations, grid: grid, bounds: bounds,
                profile: profile)
            let value: QueryValue
            if bounds.isRange {
                let columns = try evaluator.rangeColumns(expression)
                watch.isEvaluated()
                value = try evaluator.rangeResult(columns)
            } else {
                value = try evaluator.instantResult(expression)
                watch.isEvaluated()
            }
            return QueryResult(
                value: value, annotations: annotations.all, omittedAnnotations: annotations.omitted,
                statistics: watch.statistics(profile, grid),
                explanation: profile?.explanation(of: text))
        } catch {
            throw QueryError(error)
        }
    }
}

/// The times of the whole query, which subqueries do not change.
struct QueryBounds {
    var start: Int64
    /// Where it was asked to end, which may be behind the last step.
    var end: Int64
    /// 0 for an instant query.
    var step: Int64
    var isRange: Bool
}
