import QueryEngine
import Storage
import TelemetryModel

/// The store as it answers one client's questions about traces: they end when the client goes or the time of queries is up.
/// Calls block.
struct TraceQueries: TraceReader, RollupReader {
    /// Where they are asked.
    let server: ServerDependencies
    /// Says when it is enough.
    let context: QueryContext

    /// The spans of each trace, empty for an id that is unknown.
    func traces(_ ids: [TraceID]) throws -> [SpanBatch] {
        try context.check()
        return try server.store.traces(ids)
    }

    /// The ids of the traces that satisfy a query, those with the latest start first.
    func search(_ query: TraceQuery) throws -> [TraceID] {
        var query = query
        query.checkpoint = { [context] in try context.check() }
        return try server.store.search(query)
    }

    /// Every span that starts in a range.
    func scan(
        from: UInt64, through: UInt64, _ projection: SpanProjection, _ body: (SpanBatch) throws -> Void
    ) throws {
        try server.store.scan(from: from, through: through, projection) { batch in
            try context.check()
            try body(batch)
        }
    }

    /// The whole traces of which a span starts in a range.
    func scanTraces(from: UInt64, through: UInt64, _ body: (SpanBatch) throws -> Void) throws {
        try server.store.scanTraces(from: from, through: through) { batch in
            try context.check()
            try body(batch)
        }
    }

    /// Spans of a range by the value of an attribute.
    func tallies(_ query: SpanValueQuery) throws -> SpanValueTallies {
        var query = query
        query.checkpoint = { [context] in try context.check() }
        return try server.store.tallies(query)
    }

    /// With what probability a trace was kept.
    func samplingProbability(of id: TraceID) throws -> Double { try server.store.samplingProbability(of: id) }

    /// The rows of whole minutes.
    func rollups(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        try server.store.rollups(minutes: minutes, parts: parts)
    }

    /// The sums of whole minutes.
    func sums(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        try server.store.sums(minutes: minutes, parts: parts)
    }

    /// The names of all operations.
    func operationNames() throws -> Set<OperationName> { try server.store.operationNames() }
}

extension ServerDependencies {
    /// Asks about traces on a thread for queries, when there is a place for it.
    func askTraces<Result: Sendable>(_ work: @escaping @Sendable (TraceQueries) throws -> Result) async throws -> Result {
        try await queries.lookUp { context in try work(TraceQueries(server: self, context: context)) }
    }
}
