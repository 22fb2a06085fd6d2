/// Which metrics and labels cost most, who sends them, and which of them nothing ever asks for.
public struct CardinalityAnswer: Codable, Hashable, Sendable {
    /// When the usage of metrics began to be counted, RFC 3339.
    public var usageSince: String
    /// Metrics by name.
    public var metricCount: Int
    /// Series in all.
    public var seriesCount: Int
    /// Samples in all.
    public var sampleCount: Int
    /// Bytes on disk in all.
    public var byteCount: Int
    /// The metrics that cost most.
    public var metrics: [MetricCost]
    /// The labels with the most different values.
    public var labels: [LabelCost]
    /// The senders of the most series, by `job` and `instance`.
    public var sources: [SourceCost]
    /// What nothing has asked for since usage is counted.
    public var unasked: UnaskedCost

    /// Puts the parts together.
    public init(
        usageSince: String, metricCount: Int, seriesCount: Int, sampleCount: Int, byteCount: Int, metrics: [MetricCost],
        labels: [LabelCost], sources: [SourceCost], unasked: UnaskedCost
    ) {
        self.usageSince = usageSince
        self.metricCount = metricCount
        self.seriesCount = seriesCount
        self.sampleCount = sampleCount
        self.byteCount = byteCount
        self.metrics = metrics
        self.labels = labels
        self.sources = sources
        self.unasked = unasked
    }
}

/// What one metric costs.
public struct MetricCost: Codable, Hashable, Sendable {
    /// `__name__`.
    public var name: String
    /// Its series.
    public var seriesCount: Int
    /// Their samples.
    public var sampleCount: Int
    /// Their bytes on disk.
    public var byteCount: Int
    /// Its labels with the most different values, at most three.
    public var labels: [LabelValueCount]
    /// How often it was asked for.
    public var asked: MetricAsked

    /// Puts the parts together.
    public init(
        name: String, seriesCount: Int, sampleCount: Int, byteCount: Int, labels: [LabelValueCount], asked: MetricAsked
    ) {
        self.name = name
        self.seriesCount = seriesCount
        self.sampleCount = sampleCount
        self.byteCount = byteCount
        self.labels = labels
        self.asked = asked
    }
}

/// A label and how many values it has.
public struct LabelValueCount: Codable, Hashable, Sendable {
    /// The label.
    public var name: String
    /// How many different values it has.
    public var valueCount: Int

    /// Puts the parts together.
    public init(name: String, valueCount: Int) {
        self.name = name
        self.valueCount = valueCount
    }
}

/// How often, and when last, a metric was asked for.
public struct MetricAsked: Codable, Hashable, Sendable {
    /// By queries over the API.
    public var queries = 0
    /// By evaluations of rules.
    public var rules = 0
    /// By pages, reports and the analysis API.
    public var pages = 0
    /// When last, milliseconds since 1970; nil when never.
    public var lastMilliseconds: Int64?

    /// Never.
    public init() {}

    /// Adds what another form of asking counted.
    public mutating func add(_ other: MetricAsked) {
        queries += other.queries
        rules += other.rules
        pages += other.pages
        lastMilliseconds = [lastMilliseconds, other.lastMilliseconds].compactMap { $0 }.max()
    }
}

/// What one label costs.
public struct LabelCost: Codable, Hashable, Sendable {
    /// The label.
    public var name: String
    /// How many different values it has.
    public var valueCount: Int
    /// How many series have it.
    public var seriesCount: Int
    /// The bytes of its values, counted once for each series.
    public var valueByteCount: Int

    /// Puts the parts together.
    public init(name: String, valueCount: Int, seriesCount: Int, valueByteCount: Int) {
        self.name = name
        self.valueCount = valueCount
        self.seriesCount = seriesCount
        self.valueByteCount = valueByteCount
    }
}

/// What one sender costs.
public struct SourceCost: Codable, Hashable, Sendable {
    /// `job`; "" when it has none.
    public var job: String
    /// `instance`; "" when it has none.
    public var instance: String
    /// Its series.
    public var seriesCount: Int
    /// Those whose first sample is of the last hour.
    public var newSeriesCount: Int
    /// Their bytes on disk.
    public var byteCount: Int

    /// Puts the parts together.
    public init(job: String, instance: String, seriesCount: Int, newSeriesCount: Int, byteCount: Int) {
        self.job = job
        self.instance = instance
        self.seriesCount = seriesCount
        self.newSeriesCount = newSeriesCount
        self.byteCount = byteCount
    }
}

/// What the metrics cost that nothing asks for.
public struct UnaskedCost: Codable, Hashable, Sendable {
    /// How many metrics.
    public var metricCount: Int
    /// Their series.
    public var seriesCount: Int
    /// Their bytes on disk.
    public var byteCount: Int
    /// The names of those that cost most.
    public var names: [String]

    /// Puts the parts together.
    public init(metricCount: Int, seriesCount: Int, byteCount: Int, names: [String]) {
        self.metricCount = metricCount
        self.seriesCount = seriesCount
        self.byteCount = byteCount
        self.names = names
    }
}
