import Storage
import TelemetryModel

/// Finds the traces with the latest start that satisfy a query.
///
/// A trace that stands whole in one place is decided there, page by page, latest first, passing over pages whose zone says
/// that nothing can match. Traces that have parts in several places are known by id, and decided on all of their spans.
struct TraceSearch {
    private let query: TraceQuery
    private let snapshot: SpanStore.Snapshot
    private let parted: Set<TraceID>
    private var found: LatestTraces

    init(_ query: TraceQuery, _ snapshot: SpanStore.Snapshot) {
        self.query = query
        self.snapshot = snapshot
        var parted: Set<TraceID> = []
        for block in snapshot.blocks { parted.formUnion(block.parted) }
        for trace in snapshot.head.traces where trace.isParted { parted.insert(trace.id) }
        self.parted = parted
        found = LatestTraces(limit: query.limit)
    }

    mutating func run() throws -> [TraceID] {
        if query.limit <= 0 || query.from > query.through { return [] }
        searchHead()
        try searchParted()
        try searchBlocks()
        return found.sorted()
    }

    private mutating func searchHead() {
        var matching: Set<TraceID> = []
        var inRange: Set<TraceID> = []
        for batch in snapshot.head.batches {
            let matcher = SpanMatcher(query, batch.spans)
            for row in batch.spans.rows {
                if row.start >= query.from, row.start <= query.through { inRange.insert(row.traceID) }
                if matcher.matches(row) { matching.insert(row.traceID) }
            }
        }
        for id in matching where inRange.contains(id) && !parted.contains(id) {
            if let number = snapshot.head.number(of: id) { found.insert(id, start: snapshot.head.traces[number].start) }
        }
    }

    private mutating func searchParted() throws {
        if parted.isEmpty { return }
        let sources = snapshot.sources()
        for id in parted {
            let trace = try SpanStore.trace(id, sources)
            if let first = trace.rows.first, satisfies(trace, trace.rows.indices, SpanMatcher(query, trace)) {
                found.insert(id, start: first.start)
            }
        }
    }

    private mutating func searchBlocks() throws {
        var pages: [(block: SpanBlock, page: Int)] = []
        for block in snapshot.blocks where block.meta.minimumStart <= query.through && block.meta.maximumStart >= query.from {
            let names = NameNumbers(query, block)
            for (number, zone) in block.zones.enumerated() where mayMatch(zone, names) { pages.append((block, number)) }
        }
        pages.sort { $0.block.zones[$0.page].maximumTraceStart > $1.block.zones[$1.page].maximumTraceStart }
        for (block, number) in pages {
            if let worst = found.worstStart, block.zones[number].maximumTraceStart < worst { return }
            search(try block.page(number).spans)
        }
    }

    private mutating func search(_ page: SpanBatch) {
        let matcher = SpanMatcher(query, page)
        if matcher.matchesNothing { return }
        var first = 0
        for row in page.rows.indices where row + 1 == page.count || page.rows[row + 1].traceID != page.rows[row].traceID {
            let id = page.rows[row].traceID
            if !parted.contains(id), satisfies(page, first..<(row + 1), matcher) { found.insert(id, start: page.rows[first].start) }
            first = row + 1
        }
    }

    /// Whether one span starts in the range and one, perhaps another, matches.
    private func satisfies(_ batch: SpanBatch, _ rows: Range<Int>, _ matcher: SpanMatcher) -> Bool {
        rows.contains { batch.rows[$0].start >= query.from && batch.rows[$0].start <= query.through }
            && rows.contains { matcher.matches(batch.rows[$0]) }
    }

    private func mayMatch(_ zone: PageZone, _ names: NameNumbers) -> Bool {
        guard zone.overlaps(from: query.from, through: query.through) else { return false }
        if let least = query.minimumDuration, zone.maximumDuration < least { return false }
        if !zone.hasError, query.keys.contains("error") || query.tags.contains(where: { $0.key == "error" }) { return false }
        return names.mayMatch(zone)
    }

    /// The numbers that a block gives to the names of the query.
    private struct NameNumbers {
        private let service: (isAsked: Bool, number: UInt32?)
        private let operation: (isAsked: Bool, number: UInt32?)

        init(_ query: TraceQuery, _ block: SpanBlock) {
            func number(_ name: String?) -> (Bool, UInt32?) {
                (name != nil, name.flatMap { name in block.names.firstIndex(of: name) }.map { UInt32($0) })
            }
            service = number(query.service)
            operation = number(query.operation)
        }

        func mayMatch(_ zone: PageZone) -> Bool {
            Self.mayMatch(service, zone.services) && Self.mayMatch(operation, zone.operations)
        }

        private static func mayMatch(_ name: (isAsked: Bool, number: UInt32?), _ listed: [UInt32]?) -> Bool {
            guard name.isAsked, let listed else { return true }
            return name.number.map(listed.contains) ?? false
        }
    }
}

/// The traces with the latest starts among those that were inserted.
private struct LatestTraces {
    private let limit: Int
    private var traces: [(id: TraceID, start: UInt64)] = []

    /// The start of the last one that still counts, once there are enough.
    private(set) var worstStart: UInt64?

    init(limit: Int) { self.limit = limit }

    mutating func insert(_ id: TraceID, start: UInt64) {
        if let worstStart, start < worstStart { return }
        traces.append((id, start))
        // Sorted now and then, so that an insertion costs little and memory stays within twice the limit.
        if traces.count == limit || traces.count / 2 >= limit { prune() }
    }

    mutating func sorted() -> [TraceID] {
        prune()
        return traces.map(\.id)
    }

    private mutating func prune() {
        traces.sort { ($0.start, $0.id) > ($1.start, $1.id) }
        if traces.count > limit { traces.removeLast(traces.count - limit) }
        if traces.count == limit { worstStart = traces.last?.start }
    }
}
