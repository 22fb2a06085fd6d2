import Storage

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

/// A series of a range vector, lent for the length of a call.
struct SampledSeries {
    /// Labels and samples, without staleness markers.
    let view: SeriesView
    /// Where the windows end.
    let times: ReadTimes
    /// How long they are, milliseconds.
    let range: Int64
}

/// Where the windows of a series begin and end among its samples.
struct WindowBounds {
    /// For each step the index of the first sample, and the index behind the last.
    private(set) var lows: [Int] = []
    private(set) var highs: [Int] = []

    /// Finds the windows of the first `stepCount` steps.
    mutating func locate(_ series: SampledSeries, stepCount: Int) {
        if lows.count != stepCount {
            lows = [Int](repeating: 0, count: stepCount)
            highs = lows
        }
        let timestamps = series.view.timestamps
        let count = timestamps.count
        var low = 0
        var high = 0
        for step in 0..<stepCount {
            let end = series.times(step)
            let start = end &- series.range
            while low < count, timestamps[low] <= start { low &+= 1 }
            if high < low { high = low }
            while high < count, timestamps[high] <= end { high &+= 1 }
            lows[step] = low
            highs[step] = high
        }
    }

    /// The window of a step, or nil when it has no samples.
    func window(at step: Int, _ series: SampledSeries) -> SampleWindow? {
        let samples = lows[step]..<highs[step]
        if samples.isEmpty { return nil }
        let end = series.times(step)
        return SampleWindow(
            times: UnsafeBufferPointer(rebasing: series.view.timestamps[samples]),
            values: UnsafeBufferPointer(rebasing: series.view.values[samples]), start: end &- series.range, end: end,
            time: series.times.grid.time(step))
    }
}
