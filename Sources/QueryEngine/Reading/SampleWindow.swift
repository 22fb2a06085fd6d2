import Storage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

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
    /// Rises when a series has other timestamps than the one before. Series of one target have the same ones.
    private(set) var generation = 0
    private var timestamps: [Int64] = []

    /// Finds the windows of the first `stepCount` steps; times and range are the same for all series.
    mutating func locate(_ series: SampledSeries, stepCount: Int) {
        let timestamps = series.view.timestamps
        if lows.count == stepCount, isSame(timestamps) { return }
        generation += 1
        self.timestamps.removeAll(keepingCapacity: true)
        self.timestamps.append(contentsOf: timestamps)
        if lows.count != stepCount {
            lows = [Int](repeating: 0, count: stepCount)
            highs = lows
        }
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

    private func isSame(_ others: UnsafeBufferPointer<Int64>) -> Bool {
        guard timestamps.count == others.count, let others = others.baseAddress else { return false }
        return memcmp(timestamps, others, timestamps.count * MemoryLayout<Int64>.stride) == 0
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
