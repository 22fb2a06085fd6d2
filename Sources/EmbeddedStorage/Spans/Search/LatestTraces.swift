import TelemetryModel

/// The traces with the latest starts among those that were inserted.
struct LatestTraces {
    private let limit: Int
    private var traces: [(id: TraceID, start: UInt64)] = []

    /// The start of the last one that still counts, once there are enough.
    private(set) var worstStart: UInt64?

    init(limit: Int) { self.limit = limit }

    /// Takes a trace in, which has not been here before.
    mutating func insert(_ id: TraceID, start: UInt64) {
        if let worstStart, start < worstStart { return }
        traces.append((id, start))
        // Sorted now and then, so that an insertion costs little and memory stays within twice the limit.
        if traces.count == limit || traces.count / 2 >= limit { prune() }
    }

    /// The ids, latest start first; equal starts by falling id.
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
