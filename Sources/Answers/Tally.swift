import TelemetryModel

/// Calls added up from rows of a rollup or from spans.
struct Tally {
    var calls: UInt64 = 0
    var errors: UInt64 = 0
    var durations = DurationSketch()
    private var slowest: [(nanoseconds: UInt64, trace: TraceID)] = []

    /// How many traces are kept as examples.
    static let exemplarLimit = 5

    mutating func add(_ row: OperationRollup) {
        add(calls: row.calls, errors: row.errors, row.durations, slowest: row.slowestTraceID)
    }

    mutating func add(_ row: StatementRollup) {
        add(calls: row.calls, errors: row.errors, row.durations, slowest: row.slowestTraceID)
    }

    mutating func add(_ row: EdgeRollup) {
        calls &+= row.calls
        errors &+= row.errors
        durations.merge(row.durations)
    }

    mutating func add(span row: SpanRow) {
        calls &+= 1
        errors &+= row.status == .error ? 1 : 0
        durations.add(row.duration)
        keep(row.duration, row.traceID)
    }

    private mutating func add(calls more: UInt64, errors failed: UInt64, _ sketch: DurationSketch, slowest trace: TraceID) {
        calls &+= more
        errors &+= failed
        durations.merge(sketch)
        if !trace.isZero { keep(sketch.maximum, trace) }
    }

    private mutating func keep(_ nanoseconds: UInt64, _ trace: TraceID) {
        if slowest.count == Self.exemplarLimit, let last = slowest.last, (last.nanoseconds, trace) >= (nanoseconds, last.trace) {
            return
        }
        if let known = slowest.firstIndex(where: { $0.trace == trace }) {
            if slowest[known].nanoseconds >= nanoseconds { return }
            slowest.remove(at: known)
        }
        let place = slowest.firstIndex { ($0.nanoseconds, trace) < (nanoseconds, $0.trace) } ?? slowest.count
        slowest.insert((nanoseconds, trace), at: place)
        if slowest.count > Self.exemplarLimit { slowest.removeLast() }
    }

    var totalSeconds: Double { Self.seconds(durations.sumNanoseconds) }
    var p50Seconds: Double { quantile(0.5) }
    var p95Seconds: Double { quantile(0.95) }
    var p99Seconds: Double { quantile(0.99) }
    var exemplarTraceIDs: [String] { slowest.map(\.trace.description) }

    /// 0 when there are no calls.
    func quantile(_ q: Double) -> Double { Self.seconds(durations.quantile(q) ?? 0) }

    static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}
