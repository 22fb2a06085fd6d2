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
    /// What of a sample an instant selector yields.
    enum SamplePart { case values, timestamps }

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
        switch expression.unwrapped.node {
        case .selector(let selector):
            try context.check()
            return try forEachColumn(of: selector, yielding: .values, body)
        case .call(let function, let arguments):
            if isStreamed(function, arguments), let call = try rangeCall(function, arguments) {
                try context.check()
                return try forEachColumn(of: call, body)
            }
        default: break
        }
        for column in try vector(expression) {
            try column.labels.bytes.withUnsafeBytes { labelBytes in
                try column.values.withUnsafeBufferPointer { try body(ColumnView(labelBytes: labelBytes, values: $0)) }
            }
        }
    }

    /// The latest sample of each series at each time, unless it is too old or a staleness marker.
    func forEachColumn(
        of selector: PromQLExpression.Selector, yielding part: SamplePart, _ body: (ColumnView) throws -> Void
    ) throws {
        let times = readTimes(at: selector.at, offset: selector.offset)
        let window = context.limits.lookback
        var values = try emptyValues()
        // Left-open: a sample exactly as old as the look-back is too old.
        let query = SeriesQuery(
            selector.matchers, from: times.first &- window &+ 1, through: times.last, hint: times.hint(nil, window: window))
        let lookback = CoarseLookback(try notingCoarseRanges(query), window)
        try scan(query) { series in
            try values.withUnsafeMutableBufferPointer { values in
                if Self.latest(series, times, lookback, part, into: values) {
                    try body(ColumnView(labelBytes: series.labelBytes, values: UnsafeBufferPointer(values)))
                }
            }
        }
    }

    /// Whether there is any.
    private static func latest(
        _ series: SeriesView, _ times: ReadTimes, _ lookback: CoarseLookback, _ part: SamplePart,
        into values: UnsafeMutableBufferPointer<Double>
    ) -> Bool {
        let (timestamps, count) = (series.timestamps, series.timestamps.count)
        var found = false
        var next = 0
        for step in values.indices {
            let time = times(step)
            while next < count, timestamps[next] <= time { next &+= 1 }
            guard next > 0, timestamps[next &- 1] > time &- lookback(timestamps[next &- 1]) else {
                values[step] = Column.absent
                continue
            }
            // A staleness marker has the bits of "absent" and needs no test of its own.
            let value = series.values[next &- 1]
            let isAbsent = Column.isAbsent(value)
            values[step] = part == .values || isAbsent ? value : Double(timestamps[next &- 1]) / 1_000
            if !isAbsent { found = true }
        }
        return found
    }

    /// Where the store has too few samples for an exact answer, which the answer says.
    private func notingCoarseRanges(_ query: SeriesQuery) throws -> [CoarseRange] {
        let ranges = try reader.coarseRanges(query)
        for range in ranges { annotations.add(range) }
        return ranges
    }

    private func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        try reader.scan(query) { series in
            try context.addSeries()
            try context.addSamples(series.timestamps.count)
            try body(series)
        }
    }

    // MARK: Ranges

    /// Calls `body` with the samples of each series of a range selector or subquery, without staleness markers.
    func forEachSeries(
        of expression: PromQLExpression, for function: String?, _ body: (SampledSeries) throws -> Void
    ) throws {
        switch expression.unwrapped.node {
        case .range(let selector, let range):
            let times = readTimes(at: selector.at, offset: selector.offset)
            let query = SeriesQuery(
                selector.matchers, from: times.first &- range &+ 1, through: times.last,
                hint: function.map { times.hint($0, window: range) })
            _ = try notingCoarseRanges(query)
            var kept = SeriesSamples(labels: .empty, timestamps: [], values: [])
            try scan(query) { series in
                guard series.values.contains(where: Column.isAbsent) else {
                    return try body(SampledSeries(view: series, times: times, range: range))
                }
                series.copyPresent(into: &kept)
                try kept.withView { view in
                    let view = SeriesView(labelBytes: series.labelBytes, timestamps: view.timestamps, values: view.values)
                    try body(SampledSeries(view: view, times: times, range: range))
                }
            }
        case .subquery(let subquery):
            try forEachSeries(of: subquery, body)
        default:
            throw QueryError(.invalid, "A range vector is needed here.")
        }
    }

    private func forEachSeries(of subquery: PromQLExpression.Subquery, _ body: (SampledSeries) throws -> Void) throws {
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
        var kept = SeriesSamples(labels: .empty, timestamps: [], values: [])
        try inner.forEachColumn(of: subquery.expression) { column in
            inner.grid.copyPresent(column.values, into: &kept)
            try kept.withView { samples in
                let view = SeriesView(labelBytes: column.labelBytes, timestamps: samples.timestamps, values: samples.values)
                try body(SampledSeries(view: view, times: times, range: subquery.range))
            }
        }
    }
}

extension SeriesView {
    /// Puts the samples that are no staleness markers in the place of others.
    fileprivate func copyPresent(into kept: inout SeriesSamples) {
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
