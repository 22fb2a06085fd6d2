import EmbeddedStorage
import Storage
import TelemetryModel

/// Spans of which sampling shows some and counts all.
public struct SampledSpans: SpanVariant {
    /// Spans that are sampled.
    public static let name = "sampled spans"
    /// Those that touch what is held back.
    public static let phases: [KillPhase] = [
        .blockWrite, .rename, .compaction, .release, .snapshot, .relog, .logDelete, .poolCut, .recovery, .anyTime,
    ]
    private static let probability = 0.3
    private static let slowDuration: UInt64 = 480_000_000
    private static let overrides = [
        SamplingPolicy.Override(service: "w0-service-1", probability: 0),
        SamplingPolicy.Override(service: "w0-service-1", operation: "operation-2", probability: 0.9),
        SamplingPolicy.Override(service: "w1-service-3", operation: "operation-5", probability: 1),
    ]

    /// Holds back for ever, so that whatever comes again is known.
    public static func tune(_ options: inout EmbeddedStoreOptions, seed: UInt64) {
        SpanLoad.tune(&options, seed: seed)
        options.spans.sampling.probability = probability
        options.spans.sampling.slowerThan = slowDuration
        options.spans.sampling.overrides = overrides
        options.spans.sampling.holdTime = 1 << 60
    }

    /// Steady writers send nothing again that is not held back any more.
    public static func tune(_ options: inout EmbeddedStoreOptions, for phase: KillPhase) {
        SpanLoad.tune(&options, for: phase)
        guard phase == .release else { return }
        options.spans.sampling.holdTime = UInt64(FaultClock.steadyStep) * 20_000_000
        options.spans.mergeWidth = 3
    }

    /// What sends them.
    public let load: SpanLoad

    /// A writer of a seed.
    public init(seed: UInt64, writer: Int, isSteady: Bool) { load = SpanLoad(seed: seed, writer: writer, isSteady: isSteady) }

    /// No span that is to be kept may be missing, and when all are cut none may be there that is not; whatever is to be seen, all
    /// must be counted.
    public func objection(to found: [Span], of accepted: [Span], in store: any Store, now: Int64) throws -> String? {
        if let stranger = Self.strangers(found, known: accepted).first { return stranger }
        let seen = Set(found.map(SpanKey.init))
        let hidden = Dictionary(grouping: accepted.filter { !seen.contains(SpanKey($0)) }, by: \.traceID)
        // What is late may make a trace one that is kept as long as it is in the head, without what was held back before.
        if let id = hidden.first(where: { keeps($0.value) })?.key { return "trace \(id) is to be seen" }
        if store.status().headSpans == 0 {
            let traces = Dictionary(grouping: accepted, by: \.traceID)
            if let span = found.first(where: { !keeps(traces[$0.traceID] ?? []) }) { return "\(SpanKey(span)) is to be held back" }
        }
        let (counts, expected) = (try counted(in: store), SpanAudit.sumsOfSpans(SpanAudit.recount(accepted)).operations)
        for key in Set(counts.keys).union(expected.keys) where counts[key] != expected[key] {
            return "\(key): \(String(describing: counts[key])), expected \(String(describing: expected[key]))"
        }
        return nil
    }

    /// When no part of a trace is in the head all of the rollups must be those of everything that was accepted.
    public static func contradictions(in store: any Store, accepted: [[Span]], isCompacted: Bool) throws -> [String] {
        let audit = try SpanAudit(store)
        let miscounts = isCompacted ? try audit.rollups(isCompacted: true, counted: Array(accepted.joined())) : []
        return try audit.contradictions() + miscounts
    }

    /// Whether a trace of these spans is kept, as the documentation of sampling has it.
    private func keeps(_ spans: [Span]) -> Bool {
        spans.contains { span in
            if span.status == .error || span.duration >= Self.slowDuration { return true }
            return SamplingPolicy.keeps(span.traceID, probability: probability(span))
        }
    }

    private func probability(_ span: Span) -> Double {
        let own = Self.overrides.filter { $0.service == span.resource.serviceName }
        let fitting = own.first { $0.operation == span.name } ?? own.first { $0.operation == nil }
        return fitting?.probability ?? Self.probability
    }
}
