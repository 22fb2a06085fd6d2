import QueryLanguages
import Storage
import TelemetryModel

/// One series of an instant vector with its values at the times of the grid, lent for the length of a call.
struct ColumnView {
    /// The canonical bytes of the labels.
    let labelBytes: UnsafeRawBufferPointer
    /// One value for each time, ``Column/absent`` where there is none; at least one is there.
    let values: UnsafeBufferPointer<Double>

    /// A copy.
    var column: Column { Column(labels: Labels(canonicalBytes: Array(labelBytes)), values: Array(values)) }
}

/// The times at which something is read: those of the grid moved by an offset, or one time for all of them.
struct ReadTimes {
    var grid: StepGrid
    var fixed: Int64?
    var offset: Int64

    func callAsFunction(_ step: Int) -> Int64 { (fixed ?? grid.time(step)) &- offset }
    var first: Int64 { self(0) }
    var last: Int64 { self(grid.count - 1) }
    /// The distance of the times; 0 when they are all the same.
    var step: Int64 { fixed == nil ? grid.step : 0 }

    /// What a store may know of windows that end at these times.
    func hint(_ function: String?, window: Int64) -> ReadHint {
        ReadHint(function: function, window: window, firstEnd: first, step: step, count: fixed == nil ? grid.count : 1)
    }
}

// Reading samples: at the times of the grid, or as windows that slide over it.
extension Evaluator {
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

    /// Calls `body` with each column of an expression whose type is instant vector.
    ///
    /// Columns of selectors and of functions over them are made one after the other and never held together.
    func forEachColumn(of expression: PromQLExpression, _ body: (ColumnView) throws -> Void) throws {
        try context.check()
        let expression = expression.unwrapped
        guard let profile else { return try stream(expression, body) }
        let own = profile.place(of: expression)
        let consumer = profile.turn(to: own)
        try stream(expression) { column in
            profile.add(.init(columns: 1), to: own)
            profile.turn(to: consumer)
            try body(column)
            profile.turn(to: own)
        }
        profile.turn(to: consumer)
    }

    /// As ``forEachColumn(of:_:)``, without being charged for it.
    private func stream(_ expression: PromQLExpression, _ body: (ColumnView) throws -> Void) throws {
        if let change = try valueChange(expression) { return try forEachColumn(of: change, body) }
        switch expression.node {
        case .selector(let selector): return try forEachColumn(of: selector, in: expression, yielding: .values, body)
        case .call(let function, let arguments):
            if isStreamed(function, arguments), let call = try rangeCall(function, arguments) {
                return try forEachColumn(of: call, body)
            }
        default: break
        }
        guard case .vector(let columns) = try otherValue(of: expression) else { return }
        try lend(columns, body)
    }

    /// The latest sample of each series at each time, unless it is too old or a staleness marker.
    func forEachColumn(
        of selector: PromQLExpression.Selector, in whole: PromQLExpression, yielding part: LatestColumns.Part,
        _ body: (ColumnView) throws -> Void
    ) throws {
        let times = readTimes(at: selector.at, offset: selector.offset)
        let window = context.limits.lookback
        if selector.isSmoothed {
            let query = context.ending(
                SeriesQuery(selector.matchers, from: times.first &- window &+ 1, through: times.last &+ window, hint: nil))
            let maker = SmoothedColumns(times, lookback: window, values: try emptyValues(), newSampleCounts())
            return try forEachColumn(query, of: whole, maker, body)
        }
        // Left-open: a sample exactly as old as the look-back is too old.
        let query = context.ending(
            SeriesQuery(
                selector.matchers, from: times.first &- window &+ 1, through: times.last, hint: times.hint(nil, window: window)))
        let lookback = CoarseLookback(try notingCoarseRanges(query), window)
        let maker = LatestColumns(
            times: times, lookback: lookback, part: part, values: try emptyValues(), sampleCounts: newSampleCounts())
        try forEachColumn(query, of: whole, maker, body)
    }

    /// Where the store has too few samples for an exact answer, which the answer says.
    private func notingCoarseRanges(_ query: SeriesQuery) throws -> [CoarseRange] {
        let ranges = try reader.coarseRanges(query)
        for range in ranges { annotations.add(range) }
        return ranges
    }

