import Storage

/// Makes of one series after the other the values at the times of a grid. Every thread that does so has its own copy.
protocol ColumnMaker: Sendable {
    /// How many samples the steps looked at.
    var sampleCounts: StepSampleCounts { get }
    /// Passes on the column of a series, unless there is no value in it.
    mutating func make(
        _ series: SeriesView, _ context: QueryContext, _ pass: (ColumnView) throws -> Void) throws
}

/// The latest sample of a series at each time, unless it is too old or a staleness marker.
struct LatestColumns: ColumnMaker {
    /// What of a sample is passed on.
    enum Part { case values, timestamps }

    let times: ReadTimes
    let lookback: CoarseLookback
    let part: Part
    /// One for each time; used again for every series.
    var values: [Double]
    var sampleCounts: StepSampleCounts

    mutating func make(_ series: SeriesView, _ context: QueryContext, _ pass: (ColumnView) throws -> Void) throws {
        let isFound = values.withUnsafeMutableBufferPointer { Self.latest(series, times, lookback, part, into: $0) }
        if !isFound { return }
        try values.withUnsafeBufferPointer { values in
            sampleCounts.add(values)
            try pass(ColumnView(labelBytes: series.labelBytes, values: values))
        }
    }

    /// Whether there is any.
    private static func latest(
        _ series: SeriesView, _ times: ReadTimes, _ lookback: CoarseLookback, _ part: Part,
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
}

/// The results of a range function over the windows of a series.
struct RangeColumns: ColumnMaker {
    var function: any RangeFunction
    let times: ReadTimes
    let range: Int64
    let keepsName: Bool
    /// Whether equal windows have equal results, so that one is enough where all are the same.
    let isRepeatable: Bool
    /// One for each time; used again for every series.
    var values: [Double]
    var sampleCounts: StepSampleCounts
    private var windows = WindowBounds()
    private var labels: [UInt8] = []
    private var kept = SeriesSamples(labels: .empty, timestamps: [], values: [])

    init(_ call: RangeCall, _ times: ReadTimes, range: Int64, values: [Double], _ sampleCounts: StepSampleCounts) {
        function = call.function
        self.times = times
        self.range = range
        keepsName = call.keepsName
        isRepeatable = call.isRepeatable
        self.values = values
        self.sampleCounts = sampleCounts
    }

    mutating func make(_ series: SeriesView, _ context: QueryContext, _ pass: (ColumnView) throws -> Void) throws {
        guard series.values.contains(where: Column.isAbsent) else { return try calculate(series, context, pass) }
        var own = SeriesSamples(labels: .empty, timestamps: [], values: [])
        swap(&own, &kept)
        series.copyPresent(into: &own)
        try own.withView { view in
            try calculate(
                SeriesView(labelBytes: series.labelBytes, timestamps: view.timestamps, values: view.values), context, pass)
        }
        swap(&own, &kept)
    }

    /// As ``make``, for samples without staleness markers.
    private mutating func calculate(
        _ view: SeriesView, _ context: QueryContext, _ pass: (ColumnView) throws -> Void
    ) throws {
        let series = SampledSeries(view: view, times: times, range: range)
        let count = isRepeatable && times.fixed != nil ? 1 : values.count
        windows.locate(series, stepCount: count)
        sampleCounts.add(windows)
        let isFound = try values.withUnsafeMutableBufferPointer { values in
            try function.fill(UnsafeMutableBufferPointer(rebasing: values[..<count]), series, windows, context)
            if count < values.count { values[count...].update(repeating: values[0]) }
            return !values.allSatisfy(Column.isAbsent)
        }
        if !isFound { return }
        try values.withUnsafeBufferPointer { values in
            if keepsName { return try pass(ColumnView(labelBytes: view.labelBytes, values: values)) }
            LabelFilter.withoutName.apply(view.labelBytes, into: &labels)
            try labels.withUnsafeBytes { try pass(ColumnView(labelBytes: $0, values: values)) }
        }
    }
}
