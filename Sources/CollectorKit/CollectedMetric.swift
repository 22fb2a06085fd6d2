import TelemetryModel

/// How the values of a metric relate over time; what OTLP calls its data type.
public enum MetricKind: Sendable, Hashable {
    /// A value that stands for itself.
    case gauge
    /// A total since ``MetricPoint/startTime`` that only grows.
    case counter
    /// A total that goes up and down and may be added over attributes.
    case upDownCounter
}

/// A number as OTLP knows it.
public enum MetricValue: Sendable, Hashable {
    /// A whole number.
    case int(Int64)
    /// A double.
    case double(Double)

    /// A whole number, clamped to what OTLP can carry.
    public init(clamping value: some BinaryInteger) { self = .int(Int64(clamping: value)) }
}

/// One value of a metric with the attributes that tell it from the others.
public struct MetricPoint: Sendable, Hashable {
    /// What tells this point from the others of the metric.
    public var attributes: [Attribute]
    /// The value.
    public var value: MetricValue
    /// Since when a sum counts, nanoseconds since 1970; 0 for gauges and where nobody knows.
    public var startTime: UInt64

    /// Puts a point together.
    public init(_ value: MetricValue, _ attributes: [Attribute] = [], since startTime: UInt64 = 0) {
        self.attributes = attributes
        self.value = value
        self.startTime = startTime
    }
}

/// A metric under its OpenTelemetry name, with all points that one run found.
public struct CollectedMetric: Sendable, Hashable {
    /// The name, such as `system.cpu.time`.
    public var name: String
    /// The unit in UCUM, such as `s`, `By` or `{request}`.
    public var unit: String
    /// What is measured, as a sentence.
    public var description: String
    /// How the values relate over time.
    public var kind: MetricKind
    /// The values, one for each set of attributes.
    public var points: [MetricPoint]

    /// Puts a metric together.
    public init(_ name: String, unit: String, _ kind: MetricKind, _ description: String, points: [MetricPoint] = []) {
        self.name = name
        self.unit = unit
        self.description = description
        self.kind = kind
        self.points = points
    }
}

/// The metrics of one thing that is observed: a host, an nginx, a Redis.
public struct ResourceMetrics: Sendable, Hashable {
    /// What identifies the thing. Empty means "this host"; the agent adds the identity of the host where it is missing.
    public var resource: [Attribute]
    /// Its metrics; those without points are left out on the wire.
    public var metrics: [CollectedMetric]

    /// Puts resource and metrics together.
    public init(resource: [Attribute] = [], metrics: [CollectedMetric]) {
        self.resource = resource
        self.metrics = metrics
    }
}
