import TelemetryModel

/// Compensated sums over the windows of a series, four windows at a time.
///
/// A sum of floating-point numbers depends on where it starts, so that windows cannot share their sums and still have the
/// result of going over each by itself. What they share is the processor: four chains of additions that do not wait for each
/// other take little longer than one.
private struct WindowSums {
    private static let lanes = 4

    /// Writes what `result` makes of the sum of every window that has samples.
    static func forEach(
        _ results: UnsafeMutableBufferPointer<Double>, _ values: UnsafeBufferPointer<Double>, _ windows: WindowBounds,
        _ context: QueryContext, _ result: (_ sum: CompensatedSum, _ window: Range<Int>) -> Double
    ) throws(QueryError) {
        var meter = WorkMeter()
        var step = 0
        while step &+ lanes <= results.count {
            let sums = fourSums(values, windows, step)
            for lane in 0..<lanes {
                let window = windows.lows[step &+ lane]..<windows.highs[step &+ lane]
                results[step &+ lane] = window.isEmpty ? Column.absent : result(sums[lane], window)
                try meter.add(window.count, context)
            }
            step &+= lanes
        }
        while step < results.count {
            let window = windows.lows[step]..<windows.highs[step]
            var sum = CompensatedSum()
            for index in window { sum.add(values[index]) }
            results[step] = window.isEmpty ? Column.absent : result(sum, window)
            try meter.add(window.count, context)
            step &+= 1
        }
    }

    private static func fourSums(
        _ values: UnsafeBufferPointer<Double>, _ windows: WindowBounds, _ step: Int
    ) -> InlineArray<4, CompensatedSum> {
        let starts = InlineArray<4, Int> { windows.lows[step &+ $0] }
        var shared = Int.max
        for lane in 0..<lanes { shared = min(shared, windows.highs[step &+ lane] &- starts[lane]) }
        var sum = SIMD4<Double>()
        var compensation = SIMD4<Double>()
        for index in 0..<max(0, shared) {
            let value = SIMD4(
                values[starts[0] &+ index], values[starts[1] &+ index], values[starts[2] &+ index], values[starts[3] &+ index])
            let total = sum + value
            let taken = total - sum
            compensation += (sum - (total - taken)) + (value - taken)
            sum = total
        }
        return InlineArray<4, CompensatedSum> { lane in
            var one = CompensatedSum(sum: sum[lane], compensation: compensation[lane])
            for index in (starts[lane] &+ max(0, shared))..<windows.highs[step &+ lane] { one.add(values[index]) }
            return one
        }
    }
}

extension CompensatedSum {
    /// False when the sum overflowed or has infinities or NaN in it, for which four windows at a time take no care.
    fileprivate var isExact: Bool { sum.isFinite && compensation.isFinite }

    /// The sum of some values.
    fileprivate static func of(_ values: UnsafeBufferPointer<Double>, _ window: Range<Int>) -> Double {
        var sum = CompensatedSum()
        for index in window { sum.add(values[index]) }
        return sum.result
    }
}

/// `sum_over_time`.
struct SlidingSum: RangeFunction {
    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        let values = series.view.values
        try WindowSums.forEach(results, values, windows, context) { sum, window in
            if sum.isExact { return sum.result }
            return CompensatedSum.of(values, window)
        }
    }
}

/// `count_over_time`.
struct SlidingCount: RangeFunction {
    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        let counts = series.view.counts
        var meter = WorkMeter()
        for step in results.indices {
            let window = windows.lows[step]..<windows.highs[step]
            results[step] =
                window.isEmpty ? Column.absent : counts.map { CompensatedSum.of($0, window) } ?? Double(window.count)
            if counts != nil { try meter.add(window.count, context) }
        }
    }
}

/// `avg_over_time`. Where values are sums of several samples, their sum is divided by the number of those samples.
struct SlidingMean: RangeFunction {
    mutating func fill(
        _ results: UnsafeMutableBufferPointer<Double>, _ series: SampledSeries, _ windows: WindowBounds, _ context: QueryContext
    ) throws(QueryError) {
        let values = series.view.values
        if let counts = series.view.counts {
            return try WindowSums.forEach(results, values, windows, context) { _, window in
                CompensatedSum.of(values, window) / CompensatedSum.of(counts, window)
            }
        }
        try WindowSums.forEach(results, values, windows, context) { sum, window in
            if sum.isExact { return sum.sum / Double(window.count) + sum.compensation / Double(window.count) }
            var careful = CompensatedMean()
            for index in window { careful.add(values[index]) }
            return careful.result
        }
    }
}
