import TelemetryModel

/// What a trace waited for: going back from the end of its root, always into the child that ended last before the point
/// reached (Z. Zhang et al., CRISP, USENIX ATC 2022).
///
/// Its segments follow each other without gaps, so their lengths add up to the root's duration. A child for which nobody
/// waits is never on it. What a child does after its parent's end does not count. Children that overlap by no more than
/// one part in ``overlapTolerance`` of the earlier one's length count as following each other: clocks are no better than that.
public struct CriticalPath: Sendable {
    /// A node for which the trace waited, and from when to when.
    public struct Segment: Sendable, Hashable {
        /// The node of the tree.
        public var node: Int
        /// Nanoseconds from the base of the timing.
        public var from: Int64
        /// Nanoseconds from the base of the timing.
        public var to: Int64
    }

    /// By rising time.
    public private(set) var segments: [Segment] = []

    static let overlapTolerance: Int64 = 100

    /// Follows the path below `root`.
    public init(_ tree: TraceTree, _ timing: TraceTiming, root: Int) {
        var frames = [Frame(root, tree, timing, from: timing.starts[root], to: timing.ends[root])]
        while !frames.isEmpty {
            let last = frames.count - 1
            if let child = frames[last].nextChild(timing) {
                let node = frames[last].node
                let begin = max(timing.starts[child], frames[last].from)
                let end = min(timing.ends[child], frames[last].reached)
                append(node, end, frames[last].reached)
                frames[last].reached = begin
                frames.append(Frame(child, tree, timing, from: begin, to: end))
            } else {
                append(frames[last].node, frames[last].from, frames[last].reached)
                frames.removeLast()
            }
        }
        segments.reverse()
    }

    /// Time on the path for each node, nanoseconds.
    public func times(nodeCount: Int) -> [UInt64] {
        var times = [UInt64](repeating: 0, count: nodeCount)
        for segment in segments { times[segment.node] &+= UInt64(clamping: segment.to &- segment.from) }
        return times
    }

    private mutating func append(_ node: Int, _ from: Int64, _ to: Int64) {
        if to > from { segments.append(Segment(node: node, from: from, to: to)) }
    }

    /// A node whose time is being walked backwards.
    private struct Frame {
        let node: Int
        let from: Int64
        let end: Int64
        /// Everything after this is done.
        var reached: Int64
        /// By falling end.
        private let children: [Int32]
        private var next = 0

        init(_ node: Int, _ tree: TraceTree, _ timing: TraceTiming, from: Int64, to: Int64) {
            self.node = node
            self.from = from
            end = to
            reached = to
            var children = Array(tree.children(node))
            if children.count > 1 {
                children.sort { (timing.ends[Int($0)], $0) > (timing.ends[Int($1)], $1) }
            }
            self.children = children
        }

        mutating func nextChild(_ timing: TraceTiming) -> Int? {
            while next < children.count {
                let child = Int(children[next])
                next += 1
                let (start, finish) = (timing.starts[child], timing.ends[child])
                if timing.isAsynchronous[child] || min(finish, reached) <= max(start, from) { continue }
                let overlap = finish &- reached
                if overlap <= 0 || reached == end || overlap <= (finish &- start) / CriticalPath.overlapTolerance { return child }
            }
            return nil
        }
    }
}
