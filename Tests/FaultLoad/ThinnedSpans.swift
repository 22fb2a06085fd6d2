import EmbeddedStorage
import Storage
import TelemetryModel

/// Spans of which errors and slow traces are kept longer than the others.
public struct ThinnedSpans: SpanVariant {
    /// Spans that are thinned.
    public static let name = "thinned spans"
    /// Their own.
    public static let phases: [KillPhase] = [.thinning]
    private static let slowDuration: UInt64 = 450_000_000
    /// How long traces are kept, milliseconds.
    private static let (all, errors, slow) = (
        FaultClock.steadyStep * 6, FaultClock.steadyStep * 18, FaultClock.steadyStep * 12
    )

    /// Short times.
    public static func tune(_ options: inout EmbeddedStoreOptions, seed: UInt64) {
        SpanLoad.tune(&options, seed: seed)
        options.retentionTime = all
        options.spans.keepErrors = UInt64(errors) * 1_000_000
        options.spans.keepSlow = UInt64(slow) * 1_000_000
        options.spans.slowDuration = slowDuration
    }

    /// What sends them.
    public let load: SpanLoad

    /// A writer of a seed.
    public init(seed: UInt64, writer: Int, isSteady: Bool) { load = SpanLoad(seed: seed, writer: writer, isSteady: isSteady) }

    /// Whatever is young enough for what it is must be there, what is there must be counted, and every trace is counted wholly or
    /// not at all.
    public func objection(to found: [Span], of accepted: [Span], in store: any Store, now: Int64) throws -> String? {
        do {
            for trace in try SteadyTrace.all(found, of: accepted, counted: counted(in: store)) {
                if trace.isSeen, !trace.isCounted { return "\(trace.name) is there and not counted" }
                if !trace.isSeen, trace.latest + Self.time(trace.spans) >= UInt64(now) * 1_000_000 {
                    return "\(trace.name) is gone at \(now)"
                }
            }
            return nil
        } catch let objection as Objection { return objection.sentence }
    }

    /// How long a trace is kept at least, nanoseconds.
    private static func time(_ spans: [Span]) -> UInt64 {
        var time = all
        if spans.contains(where: { $0.status == .error }) { time = max(time, errors) }
        if spans.contains(where: { $0.duration >= slowDuration }) { time = max(time, slow) }
        return UInt64(time) * 1_000_000
    }
}
