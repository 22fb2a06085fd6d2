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
    /// Of the blocks that were looked into.
    private var filters: [Int: BlockFilter] = [:]
    private var found: LatestTraces
    /// What the places that were asked know of parted traces.
    private var known: [TraceID: Knowledge] = [:]
    private var asked: Set<Place> = []
    /// The bytes of candidates so far, which are kept for who asks for the traces.
    private var keptByteCount = 0

    /// One search fills a third of the cache with traces at most: those found first are asked for first, and must still be there.
    private static let keptShare = 3

    /// A block or a page, and the latest start that a trace there may have.
    private struct Candidate {
        var latestStart: UInt64
        var place: Place

        static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
            (a.latestStart, a.place.block, a.place.page) < (b.latestStart, b.place.block, b.place.page)
        }
    }

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
        found = LatestTraces(limit: query.limit)
    }

    /// The ids, latest start first.
    mutating func run() throws -> [TraceID] {
        if query.limit <= 0 || query.from > query.through { return [] }
        try parted.add(of: snapshot.head, snapshot.blocks)
        try query.checkpoint()
        searchHead()
        var blocks = blocksInRange()
        var pages: [Candidate] = []
        var nextTrace = 0
        // Blocks and pages are taken from the end. A block is looked into when nothing else may have a later trace.
        while !blocks.isEmpty || !pages.isEmpty || nextTrace < parted.traces.count {
            let blockStart = blocks.last?.latestStart ?? 0
            let pageStart = pages.last?.latestStart ?? 0
            let traceStart = nextTrace < parted.traces.count ? parted.traces[nextTrace].latestStart : 0
            if let worst = found.worstStart, max(blockStart, pageStart, traceStart) < worst { break }
            if let block = blocks.last, blockStart >= max(pageStart, traceStart) {
                blocks.removeLast()
                pages += try candidates(block.place.block)
                pages.sort(by: Candidate.precedes)
            } else if let page = pages.last, pageStart >= traceStart {
                pages.removeLast()
                try ask(page.place)
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

    /// The blocks that have a span in the range, those with the latest trace last.
    private func blocksInRange() -> [Candidate] {
        var blocks: [Candidate] = []
        for (index, block) in snapshot.blocks.enumerated()
        where block.meta.minimumStart <= query.through && block.meta.maximumStart >= query.from {
            let latest = block.zones.lazy.filter { isNear($0) }.map(\.maximumTraceStart).max()
            if let latest { blocks.append(Candidate(latestStart: latest, place: Place(block: index, page: 0))) }
        }
        return blocks.sorted(by: Candidate.precedes)
    }

    /// The pages of a block that may have a trace that satisfies the query.
    private mutating func candidates(_ block: Int) throws -> [Candidate] {
        let filter = try filter(block)
        var pages: [Candidate] = []
        for (number, zone) in snapshot.blocks[block].zones.enumerated() where isNear(zone) && filter.mayMatch(page: number) {
            pages.append(Candidate(latestStart: zone.maximumTraceStart, place: Place(block: block, page: number)))
        }
        return pages
    }

    private func isNear(_ zone: PageZone) -> Bool { zone.overlaps(from: query.from, through: query.through) }

    private mutating func filter(_ block: Int) throws -> BlockFilter {
        if let known = filters[block] { return known }
        let filter = try BlockFilter(query, snapshot.blocks[block])
        filters[block] = filter
        return filter
    }

    /// Decides the whole traces of a page, and notes what it knows of the parted ones.
    private mutating func ask(_ place: Place) throws {
        if !asked.insert(place).inserted { return }
        try query.checkpoint()
        let block = snapshot.blocks[place.block]
        if parted.pages.contains(place) {
            let page = try block.page(place.page, projection).spans
            return note(page, SpanMatcher(query, page))
        }
        let candidates = try block.candidates(
            place.page, query, projection, mayMatchResources: try filter(place.block).mayMatchResources,
            keepsTraces: keptByteCount < block.cache.byteLimit / Self.keptShare)
        for spans in candidates {
            keptByteCount += spans.byteCount
            let matcher = SpanMatcher(query, spans.spans)
            if !matcher.matchesNothing { decide(spans.spans, matcher) }
        }
    }

    /// Decides traces of a page of which none has a part elsewhere.
    private mutating func decide(_ page: SpanBatch, _ matcher: SpanMatcher) {
        page.rows.withUnsafeBufferPointer { rows in
            var index = 0
            while index < rows.count {
                // No trace starts later than one of its spans.
                let isLate = found.worstStart.map { rows[index].start >= $0 } ?? true
                guard isLate, matcher.matches(rows[index]) else {
                    index += 1
                    continue
                }
                let id = rows[index].traceID
                var first = index
                while first > 0, rows[first - 1].traceID == id { first -= 1 }
                var end = index + 1
                while end < rows.count, rows[end].traceID == id { end += 1 }
                if (first..<end).contains(where: { isInRange(rows[$0].start) }) { found.insert(id, start: rows[first].start) }
                index = end
            }
        }
    }

    /// Decides the whole traces of a page, and notes what it knows of the others.
    private mutating func note(_ page: SpanBatch, _ matcher: SpanMatcher) {
        for rows in page.traceRuns {
            let first = page.rows[rows.lowerBound]
            let isMatch = rows.contains { matcher.matches(page.rows[$0]) }
            let isNear = rows.contains { isInRange(page.rows[$0].start) }
            if parted.contains(first.traceID) {
                note(first.traceID, matches: isMatch, isInRange: isNear, start: first.start)
            } else if isMatch, isNear {
                found.insert(first.traceID, start: first.start)
            }
        }
    }

    /// Decides a trace that stands in several places: first those where a span may match, then all.
    private mutating func decide(_ trace: PartedTraces.Trace) throws {
        let isNear = trace.places.contains { self.isNear(snapshot.blocks[$0.block].zones[$0.page]) }
        if !isNear, known[trace.id]?.isInRange != true { return }
        for place in trace.places where try filter(place.block).mayMatch(page: place.page) {
            try ask(place)
        }
        guard known[trace.id]?.matches == true else { return }
        for place in trace.places { try ask(place) }
        if let knowledge = known[trace.id], knowledge.isInRange { found.insert(trace.id, start: knowledge.start) }
    }
}
