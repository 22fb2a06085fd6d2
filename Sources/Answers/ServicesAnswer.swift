/// What kind of thing a service is.
public enum ServiceLayer: String, Codable, Hashable, Sendable, CaseIterable {
    /// A service in which traces begin, or that nobody known calls.
    case entry
    /// A service that others call.
    case service
    /// A database that services call.
    case database
    /// A cache that services call: Redis, Memcached, …
    case cache
    /// A queue that services send to or receive from.
    case queue
    /// A peer that sends no spans of its own.
    case external
}

/// What exists.
public struct ServicesAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// Every service, sorted by name; databases, caches, queues and peers among them.
    public var services: [ServiceSummary]

    /// Puts the parts together.
    public init(range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, services: [ServiceSummary]) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.services = services
    }
}

/// One service in short. Calls are those that enter the service.
public struct ServiceSummary: Codable, Hashable, Sendable {
    /// `service.name`, or the system and namespace of a database: `mysql:shop`.
    public var name: String
    /// What kind of thing it is.
    public var layer: ServiceLayer
    /// How many operations it has.
    public var operations: Int
    /// The values of `service.version`, sorted.
    public var versions: [String]
    /// The names of its running copies, sorted.
    public var instances: [String]
    /// The latest start of a span, RFC 3339; whole minutes for what sends no spans.
    public var lastSeen: String
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
    public init(
        name: String, layer: ServiceLayer, operations: Int, versions: [String] = [], instances: [String] = [], lastSeen: String,
        calls: UInt64, errors: UInt64, p50Seconds: Double, p95Seconds: Double, p99Seconds: Double
    ) {
        self.name = name
        self.layer = layer
        self.operations = operations
        self.versions = versions
        self.instances = instances
        self.lastSeen = lastSeen
        self.calls = calls
        self.errors = errors
        self.p50Seconds = p50Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
    }
}
