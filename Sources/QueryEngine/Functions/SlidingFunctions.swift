import ByteCoding

// Range functions whose windows share work with their neighbours. Each gives, bit for bit, what going over every window by
// itself would give.

/// `rate`, `increase` and `delta`: the increase over the whole range, of which the samples cover only a part.
struct SlidingIncrease: RangeFunction {
    let isCounter: Bool
    let isRate: Bool
    /// The samples before which a counter stood higher than at them.
    private var resets: [Int] = []
    /// What depends on timestamps alone, step by step, and for which of them it was made.
    private var covers: [WindowCover] = []
    private var generation = 0

    init(isCounter: Bool, isRate: Bool) {
        self.isCounter = isCounter
        self.isRate = isRate
    }

    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        let values = series.view.values
        if generation != windows.generation {
            covers = results.indices.map { WindowCover(series, windows, $0, isRate: isRate) }
            generation = windows.generation
        }
        findResets(values)
        var nextReset = 0
        for step in results.indices {
            let (low, high) = (windows.lows[step], windows.highs[step])
            if high &- low < 2 {
                results[step] = Column.absent
                continue
            }
            var increase = values[high &- 1] - values[low]
            while nextReset < resets.count, resets[nextReset] <= low { nextReset &+= 1 }
            for reset in resets[nextReset...] {
                if reset >= high { break }
                increase += values[reset &- 1]
            }
            results[step] = increase * covers[step].factor(increase: increase, first: isCounter ? values[low] : -1)
        }
    }

    private mutating func findResets(_ values: UnsafeBufferPointer<Double>) {
        resets.removeAll(keepingCapacity: true)
        if !isCounter { return }
        for index in values.indices.dropFirst() where values[index] < values[index &- 1] { resets.append(index) }
    }
}

/// How much of a window its samples cover.
///
/// Their slope is continued to a border of the window when the nearest sample is about as close to it as samples are to each
/// other, else by half of that distance; a counter is not continued below zero.
private struct WindowCover {
    /// Seconds between the first and the last sample.
    private var covered = 0.0
    /// By how many seconds the slope is continued before and behind them.
    private var toStart = 0.0
    private var toEnd = 0.0
    /// What the increase is divided by: the seconds of the window for a rate, else 1.
    private var divisor = 1.0
    /// By how much the increase grows unless a counter would fall below zero.
    private var usualFactor = 0.0

    init(_ series: SampledSeries, _ windows: WindowBounds, _ step: Int, isRate: Bool) {
        let (low, high) = (windows.lows[step], windows.highs[step])
        if high - low < 2 { return }
        let (firstTime, lastTime) = (series.view.timestamps[low], series.view.timestamps[high - 1])
        let end = series.times(step)
        toStart = Double(firstTime &- (end &- series.range)) / 1_000
        toEnd = Double(end &- lastTime) / 1_000
        covered = Double(lastTime &- firstTime) / 1_000
        let average = covered / Double(high - low - 1)
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        if toEnd >= threshold { toEnd = average / 2 }
        if isRate { divisor = Double(series.range) / 1_000 }
        usualFactor = (covered + toStart + toEnd) / covered / divisor
    }

    /// By how much the increase grows; `first` is below zero for what is no counter.
    @inline(__always)
    func factor(increase: Double, first: Double) -> Double {
        if increase > 0, first >= 0 {
            let toZero = covered * (first / increase)
            if toZero < toStart { return (covered + toZero + toEnd) / covered / divisor }
        }
        return usualFactor
    }
}

/// `max_over_time` and `min_over_time`. Any number is better than NaN.
struct SlidingExtreme: RangeFunction {
    let isMaximum: Bool
    /// Samples of which each is worse than the one before and better than all that follow it in the window.
    private var candidates: [Int] = []

    init(isMaximum: Bool) { self.isMaximum = isMaximum }

    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        let values = series.view.values
        candidates.removeAll(keepingCapacity: true)
        var first = 0
        var next = 0
        for step in results.indices {
            let (low, high) = (windows.lows[step], windows.highs[step])
            if high <= low {
                results[step] = Column.absent
                continue
            }
            if next < low { next = low }
            while next < high {
                while candidates.count > first, let last = candidates.last, isWorse(values[last], than: values[next]) {
                    candidates.removeLast()
                }
                candidates.append(next)
                next &+= 1
            }
            while candidates[first] < low { first &+= 1 }
            results[step] = values[candidates[first]]
        }
    }

    @inline(__always)
    private func isWorse(_ a: Double, than b: Double) -> Bool { a.isNaN || (isMaximum ? b > a : b < a) }
}

/// `quantile_over_time`: the window's values are kept in order from step to step.
struct SlidingQuantile: RangeFunction {
    let quantiles: [Double]
    private var sorted: [Double] = []

    init(quantiles: [Double]) { self.quantiles = quantiles }

    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        let values = series.view.values
        var meter = WorkMeter()
        var (low, high) = (0, 0)
        sorted.removeAll(keepingCapacity: true)
        for step in results.indices {
            let window = windows.lows[step]..<windows.highs[step]
            if window.isEmpty {
                results[step] = Column.absent
                continue
            }
            let changed = (window.lowerBound &- low) &+ (window.upperBound &- high)
            // Every change moves up to a window's worth of values, which sorting anew does about sixteen times.
            if window.lowerBound >= high || changed > 16 {
                sorted.removeAll(keepingCapacity: true)
                sorted.append(contentsOf: values[window])
                sorted.sort(by: Statistics.precedes)
                try meter.add(window.count &* 4, context)
            } else {
                for index in low..<window.lowerBound { remove(values[index]) }
                for index in high..<window.upperBound { insert(values[index]) }
                try meter.add(changed &* (64 &+ window.count / 16), context)
            }
            (low, high) = (window.lowerBound, window.upperBound)
            results[step] = Statistics.quantile(quantiles[step], sorted: sorted)
        }
    }

    /// Behind equal values, as sorting anew would put it: zeros of both signs are equal.
    private mutating func insert(_ value: Double) {
        sorted.insert(value, at: Search.lowerBound(sorted.count) { !Statistics.precedes(value, sorted[$0]) })
    }

    private mutating func remove(_ value: Double) {
        var place = place(of: value)
        // Zeros of both signs and all NaN stand side by side.
        while sorted[place].bitPattern != value.bitPattern { place &+= 1 }
        sorted.remove(at: place)
    }

    /// The first place whose value does not come before this one.
    private func place(of value: Double) -> Int {
        Search.lowerBound(sorted.count) { Statistics.precedes(sorted[$0], value) }
    }
}
