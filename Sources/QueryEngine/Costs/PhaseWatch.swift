/// Takes the times of a query's phases, when they are asked for.
struct PhaseWatch {
    private let context: QueryContext
    private let isUsed: Bool
    private var start: UInt64 = 0
    private var prepared: UInt64 = 0
    private var evaluated: UInt64 = 0

    /// A query begins to run.
    init(_ context: QueryContext) {
        self.context = context
        isUsed = context.measures.contains(.statistics)
        if isUsed { start = context.time.monotonic() }
    }

    /// It has been parsed and checked.
    mutating func isPrepared() { if isUsed { prepared = context.time.monotonic() } }

    /// There is a result, which may not be in order yet.
    mutating func isEvaluated() { if isUsed { evaluated = context.time.monotonic() } }

    /// What the query took, now that its result is in order; nil when that is not asked for.
    func statistics(_ profile: QueryProfile?, _ grid: StepGrid) -> QueryStatistics? {
        guard isUsed, let counts = profile?.samplesPerStep else { return nil }
        let end = context.time.monotonic()
        func seconds(_ from: UInt64, _ to: UInt64) -> Double { Double(to - from) / 1e9 }
        var statistics = QueryStatistics()
        statistics.queueing = seconds(context.start, start)
        statistics.preparation = seconds(start, prepared)
        statistics.innerEvaluation = seconds(prepared, evaluated)
        statistics.resultSort = seconds(evaluated, end)
        statistics.evaluationTotal = seconds(start, end)
        statistics.executionTotal = seconds(context.start, end)
        statistics.queryableSamples = counts.reduce(0, +)
        if context.measures.contains(.samplesPerStep) {
            statistics.queryableSamplesPerStep = counts.enumerated().map {
                QueryStatistics.StepSamples(time: grid.time($0.offset), count: $0.element)
            }
        }
        statistics.peakSamples = context.sampleCount
        return statistics
    }
}
