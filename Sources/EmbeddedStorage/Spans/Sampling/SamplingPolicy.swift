import TelemetryModel

/// Which traces keep their spans when they are cut from the head. Whatever it says, rollups count every span.
public struct SamplingPolicy: Sendable, Equatable {
    /// Another probability for the traces that a service, or one of its operations, takes part in.
    public struct Override: Sendable, Equatable {
        /// `service.name`.
        public var service: String
        /// The span's name; nil for all of the service.
        public var operation: String?
        /// The probability with which such a trace is kept, 0 to 1.
        public var probability: Double

        /// Puts the parts together.
        public init(service: String, operation: String? = nil, probability: Double) {
            self.service = service
            self.operation = operation
            self.probability = probability
        }
    }

    /// The probability with which a trace is kept that no rule keeps, 0 to 1; 1 keeps every trace.
    public var probability = 1.0
    /// Whether traces with a span of status error stay.
    public var keepErrors = true
    /// Traces with a span of at least so many nanoseconds stay; 0: no such rule.
    public var slowerThan: UInt64 = 0
    /// Traces with a span above this quantile of its operation within the last hour stay, 0 to 1; 0: no such rule.
    public var slowerThanQuantile = 0.0
    /// Traces with a span of an operation that was called less often than this in its minute stay; 0: no such rule.
    public var rareCalls: UInt64 = 0
    /// Of the overrides that fit a trace, the highest probability counts.
    public var overrides: [Override] = []
    /// How long the spans of a trace that is not kept are held back, so that replays and late spans find them, nanoseconds.
    public var holdTime: UInt64 = 600_000_000_000

    /// Keeps everything.
    public init() {}

    /// Whether every trace is kept.
    public var isOff: Bool { probability >= 1 && overrides.allSatisfy { $0.probability >= 1 } }

    /// At most so many overrides are taken.
    public static let overrideLimit = 1000

    /// Whether chance keeps a trace: the same for all of its parts, and the more probable, the more others with it.
    public static func keeps(_ id: TraceID, probability: Double) -> Bool {
        if probability >= 1 { return true }
        return Double(TraceFilter.hash(id) >> 11) < probability * Double(UInt64(1) << 53)
    }
}

/// Decides about the traces of one cut.
struct SamplingDecisions {
    /// What is decided about a trace.
    struct Decision: Equatable {
        /// Whether its spans stay.
        var isKept: Bool
        /// The probability with which a trace like this is kept: 1 when a rule keeps it.
        var probability: Double
    }

    private struct Operation: Hashable {
        var service: String
        var operation: String
    }

    private let policy: SamplingPolicy
    /// The duration from which a call of an operation is slow.
    private var thresholds: [Operation: UInt64] = [:]
    private var callsPerMinute: [Operation: [Int64: UInt64]] = [:]
    private var overrides: [String: [(operation: String?, probability: Double)]] = [:]

    /// `recent`: sums of the last hour; `rows`: the minutes of the traces to be decided about.
    init(_ policy: SamplingPolicy, recent: RollupTable, rows: RollupTable) {
        self.policy = policy
        for override in policy.overrides.prefix(SamplingPolicy.overrideLimit) {
            overrides[override.service, default: []].append((override.operation, override.probability))
        }
        if policy.slowerThanQuantile > 0 { setThresholds(recent, rows) }
        if policy.rareCalls > 0 {
            for (key, row) in rows.operations {
                callsPerMinute[Operation(service: key.service, operation: key.operation), default: [:]][key.minute, default: 0] &+=
                    row.calls
            }
        }
    }

    private mutating func setThresholds(_ recent: RollupTable, _ rows: RollupTable) {
        var durations: [Operation: DurationSketch] = [:]
        for table in [recent, rows] {
            for (key, row) in table.operations {
                durations[Operation(service: key.service, operation: key.operation), default: DurationSketch()].merge(row.durations)
            }
        }
        for (operation, sketch) in durations {
            var sketch = sketch
            sketch.settle()
            thresholds[operation] = sketch.quantile(policy.slowerThanQuantile)
        }
    }

    /// Decides about the traces of a batch of whole traces, by id.
    func decide(_ batch: SpanBatch) -> [TraceID: Decision] {
        var decisions: [TraceID: Decision] = [:]
        var nameOfSymbols: [UInt64: Operation] = [:]
        for row in batch.rows {
            let known = decisions[row.traceID]
            if known?.probability == 1 { continue }
            let service = batch.resources[Int(row.resource)].serviceName
            let key = UInt64(service) << 32 | UInt64(row.name)
            let operation =
                nameOfSymbols[key]
                ?? Operation(service: batch.symbols.string(service), operation: batch.symbols.string(row.name))
            nameOfSymbols[key] = operation
            let probability = isTelling(row, operation) ? 1 : max(known?.probability ?? 0, self.probability(of: operation))
            decisions[row.traceID] = Decision(
                isKept: SamplingPolicy.keeps(row.traceID, probability: probability), probability: probability)
        }
        return decisions
    }

    /// Whether a rule keeps the trace of a span.
    private func isTelling(_ row: SpanRow, _ operation: Operation) -> Bool {
        if policy.keepErrors, row.status == .error { return true }
        if policy.slowerThan > 0, row.duration >= policy.slowerThan { return true }
        if policy.slowerThanQuantile > 0, let threshold = thresholds[operation], row.duration > threshold { return true }
        guard policy.rareCalls > 0 else { return false }
        return (callsPerMinute[operation]?[Int64(row.start / 60_000_000_000)] ?? 0) < policy.rareCalls
    }

    /// An operation without an override of its own, or of its service, has the general probability; so a trace of which only some
    /// spans have an override is kept with the highest of them all.
    private func probability(of operation: Operation) -> Double {
        guard let own = overrides[operation.service] else { return policy.probability }
        let exact = own.filter { $0.operation == operation.operation }
        let fitting = exact.isEmpty ? own.filter { $0.operation == nil } : exact
        return fitting.map(\.probability).max() ?? policy.probability
    }
}
