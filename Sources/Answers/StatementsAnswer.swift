/// What services ask of databases.
public struct StatementsAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// The statements, the longest total first.
    public var statements: [StatementSummary]

    /// Puts the parts together.
    public init(range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, statements: [StatementSummary]) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.statements = statements
    }
}

/// A statement with its literals taken out.
public struct StatementSummary: Codable, Hashable, Sendable {
    /// `mysql`, `sqlite`, `redis`, …
    public var system: String
    /// The database within the system, or "".
    public var namespace: String
    /// The database's host as its callers name it, or "".
    public var host: String
    /// The statement.
    public var fingerprint: String
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
    /// The most executions within one call of a caller.
    public var maximumPerRequest: UInt64
    /// Whether a caller runs it again and again within one call.
    public var nPlusOne: Bool
    /// Who runs it, the longest total first.
    public var callers: [StatementCaller]
    /// Traces to look at, the slowest first.
    public var exemplarTraceIDs: [String]

    /// Puts the parts together.
    public init(
        system: String, namespace: String, host: String, fingerprint: String, calls: UInt64, errors: UInt64, totalSeconds: Double,
        p50Seconds: Double, p95Seconds: Double, p99Seconds: Double, maximumPerRequest: UInt64, nPlusOne: Bool,
        callers: [StatementCaller], exemplarTraceIDs: [String] = []
    ) {
        self.system = system
        self.namespace = namespace
        self.host = host
        self.fingerprint = fingerprint
        self.calls = calls
        self.errors = errors
        self.totalSeconds = totalSeconds
        self.p50Seconds = p50Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
        self.maximumPerRequest = maximumPerRequest
        self.nPlusOne = nPlusOne
        self.callers = callers
        self.exemplarTraceIDs = exemplarTraceIDs
    }
}

/// Who runs a statement.
public struct StatementCaller: Codable, Hashable, Sendable {
    /// The service.
    public var service: String
    /// The operation by which its call came in, or "".
    public var operation: String
    /// Calls.
    public var calls: UInt64
    /// Calls that failed.
    public var errors: UInt64
    /// Executions by calls of the operation.
    public var callsPerRequest: Double
    /// Their durations added up.
    public var totalSeconds: Double
    /// 95 % of the executions took at most this long.
    public var p95Seconds: Double
    /// Part of the operation's total time; above 1 when executions overlap.
    public var endpointShare: Double
    /// The most executions within one call.
    public var maximumPerRequest: UInt64
    /// Whether it is run again and again within one call.
    public var nPlusOne: Bool

    /// Puts the parts together.
    public init(
        service: String, operation: String, calls: UInt64, errors: UInt64, callsPerRequest: Double, totalSeconds: Double,
        p95Seconds: Double, endpointShare: Double, maximumPerRequest: UInt64, nPlusOne: Bool
    ) {
        self.service = service
        self.operation = operation
        self.calls = calls
        self.errors = errors
        self.callsPerRequest = callsPerRequest
        self.totalSeconds = totalSeconds
        self.p95Seconds = p95Seconds
        self.endpointShare = endpointShare
        self.maximumPerRequest = maximumPerRequest
        self.nPlusOne = nPlusOne
    }
}
