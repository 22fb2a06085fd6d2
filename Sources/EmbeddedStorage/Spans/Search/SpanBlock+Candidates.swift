import Storage
import TelemetryModel

extension SpanBlock {
    /// The traces of a page that may satisfy a query, and those between them, with at least the parts that the projection
    /// names; nil when there are none. What little says that most rows cannot match is read first: classes, durations and the
    /// attributes asked for. `mayMatchResources`: a resource may satisfy a condition of the query, so that those say nothing.
    func candidates(
        _ number: Int, _ query: TraceQuery, _ projection: SpanProjection, mayMatchResources: Bool
    ) throws -> SharedSpanBatch? {
        let early = SpanProjection(
            projection.columns.subtracting([.starts, .services, .resources]), attributeKeys: projection.attributeKeys)
        if meta.version == 1 || mayMatchResources || early.columns.isEmpty { return try page(number, projection) }
        if let whole = knownPage(number) { return whole }
        let (tables, catalog) = (try tables(), try catalog(projection))
        let rowCount = zones[number].rowCount
        return try withPage(number) { bytes in
            // Both readings agree on what a catalog depends on.
            let first = try SpanPageDecoder(bytes, tables, catalog, early, rowCount: rowCount)
            var rows = 0..<rowCount
            if !first.hasOwnResources {
                guard let found = Self.tracesThatMayMatch(query, try first.decode()) else { return nil }
                rows = found
            }
            let page = try SpanPageDecoder(bytes, tables, catalog, projection, rowCount: rowCount, unpacker: first.unpacker)
            page.restrict(to: rows)
            return SharedSpanBatch(try page.decode())
        }
    }

    /// The rows from the beginning of the first trace with a row that may match to the end of the last one; nil when none may.
    /// The spans lack services and starts.
    private static func tracesThatMayMatch(_ query: TraceQuery, _ spans: SpanBatch) -> Range<Int>? {
        var asked = query
        asked.service = nil
        let matcher = SpanMatcher(asked, spans)
        // Without its start, a span of more than 2^63 ns looks like one that ends before it starts.
        asked.minimumDuration = nil
        let looseMatcher = SpanMatcher(asked, spans)
        func mayMatch(_ row: SpanRow) -> Bool { matcher.matches(row) || (row.start > row.end && looseMatcher.matches(row)) }
        let rows = spans.rows
        guard !matcher.matchesNothing, var first = rows.firstIndex(where: mayMatch), var end = rows.lastIndex(where: mayMatch)
        else { return nil }
        while first > 0, rows[first - 1].traceID == rows[first].traceID { first -= 1 }
        repeat { end += 1 } while end < rows.count && rows[end].traceID == rows[end - 1].traceID
        return first..<end
    }
}
