/// What an operation contributed to an entry point in a minute is found under this.
public struct NodeKey: RollupKey {
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
public struct NodeRollup: RollupRow {
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

    /// Takes back what another row counts.
    public mutating func subtract(_ other: NodeRollup) {
        calls &-= other.calls
        errors &-= other.errors
        selfNanoseconds &-= other.selfNanoseconds
        criticalNanoseconds &-= other.criticalNanoseconds
    }

    /// Whether all sums are zero.
    public var isNothing: Bool { calls | errors | selfNanoseconds | criticalNanoseconds == 0 }

    /// The row as readers get it.
    public func settled() -> NodeRollup? {
        guard calls.leftOver > 0 else { return nil }
        var row = self
        row.errors = errors.leftOver
        row.selfNanoseconds = selfNanoseconds.leftOver
        row.criticalNanoseconds = criticalNanoseconds.leftOver
        return row
    }
}
