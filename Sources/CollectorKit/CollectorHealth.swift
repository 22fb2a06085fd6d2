import TelemetryModel

/// How the runs of one collector went: what `headrope.agent.collector.…` says about it.
struct CollectorHealth: Sendable {
    /// The name of the collector.
    let name: String
    /// Since when errors are counted, nanoseconds since 1970.
    let startTime: UInt64
    /// How many runs failed.
    private(set) var errorCount: UInt64 = 0
    /// How the last run went; nil while the source is not present.
    private(set) var isUp: Bool?
    private var durationNanoseconds: UInt64 = 0

    init(name: String, startTime: UInt64) {
        self.name = name
        self.startTime = startTime
    }

    /// Notes a run that ended well; `isPresent` says whether the source is there at all.
    mutating func succeeded(isPresent: Bool, after nanoseconds: UInt64) {
        isUp = isPresent ? true : nil
        durationNanoseconds = nanoseconds
    }

    /// Notes a run that failed.
    mutating func failed(after nanoseconds: UInt64) {
        isUp = false
        errorCount &+= 1
        durationNanoseconds = nanoseconds
    }

    /// The metrics; none while the source is not present and nothing went wrong.
    var metrics: [CollectedMetric] {
        guard let isUp else { return [] }
        let attributes = [Attribute("headrope.collector.name", name)]
        return [
            CollectedMetric(
                "headrope.agent.collector.duration", unit: "s", .gauge, "How long the last run of the collector took.",
                points: [MetricPoint(.double(Double(durationNanoseconds) / 1e9), attributes)]),
            CollectedMetric(
                "headrope.agent.collector.errors", unit: "{error}", .counter, "Runs of the collector that failed.",
                points: [MetricPoint(MetricValue(clamping: errorCount), attributes, since: startTime)]),
            CollectedMetric(
                "headrope.agent.collector.up", unit: "", .gauge, "Whether the last run of the collector went well.",
                points: [MetricPoint(.int(isUp ? 1 : 0), attributes)]),
        ]
    }
}
