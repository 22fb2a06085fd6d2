/// One service.
public struct ServiceAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// The service in short.
    public var service: ServiceSummary
    /// Its operations, the longest total first.
    public var operations: [OperationSummary]
    /// Its running copies, sorted by name.
    public var instances: [InstanceSummary]
    /// Who calls it.
    public var callers: [DependencyEdge]
    /// Whom it calls.
    public var dependencies: [DependencyEdge]
    /// The calls that enter it, minute by minute; minutes without any are left out.
    public var minutes: [MinuteSummary]

    /// Puts the parts together.
    public init(
        range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, service: ServiceSummary, operations: [OperationSummary],
        instances: [InstanceSummary], callers: [DependencyEdge], dependencies: [DependencyEdge], minutes: [MinuteSummary]
    ) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.service = service
        self.operations = operations
        self.instances = instances
        self.callers = callers
        self.dependencies = dependencies
        self.minutes = minutes
    }
}

/// One operation of a service.
public struct OperationSummary: Codable, Hashable, Sendable {
    /// The name of its spans.
    public var operation: String
    /// The part that its spans play: `server`, `client`, …
    public var kind: String
    /// Whether calls enter the service, or the whole system, here.
    public var isEntry: Bool
    /// Calls.
    public var calls: UInt64
    /// Calls that failed.
    public var errors: UInt64
    /// Their durations added up.
    public var totalSeconds: Double
    /// Half of them took at most this long.
    public var p50Seconds: Double
    /// 95 % of them took at most this long.
    public var p95Seconds: Double
    /// 99 % of them took at most this long.
    public var p99Seconds: Double
    /// Time in which none of its children ran, added up.
    public var selfSeconds: Double
    /// Its part of the critical paths of all traces that it is in, 0 to 1.
    public var criticalShare: Double
    /// Calls by class of the HTTP status code: `2xx`, …
    public var statusClasses: [String: UInt64]
    /// Traces to look at, the slowest first.
    public var exemplarTraceIDs: [String]

    /// Puts the parts together.
    public init(
        operation: String, kind: String, isEntry: Bool, calls: UInt64, errors: UInt64, totalSeconds: Double, p50Seconds: Double,
        p95Seconds: Double, p99Seconds: Double, selfSeconds: Double, criticalShare: Double, statusClasses: [String: UInt64] = [:],
        exemplarTraceIDs: [String] = []
    ) {
        self.operation = operation
        self.kind = kind
        self.isEntry = isEntry
        self.calls = calls
        self.errors = errors
        self.totalSeconds = totalSeconds
        self.p50Seconds = p50Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
        self.selfSeconds = selfSeconds
        self.criticalShare = criticalShare
        self.statusClasses = statusClasses
        self.exemplarTraceIDs = exemplarTraceIDs
    }
}

/// One running copy of a service.
public struct InstanceSummary: Codable, Hashable, Sendable {
    /// `service.instance.id`, else the container, else host and process.
    public var instance: String
    /// `service.version`, or "".
    public var version: String
    /// `host.name`, else `host.id`, or "".
    public var host: String
    /// `container.id`, or "".
    public var container: String
    /// Calls.
    public var calls: UInt64
    /// Calls that failed.
    public var errors: UInt64
    /// The latest start of a span, RFC 3339.
    public var lastSeen: String

    /// Puts the parts together.
    public init(instance: String, version: String, host: String, container: String, calls: UInt64, errors: UInt64, lastSeen: String)
    {
        self.instance = instance
        self.version = version
        self.host = host
        self.container = container
        self.calls = calls
        self.errors = errors
        self.lastSeen = lastSeen
    }
}

/// What happened in a minute.
public struct MinuteSummary: Codable, Hashable, Sendable {
    /// The beginning of the minute, RFC 3339.
    public var time: String
    /// Calls.
    public var calls: UInt64
    /// Calls that failed.
    public var errors: UInt64
    /// Half of them took at most this long.
    public var p50Seconds: Double
    /// 95 % of them took at most this long.
    public var p95Seconds: Double
    /// 99 % of them took at most this long.
    public var p99Seconds: Double

    /// Puts the parts together.
    public init(time: String, calls: UInt64, errors: UInt64, p50Seconds: Double, p95Seconds: Double, p99Seconds: Double) {
        self.time = time
        self.calls = calls
        self.errors = errors
        self.p50Seconds = p50Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
    }
}
