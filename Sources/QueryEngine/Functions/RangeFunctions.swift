/// What is calculated of a window at a step; ``Column/absent`` when there is nothing to tell.
typealias WindowFunction = @Sendable (SampleWindow, _ step: Int) throws(QueryError) -> Double

/// A function of ranges, calculated for all windows of a series at once, so that neighbours can share work.
protocol RangeFunction: Sendable {
    /// Writes the result for each window, or ``Column/absent`` when there is nothing to tell.
    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError)
}

/// Looks at the clock now and then while windows are gone over that may be long.
struct WorkMeter {
    private var work = 0

    /// How many samples windows go over before the clock is looked at again.
    private static let samplesBetweenChecks = 100_000

    @inline(__always)
    mutating func add(_ samples: Int, _ context: QueryContext) throws(QueryError) {
        work &+= samples
        if work > Self.samplesBetweenChecks {
            work = 0
            try context.check()
        }
    }
}

/// A function that goes over each window by itself.
struct EachWindow: RangeFunction {
    let function: WindowFunction

    init(_ function: @escaping WindowFunction) { self.function = function }

    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        var meter = WorkMeter()
        for step in results.indices {
            guard let window = windows.window(at: step, series) else {
                results[step] = Column.absent
                continue
            }
            results[step] = try function(window, step)
            try meter.add(window.count, context)
        }
    }
}

/// The functions of ranges that need no arguments.
enum RangeFunctions {
    /// The function of a name, or nil.
    static func named(_ name: String) -> (any RangeFunction)? {
        switch name {
        case "avg_over_time": SlidingMean()
        case "count_over_time": SlidingCount()
        case "delta": SlidingIncrease(isCounter: false, isRate: false)
        case "increase": SlidingIncrease(isCounter: true, isRate: false)
        case "max_over_time": SlidingExtreme(isMaximum: true)
        case "min_over_time": SlidingExtreme(isMaximum: false)
        case "rate": SlidingIncrease(isCounter: true, isRate: true)
        case "sum_over_time": SlidingSum()
        default: byWindow[name].map(EachWindow.init)
        }
    }

    private static let byWindow: [String: WindowFunction] = [
        "absent_over_time": { _, _ in 1 },
        "changes": { window, _ in changes(window) },
        "deriv": { window, _ in
            window.count < 2 ? Column.absent : Statistics.regression(window, origin: window.times[0]).slope
        },
        "first_over_time": { window, _ in window.first },
        "idelta": { window, _ in instantDifference(window, isRate: false) },
        "irate": { window, _ in instantDifference(window, isRate: true) },
        "last_over_time": { window, _ in window.last },
        "mad_over_time": { window, _ in medianDeviation(window) },
        "present_over_time": { _, _ in 1 },
        "resets": { window, _ in resets(window) },
        "stddev_over_time": { window, _ in variance(window).squareRoot() },
        "stdvar_over_time": { window, _ in variance(window) },
        "ts_of_first_over_time": { window, _ in seconds(window, 0) },
        // As in Prometheus, no time before 1970 is the last one.
        "ts_of_last_over_time": { window, _ in max(0, seconds(window, window.count - 1)) },
        "ts_of_max_over_time": { window, _ in seconds(window, extreme(window) { $0 >= $1 }) },
        "ts_of_min_over_time": { window, _ in seconds(window, extreme(window) { $0 <= $1 }) },
    ]

    private static func variance(_ window: SampleWindow) -> Double {
        var variance = RunningVariance()
        for value in window.values { variance.add(value) }
        return variance.result
    }

    private static func medianDeviation(_ window: SampleWindow) -> Double {
        if window.values.contains(where: \.isNaN) { return .nan }
        let median = Statistics.quantile(0.5, Array(window.values))
        return Statistics.quantile(0.5, window.values.map { ($0 - median).magnitude })
    }

    /// The place of the value that is better than all before it; any number is better than NaN.
    private static func extreme(_ window: SampleWindow, _ isBetter: (Double, Double) -> Bool) -> Int {
        var best = 0
        for index in window.values.indices where isBetter(window.values[index], window.values[best]) || window.values[best].isNaN {
            best = index
        }
        return best
    }

    private static func seconds(_ window: SampleWindow, _ index: Int) -> Double { Double(window.times[index]) / 1_000 }

    static func changes(_ window: SampleWindow) -> Double {
        var count = 0.0
        var previous = window.first
        for value in window.values.dropFirst() {
            if value != previous, !(value.isNaN && previous.isNaN) { count += 1 }
            previous = value
        }
        return count
    }

    static func resets(_ window: SampleWindow) -> Double {
        var count = 0.0
        var previous = window.first
        for value in window.values.dropFirst() {
            if value < previous { count += 1 }
            previous = value
        }
        return count
    }

    /// Of the last two samples: their difference, or their rate, for which a decrease is a counter's reset.
    private static func instantDifference(_ window: SampleWindow, isRate: Bool) -> Double {
        guard window.count >= 2 else { return Column.absent }
        let previous = window.values[window.count - 2]
        let difference = isRate && window.last < previous ? window.last : window.last - previous
        guard isRate else { return difference }
        return difference / (Double(window.times[window.count - 1] &- window.times[window.count - 2]) / 1_000)
    }
}
