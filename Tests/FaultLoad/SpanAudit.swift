import Storage
import TelemetryModel
import TestSupport
import TraceAnalysis

/// What a span is known by.
struct SpanKey: Hashable, Comparable, CustomStringConvertible {
    var traceID: TraceID
    var spanID: SpanID
    var side: SpanSide

    init(_ span: Span) {
        traceID = span.traceID
        spanID = span.spanID
        side = span.side
    }

    static func < (a: SpanKey, b: SpanKey) -> Bool {
        (a.traceID, a.spanID, a.side.rawValue) < (b.traceID, b.spanID, b.side.rawValue)
    }

    var description: String { "span \(spanID.value) (\(side)) of trace \(traceID)" }
}

/// Compares the answers of a store with those of the reference to the same questions about the same spans.
struct SpanAudit {
    /// So many traces are asked for by id; which they are follows from their random ids.
    private static let traceLimit = 80

    private let store: any Store
    private let spans: [Span]
    private let reference = InMemoryStore(rollup: { RollupBuilder.rollup($0) })
    private var problems: [String] = []

    init(_ store: any Store) throws {
        self.store = store
        var spans: [Span] = []
        try store.scan(from: 0, through: .max) { spans += $0.spans }
        self.spans = spans
        let count = try reference.write(SpanBatch(spans)).stored
        if count < spans.count { problems.append("\(spans.count - count) spans come twice in a scan") }
    }

    /// What does not fit among the answers about spans, as sentences.
    func contradictions() throws -> [String] { try problems + traces() + searches() }

    private func traces() throws -> [String] {
        let expected = Dictionary(grouping: spans, by: \.traceID).mapValues { trace in
            trace.sorted { ($0.start, $0.spanID, $0.side.rawValue) < ($1.start, $1.spanID, $1.side.rawValue) }
        }
        let ids = expected.keys.sorted().prefix(Self.traceLimit)
        let unknown = TraceID(high: 1, low: 2)
        let found = try store.traces(ids + [unknown])
        if !found[ids.count].isEmpty { return ["an unknown trace is found"] }
        return zip(ids, found).filter { expected[$0] != $1.spans }.map { "trace \($0.0) by id is not as the scan has it" }
    }

    private func searches() throws -> [String] {
        var queries = [TraceQuery(limit: .max), TraceQuery(limit: 7), TraceQuery(tags: [("error", "true")], limit: .max)]
        queries += (0..<1).map { TraceQuery(service: "w0-service-\($0)", limit: .max) }
        queries.append(TraceQuery(operation: "operation-1", minimumDuration: 100_000_000, limit: .max))
        return try queries.compactMap { query in
            let (found, expected) = (try store.search(query), try reference.search(query))
            return found == expected ? nil : "a search gives \(found.count) traces instead of \(expected.count): \(query)"
        }
    }

    /// What does not fit in the rollups: they are those of the spans that are there, or of others that are known to be counted.
    /// Sums that need both ends of a call say something of spans that are lost, too, where damage has taken some.
    func rollups(isCompacted: Bool, counted: [Span]? = nil) throws -> [String] {
        let range = 0...OperationName.lastMinute
        let recount = try counted.map { Self.recount($0) } ?? reference.rollups(minutes: range)
        let (found, expected) = (Self.withoutMarks(try store.rollups(minutes: range)), Self.withoutMarks(recount))
        if isCompacted {
            return found == expected ? [] : ["the rollups are not those of the spans: \(difference(found, expected))"]
        }
        let (some, others) = (Self.sumsOfSpans(found), Self.sumsOfSpans(expected))
        return some == others ? [] : ["the sums of operations are not those of the spans: \(difference(some, others))"]
    }

    /// What spans add up to, trace by trace.
    static func recount(_ spans: [Span]) -> RollupTable {
        var table = RollupTable()
        for trace in Dictionary(grouping: spans, by: \.traceID).values { table.merge(RollupBuilder.rollup(SpanBatch(trace))) }
        return table.settled()
    }

    /// A table without what cannot be taken back when a late part says who called whom: see ADR 4.
    private static func withoutMarks(_ table: RollupTable) -> RollupTable {
        var sums = table
        for (key, row) in table.edges {
            sums.edges[key]?.durations = unmarked(row.durations)
            sums.edges[key]?.firstMinute = 0
            sums.edges[key]?.lastMinute = 0
        }
        for (key, row) in table.statements {
            sums.statements[key]?.durations = unmarked(row.durations)
            sums.statements[key]?.slowestTraceID = TraceID(high: 0, low: 0)
            sums.statements[key]?.maximumPerCaller = 0
        }
        return sums
    }

    private static func unmarked(_ sketch: DurationSketch) -> DurationSketch {
        DurationSketch(buckets: sketch.buckets, exactSum: sketch.exactSum) ?? DurationSketch()
    }

    /// What is counted span by span.
    static func sumsOfSpans(_ table: RollupTable) -> RollupTable {
        var sums = RollupTable()
        sums.instances = table.instances
        sums.operations = table.operations.mapValues { row in
            var row = row
            row.entryCalls = 0
            return row
        }
        return sums
    }

    private func difference(_ found: RollupTable, _ expected: RollupTable) -> String {
        for (key, row) in expected.operations where found.operations[key] != row {
            return "\(key): \(found.operations[key].map { "\($0)" } ?? "nothing"), expected \(row)"
        }
        let parts = [
            ("operations", found.operations.count, expected.operations.count), ("edges", found.edges.count, expected.edges.count),
            ("statements", found.statements.count, expected.statements.count), ("nodes", found.nodes.count, expected.nodes.count),
            ("instances", found.instances.count, expected.instances.count),
        ]
        return parts.map { "\($0.1) \($0.0), expected \($0.2)" }.joined(separator: "; ")
    }
}
