/// What happens below an entry point, added up over its traces.
public struct CallChainAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// The service of the entry point.
    public var service: String
    /// The operation of the entry point.
    public var operation: String
    /// How many requests were added up.
    public var requests: UInt64
    /// How many requests the window before had.
    public var previousRequests: UInt64
    /// The entry point with everything below it; missing when there were no requests.
    public var root: CallChainNode?
    /// Traces to look at, the slowest first.
    public var exampleTraceIDs: [String]

    /// Puts the parts together.
    public init(
        range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, service: String, operation: String, requests: UInt64,
        previousRequests: UInt64, root: CallChainNode? = nil, exampleTraceIDs: [String] = []
    ) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.service = service
        self.operation = operation
        self.requests = requests
        self.previousRequests = previousRequests
        self.root = root
        self.exampleTraceIDs = exampleTraceIDs
    }
}

/// An operation at its place below the entry point. Sums are over all requests.
public struct CallChainNode: Codable, Hashable, Sendable {
    /// The service.
    public var service: String
    /// The operation.
    public var operation: String
    /// The part that its spans play.
    public var kind: String
    /// Whether nobody waits for it: it is on no critical path.
    public var asynchronous: Bool
    /// Calls.
    public var calls: UInt64
    /// Calls that failed.
    public var errors: UInt64
    /// Calls by requests of the entry point.
    public var callsPerRequest: Double
    /// Their durations added up.
    public var totalSeconds: Double
    /// Time in which none of its children ran.
    public var selfSeconds: Double
    /// Its part of the critical paths of all requests, 0 to 1.
    public var criticalShare: Double
    /// Half of them took at most this long.
    public var p50Seconds: Double
    /// 95 % of them took at most this long.
    public var p95Seconds: Double
    /// 99 % of them took at most this long.
    public var p99Seconds: Double
    /// Against the window before; missing for what was not there then.
    public var change: CallChainChange?
    /// What it calls, the largest total first.
    public var children: [CallChainNode]

    /// Puts the parts together.
    public init(
        service: String, operation: String, kind: String, asynchronous: Bool, calls: UInt64, errors: UInt64,
        callsPerRequest: Double, totalSeconds: Double, selfSeconds: Double, criticalShare: Double, p50Seconds: Double,
        p95Seconds: Double, p99Seconds: Double, change: CallChainChange? = nil, children: [CallChainNode] = []
    ) {
        self.service = service
        self.operation = operation
        self.kind = kind
        self.asynchronous = asynchronous
        self.calls = calls
        self.errors = errors
        self.callsPerRequest = callsPerRequest
        self.totalSeconds = totalSeconds
        self.selfSeconds = selfSeconds
        self.criticalShare = criticalShare
        self.p50Seconds = p50Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
        self.change = change
        self.children = children
    }
}

/// How an operation differs from the window of equal length before: now less then.
public struct CallChainChange: Codable, Hashable, Sendable {
    /// Calls by requests.
    public var callsPerRequest: Double
    /// Time of its own by requests.
    public var selfSecondsPerRequest: Double
    /// Part of the critical paths.
    public var criticalShare: Double
    /// The 95 % quantile.
    public var p95Seconds: Double

    /// Puts the parts together.
    public init(callsPerRequest: Double, selfSecondsPerRequest: Double, criticalShare: Double, p95Seconds: Double) {
        self.callsPerRequest = callsPerRequest
        self.selfSecondsPerRequest = selfSecondsPerRequest
        self.criticalShare = criticalShare
        self.p95Seconds = p95Seconds
    }
}
