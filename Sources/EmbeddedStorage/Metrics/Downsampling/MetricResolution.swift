/// How wide the buckets are whose aggregates outlive the samples: (k × width, (k + 1) × width], milliseconds since 1970.
///
/// Left-open as the windows of PromQL are, so that a window of whole buckets holds exactly the samples of its buckets.
enum MetricResolution: Int64, CaseIterable, Sendable {
    case fiveMinutes = 300_000
    case oneHour = 3_600_000

    /// The width of a bucket.
    var milliseconds: Int64 { rawValue }

    /// As PromQL writes it.
    var name: String {
        switch self {
        case .fiveMinutes: "5m"
        case .oneHour: "1h"
        }
    }

    /// The last millisecond of the bucket that a moment falls into.
    func end(of timestamp: Int64) -> Int64 {
        let rest = timestamp % rawValue
        if rest == 0 { return timestamp }
        let below = timestamp - rest
        if rest < 0 { return below }
        // Timestamps come from the disk, too.
        let (end, overflow) = below.addingReportingOverflow(rawValue)
        return overflow ? .max : end
    }

    /// The moments of the buckets that a range touches.
    func buckets(touching range: ClosedRange<Int64>) -> ClosedRange<Int64> {
        let (start, overflow) = end(of: range.lowerBound).subtractingReportingOverflow(rawValue - 1)
        return (overflow ? .min : min(start, range.lowerBound))...end(of: range.upperBound)
    }
}
