import QueryLanguages
import Storage
import TelemetryModel

// Reading samples: at the times of the grid, or as windows that slide over it.
extension Evaluator {
    /// What of a sample an instant selector yields.
    enum SamplePart { case values, timestamps }

    /// The times at which something is read: those of the grid moved by an offset, or one time for all of them.
    struct ReadTimes {
        var grid: StepGrid
        var fixed: Int64?
        var offset: Int64

        func callAsFunction(_ step: Int) -> Int64 { (fixed ?? grid.time(step)) &- offset }
        var first: Int64 { self(0) }
        var last: Int64 { self(grid.count - 1) }
    }

    func readTimes(at fixed: PromQLExpression.FixedTime?, offset: Int64) -> ReadTimes {
        let time: Int64? =
            switch fixed {
            case nil: nil
            case .start: bounds.start
            case .end: bounds.end
            case .milliseconds(let time): time
            }
        return ReadTimes(grid: grid, fixed: time, offset: offset)
    }

    /// The latest sample of each series at each time, unless it is too old or a staleness marker.
    func columns(of selector: PromQLExpression.Selector, yielding part: SamplePart) throws -> [Column] {
        let times = readTimes(at: selector.at, offset: selector.offset)
        let lookback = PromQLEngine.lookback
        var columns: [Column] = []
        // Left-open: a sample exactly as old as the look-back is too old.
        try scan(selector.matchers, from: times.first &- lookback &+ 1, through: times.last) { series in
            var values = try emptyValues()
            var next = 0
            for step in values.indices {
                let time = times(step)
                while next < series.timestamps.count, series.timestamps[next] <= time { next += 1 }
                guard next > 0, series.timestamps[next - 1] > time &- lookback else { continue }
                let value = series.values[next - 1]
                // A staleness marker has the bits of "absent" and needs no test of its own.
                values[step] =
                    part == .values || Column.isAbsent(value) ? value : Double(series.timestamps[next - 1]) / 1_000
            }
            columns.append(Column(labels: series.labels, values: values))
        }
        return columns.filter { !$0.isEmpty }
    }

    private func scan(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, _ body: (SeriesSamples) throws -> Void
    ) throws {
        try reader.scan(SeriesQuery(matchers, from: from, through: through)) { series in
            try context.addSeries()
            try context.addSamples(series.timestamps.count)
            try body(series)
        }
    }

    // MARK: Windows

    /// The samples of one series and the ranges of time that slide over them.
    struct Windows {
        let timestamps: [Int64]
        let values: [Double]
        let times: ReadTimes
        let range: Int64

        /// Calls `body` with the window of one step, unless it is empty.
        func withWindow(at step: Int, _ body: (SampleWindow) throws -> Void) rethrows {
            var low = 0
            var high = 0
            try withWindow(at: step, &low, &high, body)
        }

        /// As above, for rising steps: `low` and `high` remember where the last window lay.
        func withWindow(at step: Int, _ low: inout Int, _ high: inout Int, _ body: (SampleWindow) throws -> Void) rethrows {
            let end = times(step)
            let start = end &- range
            while low < timestamps.count, timestamps[low] <= start { low += 1 }
            high = max(low, high)
            while high < timestamps.count, timestamps[high] <= end { high += 1 }
            guard high > low else { return }
            try timestamps.withUnsafeBufferPointer { timestamps in
                try values.withUnsafeBufferPointer { values in
                    try body(
                        SampleWindow(
                            times: UnsafeBufferPointer(rebasing: timestamps[low..<high]),
                            values: UnsafeBufferPointer(rebasing: values[low..<high]), start: start, end: end,
                            time: times.grid.time(step)))
                }
            }
        }
    }

    /// Calls `body` with the samples of each series of a range selector or subquery, without staleness markers.
    func forEachSeries(of expression: PromQLExpression, _ body: (Labels, Windows) throws -> Void) throws {
        switch expression.unwrapped.node {
        case .range(let selector, let range):
            let times = readTimes(at: selector.at, offset: selector.offset)
            try scan(selector.matchers, from: times.first &- range &+ 1, through: times.last) { series in
                var timestamps = series.timestamps
                var values = series.values
                if values.contains(where: Column.isAbsent) {
                    let kept = values.indices.filter { !Column.isAbsent(series.values[$0]) }
                    timestamps = kept.map { series.timestamps[$0] }
                    values = kept.map { series.values[$0] }
                }
                try body(series.labels, Windows(timestamps: timestamps, values: values, times: times, range: range))
            }
        case .subquery(let subquery):
            try forEachSeries(of: subquery, body)
        default:
            throw QueryError(.invalid, "A range vector is needed here.")
        }
    }

    private func forEachSeries(of subquery: PromQLExpression.Subquery, _ body: (Labels, Windows) throws -> Void) throws {
        let times = readTimes(at: subquery.at, offset: subquery.offset)
        let step = subquery.step ?? PromQLEngine.defaultSubqueryStep
        // The times are multiples of the step, whatever the times of the query are.
        let bound = times.first &- subquery.range
        var start = bound / step * step
        if start <= bound { start += step }
        guard start <= times.last else { return }
        let count = (times.last - start) / step + 1
        guard count <= Int64(context.limits.samples) else {
            throw QueryError(.tooManySamples, "A subquery has \(count) steps, which is more than the limit of samples.")
        }
        let inner = Evaluator(
            reader: reader, context: context, annotations: annotations,
            grid: StepGrid(start: start, step: step, count: Int(count)), bounds: bounds)
        for column in try inner.vector(subquery.expression) {
            let steps = column.values.indices.filter { !Column.isAbsent(column.values[$0]) }
            try body(
                column.labels,
                Windows(
                    timestamps: steps.map(inner.grid.time), values: steps.map { column.values[$0] }, times: times,
                    range: subquery.range))
        }
    }

    /// Calculates a function of each window. Equal windows of one series are calculated once if `isRepeatable`.
    func windowColumns(
        of expression: PromQLExpression, keepsName: Bool, isRepeatable: Bool, _ function: WindowFunction
    ) throws -> [Column] {
        var columns: [Column] = []
        try forEachSeries(of: expression) { labels, windows in
            var values = try emptyValues()
            var low = 0
            var high = 0
            var work = 0
            for step in values.indices {
                if isRepeatable, step > 0, windows.times.fixed != nil {
                    values[step] = values[step - 1]
                    continue
                }
                try windows.withWindow(at: step, &low, &high) { window in
                    values[step] = try function(window, step)
                    work += window.count
                }
                if work > Self.samplesBetweenChecks {
                    work = 0
                    try context.check()
                }
            }
            columns.append(Column(labels: keepsName ? labels : LabelFilter.withoutName(labels), values: values))
        }
        return try columns.merged()
    }

    /// How many samples windows go over before the clock is looked at again.
    private static let samplesBetweenChecks = 100_000
}
