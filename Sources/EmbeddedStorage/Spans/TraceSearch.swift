import Storage
import TelemetryModel

/// Finds the traces with the latest start that satisfy a query.
///
/// The head is looked through first, then pages, latest first, until there are enough traces and no page left can have a
/// later one; pages whose zone says that nothing can match are passed over. A trace that stands whole in one place is decided
/// there. Of one that stands in several, each place says what it knows (a span matches, a span is in the range, the earliest
/// start), and it is decided when all that may matter have been asked.
struct TraceSearch {
    private typealias Place = PartedTraces.Place

    private let query: TraceQuery
    private let snapshot: SpanStore.Snapshot
    private let projection: SpanProjection
    private var parted: PartedTraces
    private var filters: [BlockFilter]
    private var found: LatestTraces
    /// What the places that were asked know of parted traces.
    private var known: [TraceID: Knowledge] = [:]
    private var asked: Set<Place> = []

    /// What is known of a trace that stands in several places.
    private struct Knowledge {
        var matches = false
        var isInRange = false
        var start = UInt64.max
    }

    /// Prepares a search; `parted` are the parted traces of the snapshot's blocks.
    init(_ query: TraceQuery, _ snapshot: SpanStore.Snapshot, _ parted: PartedTraces) {
        self.query = query
        self.snapshot = snapshot
        projection = SpanMatcher.projection(query)
        self.parted = parted
        filters = []
        found = LatestTraces(limit: query.limit)
    }

    /// The ids, latest start first.
    mutating func run() throws -> [TraceID] {
        if query.limit <= 0 || query.from > query.through { return [] }
        try parted.add(of: snapshot.head, snapshot.blocks)
        filters = snapshot.blocks.map { BlockFilter(query, $0) }
        try query.checkpoint()
        searchHead()
        let pages = candidatePages()
        var nextPage = 0
        var nextTrace = 0
        while nextPage < pages.count || nextTrace < parted.traces.count {
            let pageStart = nextPage < pages.count ? pages[nextPage].latestStart : 0
            let traceStart = nextTrace < parted.traces.count ? parted.traces[nextTrace].latestStart : 0
            if let worst = found.worstStart, max(pageStart, traceStart) < worst { break }
            if nextTrace == parted.traces.count || (nextPage < pages.count && pageStart >= traceStart) {
                try ask(pages[nextPage].place)
                nextPage += 1
            } else {
                try decide(parted.traces[nextTrace])
                nextTrace += 1
            }
        }
        return found.sorted()
    }

    private func isInRange(_ start: UInt64) -> Bool { start >= query.from && start <= query.through }

    // MARK: - The head

    private mutating func searchHead() {
        let head = snapshot.head
        var isDecided = [Bool](repeating: false, count: head.traces.count)
        // What came last starts late, as a rule: once there are enough traces, most of the older rows cost one comparison.
        for batch in head.batches.reversed() {
            let spans = batch.spans
            let matcher = SpanMatcher(query, spans)
            if matcher.matchesNothing { continue }
            var last = TraceID(high: 0, low: 0)
            for row in spans.rows {
                if let worst = found.worstStart, row.start < worst { continue }
                if row.traceID == last || !matcher.matches(row) { continue }
                last = row.traceID
                guard let number = head.number(of: last), !isDecided[number] else { continue }
                isDecided[number] = true
                if parted.contains(last) {
                    known[last, default: Knowledge()].matches = true
                } else if isInRange(row.start) || head.contains(number, where: { isInRange($0.start) }) {
                    found.insert(last, start: head.traces[number].start)
                }
            }
        }
        for (number, trace) in head.traces.enumerated() where trace.isParted {
            let isInRange = head.contains(number) { self.isInRange($0.start) }
            note(trace.id, matches: false, isInRange: isInRange, start: trace.start)
        }
    }

