/// Who calls whom.
public struct DependenciesAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// The calls, sorted by caller, callee and kind.
    public var edges: [DependencyEdge]
    /// Services that depend on themselves through others.
    public var cycles: [DependencyCycle]
    /// How much depends on each service, the most critical first.
    public var criticality: [ServiceCriticality]

    /// Puts the parts together.
    public init(
        range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, edges: [DependencyEdge], cycles: [DependencyCycle],
        criticality: [ServiceCriticality]
    ) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.edges = edges
        self.cycles = cycles
        self.criticality = criticality
    }
}

/// Whose spans show an edge.
public enum EdgeWitness: String, Codable, Hashable, Sendable {
    /// Only the caller's.
    case client
    /// Only the callee's.
    case server
    /// Both.
    case both
}

/// What one service asks of another.
public struct DependencyEdge: Codable, Hashable, Sendable {
    /// The calling service.
    public var caller: String
    /// The called service, database, queue or peer.
    public var callee: String
    /// `call`, `database`, `messaging` or `external`.
    public var kind: String
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
    /// The first minute of the range with a call, RFC 3339.
    public var firstSeen: String
    /// The last minute of the range with a call, RFC 3339.
    public var lastSeen: String
    /// Whose spans show it.
    public var seenBy: EdgeWitness

    /// Puts the parts together.
    public init(
        caller: String, callee: String, kind: String, calls: UInt64, errors: UInt64, totalSeconds: Double, p50Seconds: Double,
        p95Seconds: Double, p99Seconds: Double, firstSeen: String, lastSeen: String, seenBy: EdgeWitness
    ) {
        self.caller = caller
        self.callee = callee
        self.kind = kind
        self.calls = calls
        self.errors = errors
        self.totalSeconds = totalSeconds
        self.p50Seconds = p50Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.seenBy = seenBy
    }
}

/// A cycle among services.
public struct DependencyCycle: Codable, Hashable, Sendable {
    /// All services that reach each other, sorted.
    public var services: [String]
    /// The proof: each calls the next, the last is the first.
    public var path: [String]

    /// Puts the parts together.
    public init(services: [String], path: [String]) {
        self.services = services
        self.path = path
    }
}

/// How much depends on a service.
public struct ServiceCriticality: Codable, Hashable, Sendable {
    /// The service.
    public var service: String
    /// How many entry points use it.
    public var entryPoints: Int
    /// The part of all requests that came in by these entry points, 0 to 1.
    public var requestShare: Double

    /// Puts the parts together.
    public init(service: String, entryPoints: Int, requestShare: Double) {
        self.service = service
        self.entryPoints = entryPoints
        self.requestShare = requestShare
    }
}
