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
public struct EdgeKey: RollupKey {
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
public struct EdgeRollup: RollupRow {
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
    /// The first minute since 1970 with such a call, as far as is known; greater than the last when none is.
    public var firstMinute = Int64.max
    /// The last minute since 1970 with such a call, as far as is known.
    public var lastMinute = Int64.min

    /// Nothing asked.
    public init() {}

    /// Adds another row.
    public mutating func merge(_ other: EdgeRollup) {
        calls &+= other.calls
        errors &+= other.errors
        seenByClient &+= other.seenByClient
        seenByServer &+= other.seenByServer
        durations.merge(other.durations)
        firstMinute = min(firstMinute, other.firstMinute)
        lastMinute = max(lastMinute, other.lastMinute)
    }

    /// Takes back what another row counts.
    public mutating func subtract(_ other: EdgeRollup) {
        calls &-= other.calls
        errors &-= other.errors
        seenByClient &-= other.seenByClient
        seenByServer &-= other.seenByServer
        durations.subtract(other.durations)
    }

    /// Whether all sums are zero.
    public var isNothing: Bool { calls | errors | seenByClient | seenByServer == 0 && durations.isNothing }

    /// The row as readers get it.
    public func settled() -> EdgeRollup? {
        guard calls.leftOver > 0 else { return nil }
        var row = self
        row.errors = errors.leftOver
        row.seenByClient = seenByClient.leftOver
        row.seenByServer = seenByServer.leftOver
        row.durations.settle()
        return row
    }
}