    private mutating func note(_ id: TraceID, matches: Bool, isInRange: Bool, start: UInt64) {
        var knowledge = known[id] ?? Knowledge()
        knowledge.matches = knowledge.matches || matches
        knowledge.isInRange = knowledge.isInRange || isInRange
        knowledge.start = min(knowledge.start, start)
        known[id] = knowledge
    }

    // MARK: - Blocks

    /// The pages that may have a trace that satisfies the query, those with the latest start first.
    private func candidatePages() -> [(latestStart: UInt64, place: Place)] {
        var pages: [(latestStart: UInt64, place: Place)] = []
        for (index, block) in snapshot.blocks.enumerated()
        where block.meta.minimumStart <= query.through && block.meta.maximumStart >= query.from && filters[index].mayMatch {
            for (number, zone) in block.zones.enumerated()
            where zone.overlaps(from: query.from, through: query.through) && filters[index].mayMatch(zone) {
                pages.append((zone.maximumTraceStart, Place(block: index, page: number)))
            }
        }
        pages.sort { ($0.latestStart, $0.place.block, $0.place.page) > ($1.latestStart, $1.place.block, $1.place.page) }
        return pages
    }

    /// Decides the whole traces of a page, and notes what it knows of the parted ones.
    private mutating func ask(_ place: Place) throws {
        if !asked.insert(place).inserted { return }
        try query.checkpoint()
        let page = try snapshot.blocks[place.block].page(place.page, projection).spans
        let matcher = SpanMatcher(query, page)
        let hasParted = parted.pages.contains(place)
        if matcher.matchesNothing && !hasParted { return }
        for rows in page.traceRuns {
            let first = rows.lowerBound
            let id = page.rows[first].traceID
            if hasParted, parted.contains(id) {
                note(
                    id, matches: rows.contains { matcher.matches(page.rows[$0]) },
                    isInRange: rows.contains { isInRange(page.rows[$0].start) }, start: page.rows[first].start)
            } else if rows.contains(where: { matcher.matches(page.rows[$0]) }),
                rows.contains(where: { isInRange(page.rows[$0].start) })
            {
                found.insert(id, start: page.rows[first].start)
            }
        }
    }

    /// Decides a trace that stands in several places: first those where a span may match, then all.
    private mutating func decide(_ trace: PartedTraces.Trace) throws {
        let isNear = trace.places.contains {
            snapshot.blocks[$0.block].zones[$0.page].overlaps(from: query.from, through: query.through)
        }
        if !isNear, known[trace.id]?.isInRange != true { return }
        for place in trace.places where filters[place.block].mayMatch(snapshot.blocks[place.block].zones[place.page]) {
            try ask(place)
        }
        guard known[trace.id]?.matches == true else { return }
        for place in trace.places { try ask(place) }
        if let knowledge = known[trace.id], knowledge.isInRange { found.insert(trace.id, start: knowledge.start) }
    }
}

/// What the zones of a block's pages are asked for a query.
private struct BlockFilter {
    private let query: TraceQuery
    private let service: UInt32?
    private let operation: UInt32?
    private let isError: Bool
    /// Whether any page may have a match.
    let mayMatch: Bool

    init(_ query: TraceQuery, _ block: SpanBlock) {
        func number(_ name: String?) -> UInt32? {
            name.flatMap { block.names.firstIndex(of: $0) }.map { UInt32($0) }
        }
        self.query = query
        service = number(query.service)
        operation = number(query.operation)
        isError = query.keys.contains("error") || query.tags.contains { $0.key == "error" }
        mayMatch = true
    }

    /// Whether a span of the page may match; when it starts is not looked at.
    func mayMatch(_ zone: PageZone) -> Bool {
        if let least = query.minimumDuration, zone.maximumDuration < least { return false }
        if isError, !zone.hasError { return false }
        return Self.mayMatch(query.service, service, zone.services) && Self.mayMatch(query.operation, operation, zone.operations)
    }

    private static func mayMatch(_ name: String?, _ number: UInt32?, _ listed: [UInt32]?) -> Bool {
        guard name != nil, let listed else { return true }
        return number.map(listed.contains) ?? false
    }
}
