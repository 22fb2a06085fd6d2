/// The traces of the longest of some durations, each once, the slowest first; of equals those of the smaller id.
public struct SlowestTraces: Hashable, Sendable {
    /// A trace and the longest duration that was seen of it.
    private struct Entry: Hashable, Sendable {
        var nanoseconds: UInt64
        var trace: TraceID
    }

    private var entries: [Entry] = []

    /// How many traces are kept.
    public static let limit = 5

    /// No traces.
    public init() {}

    /// The ids, the slowest first.
    public var traceIDs: [TraceID] { entries.map(\.trace) }

    /// Shorter durations change nothing.
    public var leastNanoseconds: UInt64 { entries.count < Self.limit ? 0 : entries[Self.limit - 1].nanoseconds }

    /// Takes in a duration in a trace.
    public mutating func add(_ nanoseconds: UInt64, _ trace: TraceID) {
        if entries.count == Self.limit, let last = entries.last, (last.nanoseconds, trace) >= (nanoseconds, last.trace) { return }
        if let known = entries.firstIndex(where: { $0.trace == trace }) {
            if entries[known].nanoseconds >= nanoseconds { return }
            entries.remove(at: known)
        }
        let place = entries.firstIndex { ($0.nanoseconds, trace) < (nanoseconds, $0.trace) } ?? entries.count
        entries.insert(Entry(nanoseconds: nanoseconds, trace: trace), at: place)
        if entries.count > Self.limit { entries.removeLast() }
    }
}
