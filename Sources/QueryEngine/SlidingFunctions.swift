// Range functions whose windows share work with their neighbours. Each gives, bit for bit, what going over every window by
// itself would give.

/// `rate`, `increase` and `delta`: the increase over the whole range, of which the samples cover only a part.
struct SlidingIncrease: RangeFunction {
    let isCounter: Bool
    let isRate: Bool
    /// The samples before which a counter stood higher than at them.
    private var resets: [Int] = []

    init(isCounter: Bool, isRate: Bool) {
        self.isCounter = isCounter
        self.isRate = isRate
    }

    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        let (times, values) = (series.view.timestamps, series.view.values)
        resets.removeAll(keepingCapacity: true)
        if isCounter {
            for index in values.indices.dropFirst() where values[index] < values[index &- 1] { resets.append(index) }
        }
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
            let end = series.times(step)
            results[step] =
                increase
                * factor(
                    increase: increase, first: values[low], sampleCount: high &- low, times[low], times[high &- 1],
                    start: end &- series.range, end: end)
        }
    }

    /// By how much the increase between the samples grows, over the whole range or a second.
    ///
    /// The samples' slope is continued to a border of the range when the nearest sample is about as close to it as
    /// samples are to each other, else by half of that distance; a counter is not continued below zero.
    @inline(__always)
    private func factor(
        increase: Double, first: Double, sampleCount: Int, _ firstTime: Int64, _ lastTime: Int64, start: Int64, end: Int64
    ) -> Double {
        var toStart = Double(firstTime &- start) / 1_000
        var toEnd = Double(end &- lastTime) / 1_000
        let covered = Double(lastTime &- firstTime) / 1_000
        let average = covered / Double(sampleCount &- 1)
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        if isCounter {
            var toZero = toStart
            if increase > 0, first >= 0 { toZero = covered * (first / increase) }
            if toZero < toStart { toStart = toZero }
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = (covered + toStart + toEnd) / covered
        if isRate { factor /= Double(end &- start) / 1_000 }
        return factor
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
                for index in high..<window.upperBound { sorted.insert(values[index], at: place(of: values[index])) }
                try meter.add(changed &* (64 &+ window.count / 16), context)
            }
            (low, high) = (window.lowerBound, window.upperBound)
            results[step] = Statistics.quantile(quantiles[step], sorted: sorted)
        }
    }

    private mutating func remove(_ value: Double) {
        var place = place(of: value)
        // Zeros of both signs and all NaN stand side by side.
        while sorted[place].bitPattern != value.bitPattern { place &+= 1 }
        sorted.remove(at: place)
    }

    /// The first place whose value does not come before this one.
    private func place(of value: Double) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low &+ high) / 2
            if Statistics.precedes(sorted[middle], value) { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}
