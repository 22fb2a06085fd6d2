import TelemetryModel

/// For each row of a batch of whole traces: the time of its own, and its time on the critical path of its trace.
public struct SpanTimes: Sendable {
    /// Nanoseconds in which none of the children that the span waits for ran, by row.
    public private(set) var selfNanoseconds: [UInt64]
    /// Nanoseconds for which the trace waited for the span itself, by row.
    public private(set) var criticalNanoseconds: [UInt64]

    /// Computes the times of a batch; the spans of a trace may lie scattered.
    public init(_ batch: SpanBatch) {
        selfNanoseconds = [UInt64](repeating: 0, count: batch.count)
        criticalNanoseconds = [UInt64](repeating: 0, count: batch.count)
        let clocks = ClockSkew.clocks(batch)
        for rows in TraceGroups.rows(batch) {
            let tree = TraceTree(batch, rows: rows)
            guard let root = tree.mainRoot else { continue }
            let timing = TraceTiming(batch, tree, clocks: clocks)
            let own = timing.selfTimes(tree)
            let critical = CriticalPath(tree, timing, root: root).times(nodeCount: tree.count)
            for (node, row) in tree.rows.enumerated() {
                selfNanoseconds[row] = own[node]
                criticalNanoseconds[row] = critical[node]
            }
        }
    }
}
