import Storage
import TelemetryModel

/// Something that holds traces in pages: whole traces by rising start, the rows of each together and by rising start. A
/// block is one, and so is a snapshot of the head; merging, scanning and looking up need not know which.
protocol TraceSource: Sendable {
    /// How many pages there are.
    var pageCount: Int { get }
    /// Whether a span of the page may start in the closed range.
    func page(_ number: Int, overlapsFrom from: UInt64, through: UInt64) -> Bool
    /// The page with at least the parts that the projection names.
    func page(_ number: Int, _ projection: SpanProjection) throws -> SharedSpanBatch
    /// Whether the trace of this hash may be here.
    func mayContain(_ hash: UInt64) -> Bool
    /// All rows of a trace here, with at least the parts that the projection names; none when the trace is not here.
    func runs(of id: TraceID, _ projection: SpanProjection) throws -> [TraceRun]
    /// Whether the trace may stand on several pages here or in several sources.
    func isParted(_ id: TraceID) -> Bool
}

extension TraceSource {
    /// The page with everything.
    func page(_ number: Int) throws -> SharedSpanBatch { try page(number, .everything) }

    /// All rows of a trace here with everything.
    func runs(of id: TraceID) throws -> [TraceRun] { try runs(of: id, .everything) }
}

/// Rows of one trace that stand together.
struct TraceRun: Sendable {
    /// The batch that holds them.
    var batch: SharedSpanBatch
    /// The rows, by rising start.
    var rows: Range<Int>
}

/// Goes through the traces of several sources at once, by rising start. A trace that stands in several of them comes once,
/// with all its rows.
struct TraceMerge {
    private struct Cursor {
        let source: any TraceSource
        var page = -1
        var batch = SharedSpanBatch.empty
        var row = 0
        /// Traces that came with a part in another place.
        var consumed: Set<TraceID> = []
    }

    private var cursors: [Cursor]
    private let from: UInt64
    private let through: UInt64
    private let projection: SpanProjection
    /// Whether a trace has been put together from several places.
    private(set) var hasJoined = false

    /// Merges the traces that have a span in the closed range; others may come too.
    init(
        _ sources: [any TraceSource], from: UInt64 = 0, through: UInt64 = .max, _ projection: SpanProjection = .everything
    ) throws {
        self.from = from
        self.through = through
        // The order of traces and spans, and what tells spans apart, are needed to put them together.
        self.projection = SpanProjection(
            projection.columns.union([.spanIDs, .starts, .kinds]), attributeKeys: projection.attributeKeys)
        cursors = sources.map { Cursor(source: $0) }
        for index in cursors.indices { try settle(index) }
    }

    /// The next trace with the number of its source; nil at the end.
    mutating func next() throws -> [(source: Int, run: TraceRun)]? {
        guard let index = smallest() else { return nil }
        let rows = currentRows(index)
        let id = cursors[index].batch.spans.rows[rows.lowerBound].traceID
        let own = TraceRun(batch: cursors[index].batch, rows: rows)
        var found: [(source: Int, run: TraceRun)] = []
        let hash = TraceFilter.hash(id)
        for other in cursors.indices {
            if other == index, !cursors[index].source.isParted(id) {
                found.append((index, own))
            } else if other == index || cursors[other].source.mayContain(hash) {
                let runs = try cursors[other].source.runs(of: id, projection)
                if runs.isEmpty { continue }
                cursors[other].consumed.insert(id)
                found.append(contentsOf: runs.map { (other, $0) })
            }
        }
        if found.count > 1 { hasJoined = true }
        cursors[index].row = rows.upperBound
        for cursor in cursors.indices where cursor == index || cursors[cursor].consumed.contains(id) { try settle(cursor) }
        return found
    }

    /// The cursor that stands on the trace with the smallest start; equal starts by id.
    private func smallest() -> Int? {
        var best: (index: Int, start: UInt64, id: TraceID)?
        for index in cursors.indices where cursors[index].row < cursors[index].batch.spans.count {
            let row = cursors[index].batch.spans.rows[cursors[index].row]
            if let best, (best.start, best.id) <= (row.start, row.traceID) { continue }
            best = (index, row.start, row.traceID)
        }
        return best?.index
    }

