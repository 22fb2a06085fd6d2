import Storage
import TelemetryModel

/// Hands on every span that starts in a range: pages that hold nothing else, and no part of a trace, as they are; of others
/// the spans that are meant. Parted traces are put together as soon as their last part has been met, which is soon, because
/// pages come by rising start. With `isWhole` traces come whole of which a span is meant; of traces that stand in one place
/// others may come too.
struct SpanScan {
    private typealias Place = PartedTraces.Place

    private let snapshot: SpanStore.Snapshot
    private let parted: PartedTraces
    private let from: UInt64
    private let through: UInt64
    private let isWhole: Bool
    private let projection: SpanProjection
    /// Called instead of the body with pages of version 2 that hold no part of a trace; nil where batches are wanted.
    private let takePage: ((SpanBlock, Int) throws -> Void)?
    /// With what is needed to choose rows and to put traces together.
    private let widened: SpanProjection
    /// What has been met of parted traces.
    private var held: [TraceID: Held] = [:]

    private struct Held {
        var spans = SpanBatch()
        /// How many places are still to come.
        var waiting: Int
    }

    /// Prepares a scan of a closed range; `parted` are the parted traces of the snapshot's blocks.
    init(
        _ snapshot: SpanStore.Snapshot, _ parted: PartedTraces, from: UInt64, through: UInt64, _ projection: SpanProjection,
        isWhole: Bool = false, takePage: ((SpanBlock, Int) throws -> Void)? = nil
    ) throws {
        self.snapshot = snapshot
        self.takePage = takePage
        self.from = from
        self.through = through
        self.isWhole = isWhole
        self.projection = projection
        widened = SpanProjection(
            projection.columns.union([.spanIDs, .starts, .kinds]), attributeKeys: projection.attributeKeys)
        var parted = parted
        try parted.add(of: snapshot.head, snapshot.blocks)
        self.parted = parted
    }

    /// Calls `body` with batch after batch.
    mutating func run(_ body: (SpanBatch) throws -> Void) throws {
        for place in places() { try scan(place, body) }
        try scanHead(body)
        for id in held.keys.sorted() { try release(id, body) }
    }

    /// The pages that are looked at, by rising start: those that have a span in the range, and those with other parts of
    /// traces that come whole.
    private func places() -> [Place] {
        var places: Set<Place> = []
        for (number, block) in snapshot.blocks.enumerated()
        where block.meta.minimumStart <= through && block.meta.maximumStart >= from {
            for (page, zone) in block.zones.enumerated() where zone.overlaps(from: from, through: through) {
                places.insert(Place(block: number, page: page))
            }
        }
        if isWhole {
            for trace in parted.traces where isMeant(trace.id) { places.formUnion(trace.places) }
        }
        // Looked up once each: a zone is more than a number.
        return places.map { (start: zone($0).minimumStart, place: $0) }
            .sorted { ($0.start, $0.place.block, $0.place.page) < ($1.start, $1.place.block, $1.place.page) }.map(\.place)
    }

    private func zone(_ place: Place) -> PageZone { snapshot.blocks[place.block].zones[place.page] }

    private func isNear(_ place: Place) -> Bool { zone(place).overlaps(from: from, through: through) }

    private func isInRange(_ row: SpanRow) -> Bool { row.start >= from && row.start <= through }

    /// Whether a row of a trace that is meant is handed on.
    private func isWanted(_ row: SpanRow) -> Bool { isWhole || isInRange(row) }

    /// Whether a parted trace may have a span in the range.
    private func isMeant(_ id: TraceID) -> Bool {
        if parted.places(of: id).contains(where: isNear) { return true }
        return snapshot.head.number(of: id).map { snapshot.head.contains($0, where: isInRange) } ?? false
    }

