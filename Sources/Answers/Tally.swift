import Storage
import TelemetryModel

/// Calls added up from rows of a rollup or from spans.
struct Tally {
    var calls: UInt64 = 0
    var errors: UInt64 = 0
    var durations = DurationSketch()
    private var slowest = SlowestTraces()

    init() {}

    init(_ tally: SpanValueTally) {
        calls = tally.calls
        errors = tally.errors
        durations = tally.durations
        slowest = tally.slowest
    }

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

    private mutating func add(calls more: UInt64, errors failed: UInt64, _ sketch: DurationSketch, slowest trace: TraceID) {
        calls &+= more
        errors &+= failed
        durations.merge(sketch)
        if !trace.isZero { slowest.add(sketch.maximum, trace) }
    }

    var totalSeconds: Double { Self.seconds(durations.sumNanoseconds) }
    var p50Seconds: Double { quantile(0.5) }
    var p95Seconds: Double { quantile(0.95) }
    var p99Seconds: Double { quantile(0.99) }
    var exemplarTraceIDs: [String] { slowest.traceIDs.map(\.description) }

    /// 0 when there are no calls.
    func quantile(_ q: Double) -> Double { Self.seconds(durations.quantile(q) ?? 0) }

    static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}
