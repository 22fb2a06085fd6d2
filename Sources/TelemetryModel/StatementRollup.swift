/// What a statement did in a minute is found under this.
public struct StatementKey: RollupKey {
    /// Minutes since 1970 of the span's start.
    public var minute: Int64
    /// `db.system.name`: `mysql`, `sqlite`, `redis`, …
    public var system: String
    /// `db.namespace`, or "".
    public var namespace: String
    /// `server.address`, or "": the database's host as the caller names it.
    public var host: String
    /// The statement with its literals taken out.
    public var fingerprint: String
    /// The calling service.
    public var callerService: String
    /// The entry span of the calling service above the statement, or "".
    public var callerOperation: String

    /// Puts the key together.
    public init(
        minute: Int64, system: String, namespace: String, host: String, fingerprint: String, callerService: String,
        callerOperation: String
    ) {
        self.minute = minute
        self.system = system
        self.namespace = namespace
        self.host = host
        self.fingerprint = fingerprint
        self.callerService = callerService
        self.callerOperation = callerOperation
    }
}

/// What a statement did.
public struct StatementRollup: RollupRow {
    /// Executions.
    public var calls: UInt64 = 0
    /// Executions that failed.
    public var errors: UInt64 = 0
    /// How long they took.
    public var durations = DurationSketch()
    /// The trace of the longest one.
    public var slowestTraceID = TraceID(high: 0, low: 0)
    /// The most executions within one span of the calling operation: many of them make an N+1.
    public var maximumPerCaller: UInt64 = 0

    /// Nothing executed.
    public init() {}

    /// Adds another row.
    public mutating func merge(_ other: StatementRollup) {
        calls &+= other.calls
        errors &+= other.errors
        slowestTraceID = durations.slowest(slowestTraceID, other.slowestTraceID, in: other.durations)
        durations.merge(other.durations)
        maximumPerCaller = max(maximumPerCaller, other.maximumPerCaller)
    }

    /// Takes back what another row counts.
    public mutating func subtract(_ other: StatementRollup) {
        calls &-= other.calls
        errors &-= other.errors
        durations.subtract(other.durations)
    }

    /// Whether all sums are zero, and nothing is known of several executions within one span.
    public var isNothing: Bool { calls | errors == 0 && durations.isNothing && maximumPerCaller < 2 }

    /// The row as readers get it.
    public func settled() -> StatementRollup? {
        guard calls.leftOver > 0 else { return nil }
        var row = self
        row.errors = errors.leftOver
        row.maximumPerCaller = max(maximumPerCaller, 1)
        if !row.durations.settle() { row.slowestTraceID = TraceID(high: 0, low: 0) }
        return row
    }
}