    private func currentRows(_ index: Int) -> Range<Int> {
        let rows = cursors[index].batch.spans.rows
        let first = cursors[index].row
        var end = first + 1
        while end < rows.count, rows[end].traceID == rows[first].traceID { end += 1 }
        return first..<end
    }

    /// Moves a cursor to its next trace that has not come yet, over pages if need be.
    private mutating func settle(_ index: Int) throws {
        while true {
            while cursors[index].row < cursors[index].batch.spans.count {
                if cursors[index].consumed.isEmpty { return }
                let rows = currentRows(index)
                if !cursors[index].consumed.contains(cursors[index].batch.spans.rows[rows.lowerBound].traceID) { return }
                cursors[index].row = rows.upperBound
            }
            let source = cursors[index].source
            var next = cursors[index].page + 1
            while next < source.pageCount, !source.page(next, overlapsFrom: from, through: through) { next += 1 }
            cursors[index].page = next
            cursors[index].row = 0
            if next >= source.pageCount {
                cursors[index].batch = .empty
                return
            }
            cursors[index].batch = try source.page(next, projection)
        }
    }
}

/// Puts traces together into batches of whole traces.
struct TraceAssembler {
    /// What the texts of one batch are called here. It keeps the batch, so that no other one gets its identity.
    private struct Translation {
        let batch: SharedSpanBatch
        var copier: SpanBatchCopier

        init(_ batch: SharedSpanBatch) {
            self.batch = batch
            copier = SpanBatchCopier(from: batch.spans)
        }
    }

    private struct RowReference {
        var start: UInt64
        var spanID: SpanID
        var side: SpanSide
        var run: Int
        var row: Int
    }

    private struct Identity: Hashable {
        var spanID: SpanID
        var side: SpanSide
    }

    /// What has been put together since it was taken last.
    private(set) var batch = SpanBatch()
    /// By batch and not by page: a page that is read twice may number its texts otherwise the second time.
    private var translations: [ObjectIdentifier: Translation] = [:]

    init() {}

    /// Adds the rows of one trace that `keep` wants, by rising start, each span once.
    mutating func add(_ runs: [(source: Int, run: TraceRun)], keep: (SpanRow) -> Bool = { _ in true }) {
        if runs.count == 1 {
            return copy(runs[0], keep)
        }
        var references: [RowReference] = []
        for (number, (_, run)) in runs.enumerated() {
            for row in run.rows {
                let span = run.batch.spans.rows[row]
                if keep(span) {
                    references.append(RowReference(start: span.start, spanID: span.spanID, side: span.side, run: number, row: row))
                }
            }
        }
        references.sort { ($0.start, $0.spanID.value, $0.side.rawValue) < ($1.start, $1.spanID.value, $1.side.rawValue) }
        // Within one source every span stands once.
        let mayRepeat = runs.contains { $0.source != runs[0].source }
        var seen: Set<Identity> = []
        for reference in references
        where !mayRepeat || seen.insert(Identity(spanID: reference.spanID, side: reference.side)).inserted {
            copy(reference.row, runs[reference.run])
        }
    }

    private mutating func copy(_ row: Int, _ from: (source: Int, run: TraceRun)) {
        let shared = from.run.batch
        translations[ObjectIdentifier(shared), default: Translation(shared)].copier.copy(row, to: &batch)
    }

    /// A trace that stands in one place, where its rows are in order.
    private mutating func copy(_ from: (source: Int, run: TraceRun), _ keep: (SpanRow) -> Bool) {
        let shared = from.run.batch
        let spans = shared.spans
        var translation = translations.removeValue(forKey: ObjectIdentifier(shared)) ?? Translation(shared)
        for row in from.run.rows where keep(spans.rows[row]) { translation.copier.copy(row, to: &batch) }
        translations[ObjectIdentifier(shared)] = translation
    }

    /// Hands over what has been put together and starts anew.
    mutating func take() -> SpanBatch {
        defer {
            batch = SpanBatch()
            translations = [:]
        }
        return batch
    }
}