    private mutating func scan(_ place: Place, _ body: (SpanBatch) throws -> Void) throws {
        let block = snapshot.blocks[place.block]
        let hasParted = parted.pages.contains(place)
        if let takePage, !hasParted, block.meta.version > 1 { return try takePage(block, place.page) }
        let isInside = zone(place).minimumStart >= from && zone(place).maximumStart <= through
        if !hasParted, isWhole || isInside { return try body(try block.page(place.page, projection).spans) }
        let page = try block.page(place.page, widened).spans
        var rest = SpanBatch()
        var copier = SpanBatchCopier(from: page)
        var complete: [TraceID] = []
        for rows in page.traceRuns {
            let id = page.rows[rows.lowerBound].traceID
            if hasParted, parted.contains(id) {
                if hold(id, page, rows) { complete.append(id) }
            } else if isNear(place) {
                for row in rows where isWanted(page.rows[row]) { copier.copy(row, to: &rest) }
            }
        }
        if !rest.isEmpty { try body(rest) }
        for id in complete { try release(id, body) }
    }

    private mutating func scanHead(_ body: (SpanBatch) throws -> Void) throws {
        let head = snapshot.head
        var assembler = TraceAssembler()
        for (number, trace) in head.traces.enumerated() {
            let isMeant = isWhole && trace.isParted ? isMeant(trace.id) : head.contains(number, where: isInRange)
            if !isMeant { continue }
            let runs = head.runs(ofTrace: number)
            if trace.isParted {
                var part = TraceAssembler()
                part.add(runs)
                _ = hold(trace.id, part.batch, part.batch.rows.indices)
            } else {
                assembler.add(runs, keep: isWanted)
                if assembler.batch.count >= SpanBlockFormat.pageRowTarget { try body(assembler.take()) }
            }
        }
        if !assembler.batch.isEmpty { try body(assembler.take()) }
    }

    /// Keeps a part of a trace; true when it was the last one.
    private mutating func hold(_ id: TraceID, _ batch: SpanBatch, _ rows: Range<Int>) -> Bool {
        var trace = held.removeValue(forKey: id) ?? Held(waiting: placeCount(id))
        trace.spans.append(rows: rows.filter { isWanted(batch.rows[$0]) }, of: batch)
        trace.waiting -= 1
        held[id] = trace
        return trace.waiting == 0
    }

    /// How many places with spans of the range a trace has. Where two traces have one hash it is too many: then the trace
    /// waits for the end.
    private func placeCount(_ id: TraceID) -> Int {
        let isInHead = snapshot.head.number(of: id) != nil
        return (isInHead ? 1 : 0) + parted.places(of: id).count { isWhole || isNear($0) }
    }

    private mutating func release(_ id: TraceID, _ body: (SpanBatch) throws -> Void) throws {
        guard let spans = held.removeValue(forKey: id)?.spans, !spans.isEmpty else { return }
        if isWhole, !isMeant(id) { return }
        var assembler = TraceAssembler()
        // Each row a run of its own, so that they are put in order and each span comes once.
        let batch = SharedSpanBatch(spans)
        assembler.add(spans.rows.indices.map { (0, TraceRun(batch: batch, rows: $0..<($0 + 1))) })
        try body(assembler.take())
    }
}

extension SpanBatch {
    /// The rows of each trace, where the rows of one stand together.
    var traceRuns: some Sequence<Range<Int>> {
        sequence(state: 0) { first in
            if first >= rows.count { return nil }
            let start = first
            repeat { first += 1 } while first < rows.count && rows[first].traceID == rows[start].traceID
            return start..<first
        }
    }
}

extension SpanHead {
    /// Whether a trace has a span of which `condition` is true.
    func contains(_ number: Int, where condition: (SpanRow) -> Bool) -> Bool {
        var next = traces[number].last
        while next != 0 {
            let reference = references[Int(next) - 1]
            if condition(batches[Int(reference.batch)].spans.rows[Int(reference.row)]) { return true }
            next = reference.previous
        }
        return false
    }
}
