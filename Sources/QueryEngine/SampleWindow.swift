/// The samples of one series in a left-open range of time, at least one of them; no staleness markers.
///
/// It borrows its samples and must not outlive the call that it is given to.
struct SampleWindow {
    /// Milliseconds since 1970, strictly rising.
    let times: UnsafeBufferPointer<Int64>
    /// The values, one for each time.
    let values: UnsafeBufferPointer<Double>
    /// Where the range begins, exclusively.
    let start: Int64
    /// Where the range ends, inclusively.
    let end: Int64
    /// The time of evaluation, which offsets do not move.
    let time: Int64

    var count: Int { times.count }
    var first: Double { values[0] }
    var last: Double { values[times.count - 1] }
}

/// What is calculated of a window at a step; ``Column/absent`` when there is nothing to tell.
typealias WindowFunction = @Sendable (SampleWindow, _ step: Int) throws(QueryError) -> Double

/// The functions of windows that need no arguments.
enum WindowFunctions {
    static let byName: [String: WindowFunction] = [
        "avg_over_time": { window, _ in mean(window) },
        "changes": { window, _ in changes(window) },
        "count_over_time": { window, _ in Double(window.count) },
        "delta": { window, _ in extrapolated(window, isCounter: false, isRate: false) },
        "deriv": { window, _ in
            window.count < 2 ? Column.absent : Statistics.regression(window, origin: window.times[0]).slope
        },
        "first_over_time": { window, _ in window.first },
        "idelta": { window, _ in instantDifference(window, isRate: false) },
        "increase": { window, _ in extrapolated(window, isCounter: true, isRate: false) },
        "irate": { window, _ in instantDifference(window, isRate: true) },
        "last_over_time": { window, _ in window.last },
        "mad_over_time": { window, _ in medianDeviation(window) },
        "max_over_time": { window, _ in window.values[extreme(window) { $0 > $1 }] },
        "min_over_time": { window, _ in window.values[extreme(window) { $0 < $1 }] },
        "present_over_time": { _, _ in 1 },
        "rate": { window, _ in extrapolated(window, isCounter: true, isRate: true) },
        "resets": { window, _ in resets(window) },
        "stddev_over_time": { window, _ in variance(window).squareRoot() },
        "stdvar_over_time": { window, _ in variance(window) },
        "sum_over_time": { window, _ in sum(window) },
        "ts_of_first_over_time": { window, _ in seconds(window, 0) },
        "ts_of_last_over_time": { window, _ in seconds(window, window.count - 1) },
        "ts_of_max_over_time": { window, _ in seconds(window, extreme(window) { $0 >= $1 }) },
        "ts_of_min_over_time": { window, _ in seconds(window, extreme(window) { $0 <= $1 }) },
    ]

    private static func sum(_ window: SampleWindow) -> Double {
        var sum = CompensatedSum()
        for value in window.values { sum.add(value) }
        return sum.result
    }

    private static func mean(_ window: SampleWindow) -> Double {
        var mean = CompensatedMean()
        for value in window.values { mean.add(value) }
        return mean.result
    }

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

    private static func changes(_ window: SampleWindow) -> Double {
        var count = 0.0
        var previous = window.first
        for value in window.values.dropFirst() {
            if value != previous, !(value.isNaN && previous.isNaN) { count += 1 }
            previous = value
        }
        return count
    }

    private static func resets(_ window: SampleWindow) -> Double {
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

    /// The increase over the whole range, of which the samples cover only a part.
    ///
    /// The samples' slope is continued to a border of the range when the nearest sample is about as close to it as
    /// samples are to each other, else by half of that distance; a counter is not continued below zero.
    private static func extrapolated(_ window: SampleWindow, isCounter: Bool, isRate: Bool) -> Double {
        guard window.count >= 2 else { return Column.absent }
        var result = window.last - window.first
        if isCounter {
            var previous = window.first
            for value in window.values.dropFirst() {
                if value < previous { result += previous }
                previous = value
            }
        }
        let firstTime = window.times[0]
        let lastTime = window.times[window.count - 1]
        var toStart = Double(firstTime &- window.start) / 1_000
        var toEnd = Double(window.end &- lastTime) / 1_000
        let covered = Double(lastTime &- firstTime) / 1_000
        let average = covered / Double(window.count - 1)
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        if isCounter {
            var toZero = toStart
            if result > 0, window.first >= 0 { toZero = covered * (window.first / result) }
            if toZero < toStart { toStart = toZero }
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = (covered + toStart + toEnd) / covered
        if isRate { factor /= Double(window.end &- window.start) / 1_000 }
        return result * factor
    }
}
