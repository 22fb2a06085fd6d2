/// What is known about spans without looking at them: sums per minute of span start, as blocks and head carry them.
///
/// Tables add up: the answer for a range is the sum over head and blocks. `minute` is minutes since 1970.
public struct RollupTable: Hashable, Sendable {
    /// By operation of a service.
    public var operations: [OperationKey: OperationRollup] = [:]
    /// By calling and called service.
    public var edges: [EdgeKey: EdgeRollup] = [:]
    /// By database statement and who calls it.
    public var statements: [StatementKey: StatementRollup] = [:]
    /// By entry point and operation below it.
    public var nodes: [NodeKey: NodeRollup] = [:]
    /// By running instance of a service.
    public var instances: [InstanceKey: InstanceRollup] = [:]

    /// Nothing known.
    public init() {}

    /// Adds another table.
    public mutating func merge(_ other: RollupTable) {
        for (key, row) in other.operations { operations[key, default: OperationRollup()].merge(row) }
        for (key, row) in other.edges { edges[key, default: EdgeRollup()].merge(row) }
        for (key, row) in other.statements { statements[key, default: StatementRollup()].merge(row) }
        for (key, row) in other.nodes { nodes[key, default: NodeRollup()].merge(row) }
        for (key, row) in other.instances { instances[key, default: InstanceRollup()].merge(row) }
    }

    /// Only the minutes in `range`.
    public func restricted(to range: ClosedRange<Int64>) -> RollupTable {
        var result = RollupTable()
        result.operations = operations.filter { range.contains($0.key.minute) }
        result.edges = edges.filter { range.contains($0.key.minute) }
        result.statements = statements.filter { range.contains($0.key.minute) }
        result.nodes = nodes.filter { range.contains($0.key.minute) }
        result.instances = instances.filter { range.contains($0.key.minute) }
        return result
    }

    /// The name under which everything beyond a limit is counted.
    public static let other = "__other__"
}

/// What an operation did in a minute is found under this.
public struct OperationKey: Hashable, Sendable {
    /// Minutes since 1970 of the span's start.
    public var minute: Int64
    /// `service.name`.
    public var service: String
    /// The span's name.
    public var operation: String
    /// The part it plays.
    public var kind: SpanKind

    /// Puts the key together.
    public init(minute: Int64, service: String, operation: String, kind: SpanKind) {
        self.minute = minute
        self.service = service
        self.operation = operation
        self.kind = kind
    }
}

/// What an operation did.
public struct OperationRollup: Hashable, Sendable {
    /// Spans.
    public var calls: UInt64 = 0
    /// Spans with status error.
    public var errors: UInt64 = 0
    /// Spans by class of their HTTP status code: index 0 none, 1 to 5 for 1xx to 5xx.
    public var codeClasses: [UInt64] = [0, 0, 0, 0, 0, 0]
    /// How long they took.
    public var durations = DurationSketch()
    /// The trace of the longest one.
    public var slowestTraceID = TraceID(high: 0, low: 0)
    /// Spans without a parent, or whose caller is another service: this operation as an entry of its service.
    public var entryCalls: UInt64 = 0
    /// Spans that name no parent, so that a trace begins with them: this operation as an entry point of the whole system.
    public var rootCalls: UInt64 = 0

    /// Nothing done.
    public init() {}

    /// Adds another row.
    public mutating func merge(_ other: OperationRollup) {
        calls &+= other.calls
        errors &+= other.errors
        for index in codeClasses.indices { codeClasses[index] &+= other.codeClasses[index] }
        if other.durations.count > 0,
            other.durations.maximum > durations.maximum || durations.count == 0
                || (other.durations.maximum == durations.maximum && other.slowestTraceID < slowestTraceID)
        {
            slowestTraceID = other.slowestTraceID
        }
        durations.merge(other.durations)
        entryCalls &+= other.entryCalls
        rootCalls &+= other.rootCalls
    }
}

/// What kind of thing is at the far end of an edge.
public enum EdgeKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A service called synchronously.
    case call = 0
    /// A database or a cache; the far end is its system's name (`mysql`, `redis`), with its namespace if known.
    case database = 1
    /// A queue: the far end is a consumer, or the messaging system when none is known.
    case messaging = 2
    /// A peer that sends no spans of its own, named by its address.
    case external = 3
}

/// What one service asked of another in a minute is found under this.
public struct EdgeKey: Hashable, Sendable {
    /// Minutes since 1970 of the calling span's start (of the called one's where the caller is unknown).
    public var minute: Int64
    /// The calling service.
    public var caller: String
    /// The called service, database or peer.
    public var callee: String
    /// What the far end is.
    public var kind: EdgeKind

    /// Puts the key together.
    public init(minute: Int64, caller: String, callee: String, kind: EdgeKind) {
        self.minute = minute
        self.caller = caller
        self.callee = callee
        self.kind = kind
    }
}

/// What one service asked of another.
public struct EdgeRollup: Hashable, Sendable {
    /// Calls.
    public var calls: UInt64 = 0
    /// Calls that failed on either side.
    public var errors: UInt64 = 0
    /// Calls of which the caller's span was seen.
    public var seenByClient: UInt64 = 0
    /// Calls of which the callee's span was seen.
    public var seenByServer: UInt64 = 0
    /// How long they took: the callee's span where there is one, else the caller's.
    public var durations = DurationSketch()

    /// Nothing asked.
    public init() {}

    /// Adds another row.
    public mutating func merge(_ other: EdgeRollup) {
        calls &+= other.calls
        errors &+= other.errors
        seenByClient &+= other.seenByClient
        seenByServer &+= other.seenByServer
        durations.merge(other.durations)
    }
}

/// What a statement did in a minute is found under this.
public struct StatementKey: Hashable, Sendable {
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
public struct StatementRollup: Hashable, Sendable {
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
        if other.durations.count > 0,
            other.durations.maximum > durations.maximum || durations.count == 0
                || (other.durations.maximum == durations.maximum && other.slowestTraceID < slowestTraceID)
        {
            slowestTraceID = other.slowestTraceID
        }
        durations.merge(other.durations)
        maximumPerCaller = max(maximumPerCaller, other.maximumPerCaller)
    }
}

/// What an operation contributed to an entry point in a minute is found under this.
public struct NodeKey: Hashable, Sendable {
    /// Minutes since 1970 of the entry span's start.
    public var minute: Int64
    /// The service of the trace's root.
    public var entryService: String
    /// The operation of the trace's root.
    public var entryOperation: String
    /// The service of the operation.
    public var service: String
    /// The operation.
    public var operation: String

    /// Puts the key together.
    public init(minute: Int64, entryService: String, entryOperation: String, service: String, operation: String) {
        self.minute = minute
        self.entryService = entryService
        self.entryOperation = entryOperation
        self.service = service
        self.operation = operation
    }
}

/// What an operation contributed to an entry point.
public struct NodeRollup: Hashable, Sendable {
    /// Spans.
    public var calls: UInt64 = 0
    /// Spans with status error.
    public var errors: UInt64 = 0
    /// Time in which no child ran, nanoseconds.
    public var selfNanoseconds: UInt64 = 0
    /// Time on the critical path of the trace, nanoseconds.
    public var criticalNanoseconds: UInt64 = 0

    /// Nothing contributed.
    public init() {}

    /// Adds another row.
    public mutating func merge(_ other: NodeRollup) {
        calls &+= other.calls
        errors &+= other.errors
        selfNanoseconds &+= other.selfNanoseconds
        criticalNanoseconds &+= other.criticalNanoseconds
    }
}
