/// What an operation did in a minute is found under this.
public struct OperationKey: RollupKey {
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
public struct OperationRollup: RollupRow {
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
        slowestTraceID = durations.slowest(slowestTraceID, other.slowestTraceID, in: other.durations)
        durations.merge(other.durations)
        entryCalls &+= other.entryCalls
        rootCalls &+= other.rootCalls
    }

    /// Takes back what another row counts.
    public mutating func subtract(_ other: OperationRollup) {
        calls &-= other.calls
        errors &-= other.errors
        for index in codeClasses.indices { codeClasses[index] &-= other.codeClasses[index] }
        durations.subtract(other.durations)
        entryCalls &-= other.entryCalls
        rootCalls &-= other.rootCalls
    }

    /// Whether all sums are zero.
    public var isNothing: Bool {
        calls | errors | entryCalls | rootCalls == 0 && durations.isNothing && codeClasses.allSatisfy { $0 == 0 }
    }

    /// The row as readers get it.
    public func settled() -> OperationRollup? {
        guard calls.leftOver > 0 else { return nil }
        var row = self
        row.errors = errors.leftOver
        row.codeClasses = codeClasses.map(\.leftOver)
        row.entryCalls = entryCalls.leftOver
        row.rootCalls = rootCalls.leftOver
        if !row.durations.settle() { row.slowestTraceID = TraceID(high: 0, low: 0) }
        return row
    }
}

extension DurationSketch {
    /// Which trace has the longest duration once `other` is added: of equals the smaller id.
    func slowest(_ own: TraceID, _ trace: TraceID, in other: DurationSketch) -> TraceID {
        if trace.isZero { return own }
        if own.isZero || other.maximum > maximum { return trace }
        return other.maximum == maximum && trace < own ? trace : own
    }
}
