/// Durations counted by fixed bounds, as Prometheus's histograms do.
struct DurationHistogram: Sendable, Equatable {
    /// The upper bounds in seconds; what is above the last one is in no bound but `+Inf`.
    static let bounds = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60]

    /// How many durations lie at or below each bound and above the one before; the last place is beyond all bounds.
    private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// The sum in seconds.
    private(set) var sum = 0.0

    /// Adds a duration.
    mutating func add(_ nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}
