import Storage
import TelemetryModel

extension SpanBlock {
    /// So many traces of a page are read alone; more together with what stands between them.
    private static let aloneLimit = 4

    /// Spans of a page with all traces that may satisfy a query, and others, in batches of whole traces with at least the parts
    /// that the projection names. What says of most rows that they cannot match is read first: classes, durations and the
    /// attributes asked for.
    ///
    /// `mayMatchResources`: a resource may satisfy a condition of the query, so that those say nothing. `keepsTraces`: what is
    /// found is read with everything and kept, as whoever searches asks for the traces next.
    func candidates(
        _ number: Int, _ query: TraceQuery, _ projection: SpanProjection, mayMatchResources: Bool, keepsTraces: Bool
    ) throws -> [SharedSpanBatch] {
        let early = SpanProjection(
            projection.columns.subtracting([.starts, .services, .resources]), attributeKeys: projection.attributeKeys)
        if meta.version == 1 || mayMatchResources || early.columns.isEmpty { return [try page(number, projection)] }
        if let whole = knownPage(number) { return [whole] }
        let (tables, catalog) = (try tables(), try catalog(projection))
        return try withPage(number) { bytes in
            // Both readings agree on what a catalog depends on.
            let page = try SpanPageDecoder(bytes, tables, catalog, early, rowCount: zones[number].rowCount)
            if page.hasOwnResources { return [try read(page, catalog, projection, 0..<page.rowCount)] }
            let spans = try page.decode()
            let traces = Self.tracesThatMayMatch(query, spans)
            guard let first = traces.first, let last = traces.last else { return [] }
            if keepsTraces, traces.count <= Self.aloneLimit {
                return try traces.map { try readAndKeep($0, of: spans.rows[$0.lowerBound].traceID, number, page) }
            }
            let narrow = try read(page, catalog, projection, first.lowerBound..<last.upperBound)
            let matching = Self.tracesThatMatch(query, narrow.spans)
            if !keepsTraces || matching.count > Self.aloneLimit { return [narrow] }
            return try matching.map { rows in
                let place = first.lowerBound + rows.lowerBound..<first.lowerBound + rows.upperBound
                return try readAndKeep(place, of: narrow.spans.rows[rows.lowerBound].traceID, number, page)
            }
        }
    }

    private func read(
        _ page: SpanPageDecoder, _ catalog: ClassCatalog, _ projection: SpanProjection, _ rows: Range<Int>
    ) throws -> SharedSpanBatch {
        SharedSpanBatch(try SpanPageDecoder(page, catalog, projection, rows: rows).decode())
    }

    private func readAndKeep(
        _ rows: Range<Int>, of id: TraceID, _ number: Int, _ page: SpanPageDecoder
    ) throws -> SharedSpanBatch {
        let key = SpanPageCache.Key(block: meta.id, part: .trace(id, page: number))
        let item = try cache.item(
            key, byteCount: { $0.memoryByteCount },
            read: {
                var spans = try SpanPageDecoder(page, try catalog(.everything), .everything, rows: rows).decode()
                spans.trim()
                return .page(SharedSpanBatch(spans))
            })
        guard case .page(let trace) = item else { return .empty }
        return trace
    }

    /// The rows of each trace with a row that may match. The spans lack services and starts.
    private static func tracesThatMayMatch(_ query: TraceQuery, _ spans: SpanBatch) -> [Range<Int>] {
        var asked = query
        asked.service = nil
        let matcher = SpanMatcher(asked, spans)
        if matcher.matchesNothing { return [] }
        // Without its start, a span of more than 2^63 ns looks like one that ends before it starts.
        asked.minimumDuration = nil
        let looseMatcher = SpanMatcher(asked, spans)
        return traces(spans) { matcher.matches($0) || ($0.start > $0.end && looseMatcher.matches($0)) }
    }

    /// The rows of each trace with a row that matches.
    private static func tracesThatMatch(_ query: TraceQuery, _ spans: SpanBatch) -> [Range<Int>] {
        let matcher = SpanMatcher(query, spans)
        return matcher.matchesNothing ? [] : traces(spans) { matcher.matches($0) }
    }

    /// The rows of each trace with a row that is wanted.
    private static func traces(_ spans: SpanBatch, where isWanted: (SpanRow) -> Bool) -> [Range<Int>] {
        let rows = spans.rows
        var traces: [Range<Int>] = []
        var row = 0
        while row < rows.count {
            if !isWanted(rows[row]) {
                row += 1
                continue
            }
            var first = row
            while first > 0, rows[first - 1].traceID == rows[row].traceID { first -= 1 }
            repeat { row += 1 } while row < rows.count && rows[row].traceID == rows[first].traceID
            traces.append(first..<row)
        }
        return traces
    }

    // MARK: - What is at hand

    /// The whole page, if it is at hand.
    func knownPage(_ number: Int) -> SharedSpanBatch? { known(.page(number)) }

    /// The rows of a trace in a page, if they are at hand.
    func knownTrace(_ id: TraceID, page: Int) -> SharedSpanBatch? { known(.trace(id, page: page)) }

    private func known(_ part: SpanPageCache.Part) -> SharedSpanBatch? {
        guard case .page(let batch) = cache.known(SpanPageCache.Key(block: meta.id, part: part)) else { return nil }
        return batch
    }
}
