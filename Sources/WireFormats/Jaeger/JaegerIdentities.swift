import ByteCoding
import TelemetryModel

/// Span ids that are unique in a trace, as Jaeger wants them: where a Zipkin server shares the id of its client, the server's
/// span gets an id of its own below the client's, and the server's children become children of it.
struct JaegerIdentities {
    /// The new ids of the servers whose id a client of the same trace has too.
    private var serverIDs: [SpanID: SpanID] = [:]

    /// Ids as they came.
    init() {}

    /// Looks for shared ids in a trace.
    init(_ batch: SpanBatch) {
        let shared = batch.rows.filter { $0.side == .sharedServer }
        if shared.isEmpty { return }
        let own = Set(batch.rows.filter { $0.side == .own }.map(\.spanID))
        for row in shared where own.contains(row.spanID) {
            // Made of the ids alone, so that the same trace looks the same every time; zero would mean "none".
            serverIDs[row.spanID] = SpanID(max(SeededHash.hash(row.traceID.low, row.spanID.value), 1))
        }
    }

    /// The id under which a span is shown.
    func spanID(_ row: SpanRow) -> SpanID {
        row.side == .sharedServer ? serverIDs[row.spanID] ?? row.spanID : row.spanID
    }

    /// The id under which a span's parent is shown; zero for none.
    func parentSpanID(_ row: SpanRow) -> SpanID {
        if row.side == .sharedServer, serverIDs[row.spanID] != nil { return row.spanID }
        return serverIDs[row.parentSpanID] ?? row.parentSpanID
    }
}

extension SpanBatch {
    /// The spans of one trace with ids that are unique in it, as ``JaegerEncoder`` shows them: where a Zipkin server shares
    /// its id with the client, it has one of its own.
    public var withJaegerIdentities: SpanBatch {
        let identities = JaegerIdentities(self)
        var copy = self
        for index in rows.indices {
            copy.rows[index].spanID = identities.spanID(rows[index])
            copy.rows[index].parentSpanID = identities.parentSpanID(rows[index])
        }
        return copy
    }
}
