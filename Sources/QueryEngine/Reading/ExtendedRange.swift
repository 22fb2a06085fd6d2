import QueryLanguages
import Storage

/// Functions of ranges whose selector is `anchored` or `smoothed`: their windows reach beyond the range, by a look-back at its
/// beginning and, when smoothed, at its end, so that the value at the borders is known rather than extrapolated.
struct ExtendedRange {
    let isSmoothed: Bool
    /// The length of the range itself, milliseconds.
    let range: Int64
    /// By how much a window goes on behind the range, milliseconds.
    let ahead: Int64

    /// What functions may be applied to, in the order of Prometheus's sentence.
    private static let allowed = [
        false: ["changes", "delta", "increase", "rate", "resets"], true: ["delta", "increase", "rate"],
    ]

    /// The function of a name; throws for one that makes no sense of values beyond its range.
    func function(_ name: String) throws(QueryError) -> EachWindow {
        let allowed = Self.allowed[isSmoothed, default: []]
        if !allowed.contains(name) {
            let list = allowed.joined(separator: ", ")
            throw QueryError(
                .execution,
                "\(isSmoothed ? "smoothed" : "anchored") modifier can only be used with: \(list) - not with \(name)")
        }
        switch name {
        case "changes": return EachWindow { window, _ in self.anchored(window).map(RangeFunctions.changes) ?? Column.absent }
        case "resets": return EachWindow { window, _ in self.anchored(window).map(RangeFunctions.resets) ?? Column.absent }
        default:
            return EachWindow { window, _ in
                let increase = self.increase(window, isCounter: name != "delta")
                return name == "rate" && !Column.isAbsent(increase) ? increase / (Double(self.range) / 1_000) : increase
            }
        }
    }

    /// The sample at or before the beginning of the range, if there is one, and all behind it; nil without any in the range.
    private func anchored(_ window: SampleWindow) -> SampleWindow? {
        let start = window.end - ahead - range
        guard let last = window.times.last, last > start else { return nil }
        let first = max(0, (window.times.firstIndex { $0 > start } ?? 0) - 1)
        return SampleWindow(
            times: UnsafeBufferPointer(rebasing: window.times[first...]),
            values: UnsafeBufferPointer(rebasing: window.values[first...]), start: window.start, end: window.end, time: window.time)
    }

    private func increase(_ window: SampleWindow, isCounter: Bool) -> Double {
        let end = window.end - ahead
        let start = end - range
        let (times, values) = (window.times, window.values)
        var last = times.count - 1
        var first = max(0, (times[..<last].firstIndex { $0 > start } ?? last) - 1)
        if isSmoothed { last = times[..<last].firstIndex { $0 >= end } ?? last }
        if times[last] <= start || (isSmoothed && times[first] > end) { return Column.absent }
        let left = isSmoothed && times[first] < start ? Self.value(window, first, at: start, isCounter) : values[first]
        let right =
            isSmoothed && last > 0 && times[last] > end ? Self.value(window, last - 1, at: end, isCounter) : values[last]
        var result = right - left
        if !isCounter { return result }
        // The borders have been looked at already.
        if times[first] <= start { first += 1 }
        if times[last] >= end { last -= 1 }
        var previous = left
        for index in first..<max(first, last + 1) {
            if values[index] < previous { result += previous }
            previous = values[index]
        }
        return right < previous ? result + previous : result
    }

    /// The value at a time on the line from a sample to the next one; a counter that was reset between them starts at zero.
    private static func value(_ window: SampleWindow, _ index: Int, at time: Int64, _ isCounter: Bool) -> Double {
        let to = window.values[index + 1]
        let from = isCounter && to < window.values[index] ? 0 : window.values[index]
        let passed = Double(time - window.times[index])
        return from + (to - from) * passed / Double(window.times[index + 1] - window.times[index])
    }
}

/// The values of a `smoothed` selector: on the line between the samples around a time, or the last one.
struct SmoothedColumns: ColumnMaker {
    let times: ReadTimes
    /// How far samples may be away, milliseconds.
    let lookback: Int64
    /// One for each time; used again for every series.
    var values: [Double]
    var sampleCounts: StepSampleCounts
    private var kept = SeriesSamples(labels: .empty, timestamps: [], values: [])

    init(_ times: ReadTimes, lookback: Int64, values: [Double], _ sampleCounts: StepSampleCounts) {
        self.times = times
        self.lookback = lookback
        self.values = values
        self.sampleCounts = sampleCounts
    }

    mutating func make(_ series: SeriesView, _ context: QueryContext, _ pass: (ColumnView) throws -> Void) throws {
        series.copyPresent(into: &kept)
        let (timestamps, samples) = (kept.timestamps, kept.values)
        var next = 0
        var isFound = false
        for step in values.indices {
            let time = times(step)
            while next < timestamps.count, timestamps[next] < time { next += 1 }
            values[step] = Self.value(timestamps, samples, next, time, lookback)
            if !Column.isAbsent(values[step]) { isFound = true }
        }
        if !isFound { return }
        try values.withUnsafeBufferPointer { values in
            sampleCounts.add(values)
            try pass(ColumnView(labelBytes: series.labelBytes, values: values))
        }
    }

    /// The value at a time; `next` is the first sample that is not before it.
    private static func value(
        _ timestamps: [Int64], _ samples: [Double], _ next: Int, _ time: Int64, _ lookback: Int64
    ) -> Double {
        let hasNext = next < timestamps.count && timestamps[next] <= time + lookback
        if hasNext, timestamps[next] == time { return samples[next] }
        guard next > 0, timestamps[next - 1] > time - lookback else { return Column.absent }
        if !hasNext { return samples[next - 1] }
        let share = Double(time - timestamps[next - 1]) / Double(timestamps[next] - timestamps[next - 1])
        return samples[next - 1] + (samples[next] - samples[next - 1]) * share
    }
}