    /// Counts for each time of the grid, if they are asked for.
    func newSampleCounts() -> StepSampleCounts {
        StepSampleCounts(stepCount: profile?.countsSamples == true && !isSubquery ? grid.count : 0)
    }

    // MARK: Ranges

    /// When the windows of a range selector or subquery end, and how long they are; nil for what is neither.
    func window(of expression: PromQLExpression) -> (times: ReadTimes, range: Int64)? {
        switch expression.unwrapped.node {
        case .range(let selector, let range): window(of: selector, range)
        case .subquery(let subquery): (readTimes(at: subquery.at, offset: subquery.offset), subquery.range)
        default: nil
        }
    }

    /// The same for a range selector; `anchored` and `smoothed` read beyond the range.
    private func window(of selector: PromQLExpression.Selector, _ range: Int64) -> (times: ReadTimes, range: Int64) {
        let lookback = context.limits.lookback
        let ahead = selector.isSmoothed ? lookback : 0
        let behind = selector.isSmoothed || selector.isAnchored ? lookback : 0
        return (readTimes(at: selector.at, offset: selector.offset &- ahead), range &+ behind &+ ahead)
    }

    /// The question to the store that a range selector means, and for which function; nil for what is none.
    func rangeQuery(_ expression: PromQLExpression, for function: String?) throws -> SeriesQuery? {
        guard case .range(let selector, let ownRange) = expression.unwrapped.node else { return nil }
        let (times, range) = window(of: selector, ownRange)
        let query = context.ending(
            SeriesQuery(
                selector.matchers, from: times.first &- range &+ 1, through: times.last,
                hint: selector.isAnchored || selector.isSmoothed ? nil : function.map { times.hint($0, window: range) }))
        _ = try notingCoarseRanges(query)
        return query
    }

    /// Calls `body` with the samples of each series of a range selector or subquery.
    func forEachSeries(of expression: PromQLExpression, _ body: (SeriesView) throws -> Void) throws {
        if let query = try rangeQuery(expression, for: nil) { return try scan(try reader.select(query), of: expression, body) }
        guard case .subquery(let subquery) = expression.unwrapped.node else {
            throw QueryError(.invalid, "A range vector is needed here.")
        }
        guard let profile else { return try forEachSeries(of: subquery, body) }
        let place = profile.place(of: expression)
        let consumer = profile.turn(to: place)
        try forEachSeries(of: subquery) { series in
            profile.add(.init(columns: 1), to: place)
            profile.turn(to: consumer)
            try body(series)
            profile.turn(to: place)
        }
        profile.turn(to: consumer)
    }

    private func forEachSeries(of subquery: PromQLExpression.Subquery, _ body: (SeriesView) throws -> Void) throws {
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
            reader: reader, context: context, workers: workers, annotations: annotations,
            grid: StepGrid(start: start, step: step, count: Int(count)), bounds: bounds, profile: profile, isSubquery: true)
        var kept = SeriesSamples(labels: .empty, timestamps: [], values: [])
        try inner.forEachColumn(of: subquery.expression) { column in
            inner.grid.copyPresent(column.values, into: &kept)
            try kept.withView { samples in
                try body(
                    SeriesView(labelBytes: column.labelBytes, timestamps: samples.timestamps, values: samples.values))
            }
        }
    }
}

extension SeriesView {
    /// Puts the samples that are no staleness markers in the place of others.
    func copyPresent(into kept: inout SeriesSamples) {
        kept.timestamps.removeAll(keepingCapacity: true)
        kept.values.removeAll(keepingCapacity: true)
        for index in values.indices where !Column.isAbsent(values[index]) {
            kept.timestamps.append(timestamps[index])
            kept.values.append(values[index])
        }
    }
}

extension StepGrid {
    /// Puts the values that are there, with their times, in the place of other samples.
    func copyPresent(_ values: UnsafeBufferPointer<Double>, into kept: inout SeriesSamples) {
        kept.values.removeAll(keepingCapacity: true)
        if !values.contains(where: Column.isAbsent) {
            // Series mostly have a value at every time: their times are made once.
            if kept.timestamps.count != count { kept.timestamps = (0..<count).map(time) }
            kept.values.append(contentsOf: values)
            return
        }
        kept.timestamps.removeAll(keepingCapacity: true)
        for step in values.indices where !Column.isAbsent(values[step]) {
            kept.timestamps.append(time(step))
            kept.values.append(values[step])
        }
    }
}
