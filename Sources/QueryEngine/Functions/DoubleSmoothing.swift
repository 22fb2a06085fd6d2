#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `double_exponential_smoothing`, after Holt and Winters.
enum DoubleSmoothing {
    /// The last smoothed value; the factors are looked at only where there is something to smooth, as in Prometheus.
    static func result(_ window: SampleWindow, smoothing: Double, trend: Double) throws(QueryError) -> Double {
        try check(smoothing, "smoothing", "sf")
        try check(trend, "trend", "tf")
        guard window.count >= 2 else { return Column.absent }
        var previous = 0.0
        var level = window.first
        var slope = window.values[1] - window.first
        for index in 1..<window.count {
            if index > 1 { slope = trend * (level - previous) + (1 - trend) * slope }
            let next = smoothing * window.values[index] + (1 - smoothing) * (level + slope)
            previous = level
            level = next
        }
        return level
    }

    private static func check(_ factor: Double, _ name: String, _ sign: String) throws(QueryError) {
        if factor <= 0 || factor >= 1 {
            throw QueryError(.execution, "invalid \(name) factor. Expected: 0 < \(sign) < 1, got: \(fixedText(factor))")
        }
    }

    /// With six digits behind the point.
    private static func fixedText(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // The largest number has 309 digits before the point.
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
            let count = withVaList([value]) { vsnprintf(text.baseAddress, text.count, "%.6f", $0) }
            return String(decoding: text[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
