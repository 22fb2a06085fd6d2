/// What a metric is. The numbers are those of both versions of remote write.
public enum MetricType: UInt8, Sendable, Hashable, CaseIterable {
    /// Not said.
    case unknown = 0
    /// Only goes up.
    case counter = 1
    /// Goes up and down.
    case gauge = 2
    /// Counts in buckets that only go up.
    case histogram = 3
    /// Counts in buckets that go up and down.
    case gaugeHistogram = 4
    /// Quantiles.
    case summary = 5
    /// Labels that say something, value 1.
    case info = 6
    /// A set of states, of which those that hold are 1.
    case stateSet = 7

    /// The name in Prometheus's API.
    public var name: String {
        switch self {
        case .unknown: "unknown"
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        case .gaugeHistogram: "gaugehistogram"
        case .summary: "summary"
        case .info: "info"
        case .stateSet: "stateset"
        }
    }
}

/// What is said of a metric beside its samples.
public struct MetricMetadata: Hashable, Sendable {
    /// The metric's name, of histograms and summaries without `_bucket`, `_sum` and `_count`.
    public var metric: String
    /// What it is.
    public var type: MetricType
    /// What it is about.
    public var help: String
    /// The unit, or "".
    public var unit: String

    /// Puts the parts together.
    public init(metric: String, type: MetricType, help: String, unit: String) {
        self.metric = metric
        self.type = type
        self.help = help
        self.unit = unit
    }
}
