/// The instances of a service and the hosts they run on, with what the hosts measured.
public struct ServiceResourcesAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// The service.
    public var service: String
    /// The times of every series in this answer.
    public var axis: TimeAxis
    /// Its running copies.
    public var instances: [InstanceSummary]
    /// The hosts of these copies, sorted by name.
    public var hosts: [HostResources]

    /// Puts the parts together.
    public init(
        range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, service: String, axis: TimeAxis,
        instances: [InstanceSummary], hosts: [HostResources]
    ) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.service = service
        self.axis = axis
        self.instances = instances
        self.hosts = hosts
    }
}

/// Equally spaced times.
public struct TimeAxis: Codable, Hashable, Sendable {
    /// The first time, RFC 3339.
    public var from: String
    /// From one time to the next.
    public var stepSeconds: Double
    /// How many times.
    public var count: Int

    /// Puts the parts together.
    public init(from: String, stepSeconds: Double, count: Int) {
        self.from = from
        self.stepSeconds = stepSeconds
        self.count = count
    }
}

/// A host and its series.
public struct HostResources: Codable, Hashable, Sendable {
    /// `host.name`, else `host.id`.
    public var host: String
    /// Which of the instances run here.
    public var instances: [String]
    /// What was measured; empty when no agent runs on the host.
    public var series: [ResourceSeries]

    /// Puts the parts together.
    public init(host: String, instances: [String], series: [ResourceSeries]) {
        self.host = host
        self.instances = instances
        self.series = series
    }
}

/// What a host measured of one resource.
public struct ResourceSeries: Codable, Hashable, Sendable {
    /// `cpu`, `memory`, `disk`, `network`, `load` or `pressure`.
    public var resource: String
    /// What of it: `utilization`, `readBytesPerSecond`, …
    public var name: String
    /// UCUM: `1` is a share, `By` are bytes, `By/s` bytes a second.
    public var unit: String
    /// One value for each time of the axis; null where nothing was measured.
    public var values: [Double?]

    /// Puts the parts together.
    public init(resource: String, name: String, unit: String, values: [Double?]) {
        self.resource = resource
        self.name = name
        self.unit = unit
        self.values = values
    }
}
