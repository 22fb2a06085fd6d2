import TelemetryModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A mean that goes on as a running mean when the sum overflows.
struct CompensatedMean {
    private var sum = CompensatedSum()
    private var count = 0.0
    private var isRunning = false

    /// Whether no value has been added.
    var isEmpty: Bool { count == 0 }

    mutating func add(_ value: Double) {
        count += 1
        if count == 1 {
            sum.sum = value
            return
        }
        if !isRunning {
            var next = sum
            next.add(value)
            if !next.sum.isInfinite {
                sum = next
                return
            }
            isRunning = true
            sum.sum /= count - 1
            sum.compensation /= count - 1
        }
        let share = (count - 1) / count
        sum.sum *= share
        sum.compensation *= share
        sum.add(value / count)
    }

    var result: Double { isRunning ? sum.sum + sum.compensation : sum.sum / count + sum.compensation / count }
}

/// The population variance, one value after the other (Welford, 1962).
struct RunningVariance {
    private var count = 0.0
    private var mean = CompensatedSum()
    private var squares = CompensatedSum()

    mutating func add(_ value: Double) {
        count += 1
        let delta = value - (mean.sum + mean.compensation)
        mean.add(delta / count)
        squares.add(delta * (value - (mean.sum + mean.compensation)))
    }

    var result: Double { (squares.sum + squares.compensation) / count }
}

/// Numbers about lists of numbers, as Prometheus defines them.
enum Statistics {
    /// The order in which NaN comes before everything.
    static func precedes(_ a: Double, _ b: Double) -> Bool { a.isNaN ? !b.isNaN : a < b }

    /// The smaller number; NaN if either is NaN, unless the other is as small as can be.
    static func minimum(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        if a == 0, b == 0 { return a.sign == .minus ? a : b }
        return a.isNaN || b.isNaN ? .nan : min(a, b)
    }

    /// The larger number; NaN if either is NaN, unless the other is as large as can be.
    static func maximum(_ a: Double, _ b: Double) -> Double { -minimum(-a, -b) }

    /// The `q`-quantile, interpolated between neighbours.
    static func quantile(_ q: Double, _ values: [Double]) -> Double {
        if values.isEmpty { return .nan }
        return quantile(q, sorted: values.sorted(by: precedes))
    }

    /// The same for values that are in order already and not empty.
    static func quantile(_ q: Double, sorted: [Double]) -> Double {
        if q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        let rank = q * Double(sorted.count - 1)
        let lower = max(0, Int(rank.rounded(.down)))
        let upper = min(sorted.count - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        return sorted[lower] * (1 - weight) + sorted[upper] * weight
    }

    /// The line through samples by least squares: slope per second, and value at `origin` (milliseconds since 1970).
    static func regression(_ window: SampleWindow, origin: Int64) -> (slope: Double, intercept: Double) {
        var sumX = CompensatedSum()
        var sumY = CompensatedSum()
        var sumXY = CompensatedSum()
        var sumXX = CompensatedSum()
        let first = window.values[0]
        var isConstant = true
        for index in window.values.indices {
            let y = window.values[index]
            let x = Double(window.times[index] &- origin) / 1_000
            if y != first { isConstant = false }
            sumX.add(x)
            sumY.add(y)
            sumXY.add(x * y)
            sumXX.add(x * x)
        }
        if isConstant { return first.isInfinite ? (.nan, .nan) : (0, first) }
        let count = Double(window.values.count)
        let x = sumX.sum + sumX.compensation
        let y = sumY.sum + sumY.compensation
        let covariance = (sumXY.sum + sumXY.compensation) - x * y / count
        let variance = (sumXX.sum + sumXX.compensation) - x * x / count
        let slope = covariance / variance
        return (slope, y / count - slope * x / count)
    }
}
