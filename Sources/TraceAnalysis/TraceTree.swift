import TelemetryModel

/// The spans of one trace as a tree, or as several where parents are missing.
///
/// Nodes are numbered by rising start (then by span id), so that answers do not depend on the order of arrival. No part
/// of it recurses: a trace of 100,000 spans in one line of callers is a trace like any other.
public struct TraceTree: Sendable {
    /// The row of the batch behind each node.
    public private(set) var rows: [Int]
    /// The node that called each node, or -1.
    public private(set) var parents: [Int32]
    /// For each node, how many spans are above it.
    public private(set) var depths: [Int32]
    /// Whether the node names a parent that is not there.
    public private(set) var isParentMissing: [Bool]
    /// Every node, a parent before its children, children by rising number.
    public private(set) var order: [Int32]
    /// The nodes without a parent, by rising number.
    public private(set) var roots: [Int32]
    private var childStarts: [Int32]
    private var childList: [Int32]

    /// How many spans there are.
    public var count: Int { rows.count }

    /// The nodes that `node` called, by rising number.
    public func children(_ node: Int) -> ArraySlice<Int32> {
        childList[Int(childStarts[node])..<Int(childStarts[node + 1])]
    }

    /// Where the trace begins: the first root that names no parent, else the first root; nil without spans.
    public var mainRoot: Int? {
        (roots.first { !isParentMissing[Int($0)] } ?? roots.first).map(Int.init)
    }

    /// Makes the tree of all spans of a batch, which must belong to one trace.
    public init(_ batch: SpanBatch) { self.init(batch, rows: Array(batch.rows.indices)) }

    /// Makes the tree of some rows of a batch, which must belong to one trace.
    ///
    /// A parent is looked for by its id; where a client and a server share an id, the server's half is the child of the
    /// client's half and the parent of everything else. Of several spans with one identity the first is the parent. Where
    /// parent ids go round in a circle, the earliest span of the circle becomes a root.
    public init(_ batch: SpanBatch, rows unsorted: [Int]) {
        let rows = Self.sorted(unsorted, batch)
        self.rows = rows
        isParentMissing = [Bool](repeating: false, count: rows.count)
        parents = [Int32](repeating: -1, count: rows.count)
        let index = SpanIndex(batch, rows)
        for node in rows.indices {
            let parent = index.parent(of: node)
            parents[node] = Int32(truncatingIfNeeded: parent)
            isParentMissing[node] = parent < 0 && !batch.rows[rows[node]].parentSpanID.isZero
        }
        Self.cutCircles(&parents)
        (childStarts, childList) = Self.childLists(parents)
        roots = []
        for node in parents.indices where parents[node] < 0 { roots.append(Int32(truncatingIfNeeded: node)) }
        depths = [Int32](repeating: 0, count: rows.count)
        order = []
        walk()
    }

    private static func sorted(_ rows: [Int], _ batch: SpanBatch) -> [Int] {
        func precedes(_ a: Int, _ b: Int) -> Bool {
            let (x, y) = (batch.rows[a], batch.rows[b])
            if x.start != y.start { return x.start < y.start }
            if x.spanID != y.spanID { return x.spanID < y.spanID }
            return x.side.rawValue < y.side.rawValue
        }
        for index in rows.indices.dropFirst() where precedes(rows[index], rows[index - 1]) {
            return rows.sorted(by: precedes)
        }
        return rows
    }

    private static func cutCircles(_ parents: inout [Int32]) {
        // 0 not seen, 1 on the way up that is being walked, 2 known to end at a root.
        var state = [UInt8](repeating: 0, count: parents.count)
        for start in parents.indices where state[start] == 0 {
            var node = start
            while state[node] == 0 {
                state[node] = 1
                if parents[node] < 0 { break }
                node = Int(parents[node])
            }
            if state[node] == 1, parents[node] >= 0 {
                // Back on the way itself: a circle. Its earliest node becomes a root.
                var earliest = node
                var next = Int(parents[node])
                state[node] = 2
                while next != node {
                    state[next] = 2
                    earliest = min(earliest, next)
                    next = Int(parents[next])
                }
                parents[earliest] = -1
            }
            node = start
            while state[node] == 1 {
                state[node] = 2
                if parents[node] < 0 { break }
                node = Int(parents[node])
            }
        }
    }

    private static func childLists(_ parents: [Int32]) -> (starts: [Int32], list: [Int32]) {
        var starts = [Int32](repeating: 0, count: parents.count + 1)
        for parent in parents where parent >= 0 { starts[Int(parent) + 1] += 1 }
        for node in parents.indices { starts[node + 1] += starts[node] }
        var list = [Int32](repeating: 0, count: Int(starts[parents.count]))
        var next = starts
        for node in parents.indices where parents[node] >= 0 {
            let parent = Int(parents[node])
            list[Int(next[parent])] = Int32(truncatingIfNeeded: node)
            next[parent] += 1
        }
        return (starts, list)
    }

    private mutating func walk() {
        order.reserveCapacity(rows.count)
        var waiting = Array(roots.reversed())
        while let node = waiting.popLast() {
            order.append(node)
            for child in children(Int(node)).reversed() {
                depths[Int(child)] = depths[Int(node)] + 1
                waiting.append(child)
            }
        }
    }
}

/// Finds the nodes of a trace by span id: open addressing over the ids, because a dictionary for every trace costs more
/// than everything else that is done with it.
struct SpanIndex {
    private struct Entry {
        var id: SpanID
        var parent: SpanID
        var side: SpanSide
    }

    private let entries: [Entry]
    /// Node + 1, or 0 for a free slot.
    private var slots: [Int32]
    private let mask: Int

    init(_ batch: SpanBatch, _ rows: [Int]) {
        entries = rows.map { Entry(id: batch.rows[$0].spanID, parent: batch.rows[$0].parentSpanID, side: batch.rows[$0].side) }
        var size = 8
        while size < rows.count * 2 { size *= 2 }
        mask = size - 1
        slots = [Int32](repeating: 0, count: size)
        for node in rows.indices {
            var slot = Self.slot(entries[node].id) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(truncatingIfNeeded: node + 1)
        }
    }

    private static func slot(_ id: SpanID) -> Int {
        Int(truncatingIfNeeded: (id.value &* 0x9E37_79B9_7F4A_7C15) >> 20)
    }

    /// The first node with this id on the side given, or -1.
    func find(_ id: SpanID, _ side: SpanSide) -> Int {
        var slot = Self.slot(id) & mask
        var found = -1
        while slots[slot] != 0 {
            let node = Int(slots[slot] - 1)
            if entries[node].id == id, entries[node].side == side, found < 0 || node < found { found = node }
            slot = (slot + 1) & mask
        }
        return found
    }

    /// The node that called `node`, or -1.
    func parent(of node: Int) -> Int {
        let span = entries[node]
        if span.side == .sharedServer {
            let client = find(span.id, .own)
            if client >= 0 { return client }
        }
        if span.parent.isZero || span.parent == span.id { return -1 }
        let server = find(span.parent, .sharedServer)
        return server >= 0 ? server : find(span.parent, .own)
    }
}
