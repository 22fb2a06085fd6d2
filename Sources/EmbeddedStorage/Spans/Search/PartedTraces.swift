import TelemetryModel

/// The traces that stand in several places of some blocks, and in which: what is asked about such a trace is asked of all
/// its parts. It is made once for a list of blocks and used until the list changes.
struct PartedTraces: Sendable {
    /// A page of one of the blocks.
    struct Place: Hashable, Sendable {
        /// The index of the block in the list.
        var block: Int
        /// The page.
        var page: Int
    }

    /// A trace.
    struct Trace: Sendable {
        /// Its id.
        var id: TraceID
        /// It starts no later than this, nanoseconds since 1970.
        var latestStart: UInt64
        /// The pages where its parts are. One more is possible where two traces have the same hash.
        var places: [Place]
    }

    /// The traces, those that may start last first.
    private(set) var traces: [Trace] = []
    private var numbers: [TraceID: Int] = [:]
    /// The pages that have a part of one of them.
    private(set) var pages: Set<Place> = []

    /// None.
    init() {}

    /// The traces that the blocks themselves call parted.
    init(of blocks: [SpanBlock]) throws {
        var ids: Set<TraceID> = []
        for block in blocks { ids.formUnion(block.parted) }
        for id in ids { try add(id, blocks) }
        sort()
    }

    /// Adds traces of the head of which blocks have spans too.
    mutating func add(of head: SpanHead, _ blocks: [SpanBlock]) throws {
        let count = traces.count
        for trace in head.traces where trace.isParted && numbers[trace.id] == nil { try add(trace.id, blocks) }
        if traces.count > count { sort() }
    }

    private mutating func add(_ id: TraceID, _ blocks: [SpanBlock]) throws {
        let hash = TraceFilter.hash(id)
        var trace = Trace(id: id, latestStart: .max, places: [])
        for (index, block) in blocks.enumerated() where block.mayContain(hash) {
            for page in try block.pages(ofHash: hash) {
                trace.places.append(Place(block: index, page: page))
                trace.latestStart = min(trace.latestStart, block.zones[page].maximumTraceStart)
            }
        }
        pages.formUnion(trace.places)
        traces.append(trace)
    }

    private mutating func sort() {
        traces.sort { ($0.latestStart, $0.id) > ($1.latestStart, $1.id) }
        for (number, trace) in traces.enumerated() { numbers[trace.id] = number }
    }

    /// Whether this is a parted trace.
    func contains(_ id: TraceID) -> Bool { numbers[id] != nil }

    /// The pages where the parts of a trace are.
    func places(of id: TraceID) -> [Place] { numbers[id].map { traces[$0].places } ?? [] }
}
