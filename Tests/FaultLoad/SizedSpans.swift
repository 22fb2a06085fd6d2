import EmbeddedStorage
import Storage
import TelemetryModel

/// Spans in a store that may only grow so large: the oldest go.
public struct SizedSpans: SpanVariant {
    /// Spans whose bytes are limited.
    public static let name = "sized spans"
    /// Their own.
    public static let phases: [KillPhase] = [.size]

    /// Some blocks.
    public static func tune(_ options: inout EmbeddedStoreOptions, seed: UInt64) {
        SpanLoad.tune(&options, seed: seed)
        options.retentionSize = 15_000
    }

    /// What sends them.
    public let load: SpanLoad

    /// A writer of a seed.
    public init(seed: UInt64, writer: Int, isSteady: Bool) { load = SpanLoad(seed: seed, writer: writer, isSteady: isSteady) }

    /// What is there is counted, what is gone is not, and nothing is gone that is newer than something that is there.
    public func objection(to found: [Span], of accepted: [Span], in store: any Store, now: Int64) throws -> String? {
        do {
            var isAnySeen = false
            for trace in try SteadyTrace.all(found, of: accepted, counted: counted(in: store)) {
                if trace.isSeen, !trace.isCounted { return "\(trace.name) is there and not counted" }
                if trace.isCounted, !trace.isSeen { return "\(trace.name) is gone and counted" }
                if isAnySeen, !trace.isSeen { return "\(trace.name) is gone, older ones are there" }
                isAnySeen = isAnySeen || trace.isSeen
            }
            return nil
        } catch let objection as Objection { return objection.sentence }
    }
}
