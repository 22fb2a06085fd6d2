import TelemetryModel

/// One trace with everything that can be said about its spans from the tree alone.
struct AnalysedTrace {
    let tree: TraceTree
    let timing: TraceTiming
    /// `service.name` of each node, a symbol of the batch.
    let services: [SymbolTable.Symbol]
    /// For each node the node by which the call came into its service: itself, or one above it.
    let entries: [Int32]

    init(_ batch: SpanBatch, rows: [Int], clocks: [UInt32]) {
        let tree = TraceTree(batch, rows: rows)
        let services = tree.rows.map { batch.resources[Int(batch.rows[$0].resource)].serviceName }
        var entries = [Int32](repeating: 0, count: tree.count)
        for node in tree.order {
            let parent = Int(tree.parents[Int(node)])
            let kind = batch.rows[tree.rows[Int(node)]].kind
            let isEntry = parent < 0 || kind == .server || kind == .consumer || services[parent] != services[Int(node)]
            entries[Int(node)] = isEntry ? node : entries[parent]
        }
        self.tree = tree
        self.timing = TraceTiming(batch, tree, clocks: clocks)
        self.services = services
        self.entries = entries
    }

    /// Whether a call comes into the service with this node.
    func isEntry(_ node: Int) -> Bool { Int(entries[node]) == node }

    /// The span of a node.
    func span(_ node: Int, _ batch: SpanBatch) -> SpanRow { batch.rows[tree.rows[node]] }
}

/// The rows of a batch by trace, which may lie scattered, in the order of each trace's first row.
enum TraceGroups {
    static func rows(_ batch: SpanBatch) -> [[Int]] {
        var groups: [[Int]] = []
        var groupOfTrace: [TraceID: Int] = [:]
        var current = -1
        for (row, span) in batch.rows.enumerated() {
            if current < 0 || batch.rows[row - 1].traceID != span.traceID {
                if let known = groupOfTrace[span.traceID] {
                    current = known
                } else {
                    current = groups.count
                    groupOfTrace[span.traceID] = current
                    groups.append([])
                }
            }
            groups[current].append(row)
        }
        return groups
    }
}
