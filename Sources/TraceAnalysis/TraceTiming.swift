import TelemetryModel

/// The times of a trace's nodes, corrected for clocks that differ, and what follows from them.
public struct TraceTiming: Sendable {
    /// Nanoseconds since 1970 from which the others count: the earliest raw start.
    public let base: UInt64
    /// Corrected start of each node, nanoseconds from ``base``.
    public private(set) var starts: [Int64]
    /// Corrected end of each node, nanoseconds from ``base``; never before its start.
    public private(set) var ends: [Int64]
    /// What was added to the times of each node, nanoseconds.
    public let offsets: [Int64]
    /// Whether nobody waits for the node: a consumer of a message.
    public let isAsynchronous: [Bool]

    /// Times beyond this distance from the beginning of their trace, some 73 years, are drawn in, so that sums never overflow.
    static let distanceLimit: Int64 = 1 << 61

    /// Corrects the times of a trace.
    public init(_ batch: SpanBatch, _ tree: TraceTree) { self.init(batch, tree, clocks: ClockSkew.clocks(batch)) }

    /// Corrects the times of a trace of a batch whose clocks are known.
    public init(_ batch: SpanBatch, _ tree: TraceTree, clocks: [UInt32]) {
        let base = tree.rows.first.map { batch.rows[$0].start } ?? 0
        let offsets = ClockSkew.offsets(batch, tree, clocks: clocks)
        self.base = base
        starts = []
        ends = []
        starts.reserveCapacity(tree.count)
        ends.reserveCapacity(tree.count)
        for (node, row) in tree.rows.enumerated() {
            let span = batch.rows[row]
            let start = Self.clamped(Self.difference(span.start, base) &+ (offsets?[node] ?? 0))
            starts.append(start)
            ends.append(start &+ Self.clamped(Int64(clamping: span.duration)))
        }
        self.offsets = offsets ?? [Int64](repeating: 0, count: tree.count)
        isAsynchronous = tree.rows.indices.map { node in
            tree.parents[node] >= 0 && batch.rows[tree.rows[node]].kind == .consumer
        }
    }

    /// Signed `a - b`, drawn in to ``distanceLimit``.
    static func difference(_ a: UInt64, _ b: UInt64) -> Int64 {
        a >= b ? clamped(Int64(clamping: a - b)) : -clamped(Int64(clamping: b - a))
    }

    private static func clamped(_ value: Int64) -> Int64 { min(max(value, -distanceLimit), distanceLimit) }

    /// For each node the time in which none of the children that it waits for ran, nanoseconds.
    public func selfTimes(_ tree: TraceTree) -> [UInt64] {
        // Children come by rising raw start; a correction can change that.
        let isCorrected = offsets.contains { $0 != 0 }
        return (0..<tree.count).map { node in
            let (start, end) = (starts[node], ends[node])
            var covered: Int64 = 0
            var reached = start
            var children = tree.children(node)
            if isCorrected { children = ArraySlice(children.sorted { starts[Int($0)] < starts[Int($1)] }) }
            for child in children where !isAsynchronous[Int(child)] {
                let from = max(starts[Int(child)], reached)
                let to = min(ends[Int(child)], end)
                if to > from {
                    covered &+= to &- from
                    reached = to
                }
            }
            return UInt64(clamping: end &- start &- covered)
        }
    }
}
