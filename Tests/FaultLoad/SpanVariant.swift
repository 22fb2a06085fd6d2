import EmbeddedStorage
import Storage
import TelemetryModel
import TraceAnalysis

/// Spans in a store that does not show, or does not keep, all that it has acknowledged. They are those of ``SpanLoad``; what must
/// be there of them is another.
public protocol SpanVariant: FaultSubject where Content == [Span] {
    /// What sends them.
    var load: SpanLoad { get }
}

extension SpanVariant {
    /// That of spans.
    public static var folder: String { SpanLoad.folder }
    /// As for all spans.
    public static var tick: UInt64 { SpanLoad.tick }
    /// As for all spans.
    public static var pause: UInt32 { SpanLoad.pause }
    /// As for all spans.
    public static var retries: Bool { SpanLoad.retries }
    /// As for all spans.
    public static var settlingOrders: [@Sendable (EmbeddedStore) throws -> Void] { SpanLoad.settlingOrders }
    /// As for all spans.
    public static func cut(_ store: EmbeddedStore) throws { try SpanLoad.cut(store) }

    /// Writes a batch.
    public func perform(_ index: Int, on store: any Store) throws -> [Int] { try load.perform(index, on: store) }
    /// Writing syncs nothing.
    public func settles(_ index: Int) -> Bool { load.settles(index) }
    /// The spans of this writer that are to be seen.
    public func content(of store: any Store, from: Int64, through: Int64) throws -> [Span] {
        try load.content(of: store, from: from, through: through)
    }
    /// Spans.
    public static func count(_ content: [Span]) -> Int { content.count }
    /// The first span that differs.
    public static func difference(_ found: [Span], _ expected: [Span]) -> String { SpanLoad.difference(found, expected) }
    /// Spans that were never written so, or come twice.
    public static func strangers(_ found: [Span], known: [Span]) -> [String] { SpanLoad.strangers(found, known: known) }

    /// By id and by search everything must be as the scan has it; the sums are compared with what was accepted.
    public static func contradictions(in store: any Store, accepted: [[Span]], isCompacted: Bool) throws -> [String] {
        try SpanAudit(store).contradictions()
    }

    /// What the rollups say of the operations of this writer.
    func counted(in store: any Store) throws -> [OperationKey: OperationRollup] {
        let table = try store.rollups(minutes: 0...OperationName.lastMinute, parts: .operations)
        return SpanAudit.sumsOfSpans(table).operations.filter { $0.key.service.hasPrefix(load.servicePrefix) }
    }
}

/// The rows of operations by minute. Steady writers have one trace a minute.
struct CountsByMinute {
    private let rows: [Int64: [OperationKey: OperationRollup]]

    init(_ operations: [OperationKey: OperationRollup]) {
        var rows: [Int64: [OperationKey: OperationRollup]] = [:]
        for (key, row) in operations { rows[key.minute, default: [:]][key] = row }
        self.rows = rows
    }

    /// What these spans add up to.
    init(_ spans: [Span]) { self.init(SpanAudit.sumsOfSpans(SpanAudit.recount(spans)).operations) }

    /// The minutes of which there are rows.
    var minutes: Set<Int64> { Set(rows.keys) }

    subscript(minute: Int64) -> [OperationKey: OperationRollup] { rows[minute] ?? [:] }
}

/// What a store has of the one trace that a steady writer wrote in a minute.
struct SteadyTrace {
    /// Its spans as they were accepted.
    let spans: [Span]
    /// The latest start of a span.
    let latest: UInt64
    /// Whether it is there.
    let isSeen: Bool
    /// Whether the rollups count it.
    let isCounted: Bool

    /// All traces of a writer, the oldest first. Throws a sentence when one of them is there, or is counted, in part.
    static func all(
        _ found: [Span], of accepted: [Span], counted: [OperationKey: OperationRollup]
    ) throws(Objection) -> [SteadyTrace] {
        if let stranger = SpanLoad.strangers(found, known: accepted).first { throw Objection(sentence: stranger) }
        let seen = Dictionary(grouping: found, by: \.traceID)
        let (expected, counts) = (CountsByMinute(accepted), CountsByMinute(counted))
        if let minute = counts.minutes.subtracting(expected.minutes).first {
            throw Objection(sentence: "minute \(minute) has counts, and nothing was written then")
        }
        var traces: [SteadyTrace] = []
        for (id, spans) in Dictionary(grouping: accepted, by: \.traceID) {
            let minute = Int64(spans[0].start / 60_000_000_000)
            let (seenCount, count) = (seen[id]?.count ?? 0, counts[minute])
            if seenCount != 0, seenCount != spans.count { throw Objection(sentence: "trace \(id) is there in part") }
            if !count.isEmpty, count != expected[minute] { throw Objection(sentence: "trace \(id) is not counted as it is") }
            traces.append(
                SteadyTrace(
                    spans: spans, latest: spans.map(\.start).max() ?? 0, isSeen: seenCount > 0, isCounted: !count.isEmpty))
        }
        return traces.sorted { $0.latest < $1.latest }
    }

    /// Its name in sentences.
    var name: String { "trace \(spans[0].traceID) from \(latest)" }
}

/// Why what a store shows cannot be.
struct Objection: Error {
    /// A sentence.
    var sentence: String
}
