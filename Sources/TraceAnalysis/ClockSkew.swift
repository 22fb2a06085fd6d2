import TelemetryModel

/// How far the clocks of a trace's hosts differ, as far as its calls bound it.
///
/// A server works on a call only while its client waits: the server's span lies within the client's. Every call between
/// two clocks bounds their difference from both sides. If no difference satisfies the bounds, none is corrected; if
/// "none" does, none is corrected; else the middle is taken.
public enum ClockSkew {
    /// What is to be added to the times of each node, nanoseconds; nil when every clock is right.
    ///
    /// `clocks` says for each resource of the batch which clock its spans were read from, see ``clocks(_:)``.
    public static func offsets(_ batch: SpanBatch, _ tree: TraceTree, clocks: [UInt32]) -> [Int64]? {
        var bounds: [ClockPair: Bounds] = [:]
        var isSuspect = false
        for node in 0..<tree.count {
            guard let call = Call(batch, tree, clocks, node) else { continue }
            if call.bounds.low > 0 || call.bounds.high < 0 { isSuspect = true }
            bounds[call.pair, default: Bounds()].narrow(call.bounds)
        }
        guard isSuspect else { return nil }
        var offsetOfClock: [UInt32: Int64] = [:]
        for node in tree.order {
            let clock = clocks[Int(batch.rows[tree.rows[Int(node)]].resource)]
            if offsetOfClock[clock] != nil { continue }
            guard let call = Call(batch, tree, clocks, Int(node)), let known = offsetOfClock[call.pair.caller] else {
                offsetOfClock[clock] = 0
                continue
            }
            offsetOfClock[clock] = known &+ (bounds[call.pair]?.correction ?? 0)
        }
        return tree.rows.map { offsetOfClock[clocks[Int(batch.rows[$0].resource)]] ?? 0 }
    }

    /// The clock of each resource of a batch: one a host, or one for all resources that are equal and do not name their
    /// host. Equal resources may stand in a batch several times, which must not matter.
    public static func clocks(_ batch: SpanBatch) -> [UInt32] {
        let keys = [SemanticConventions.hostID, SemanticConventions.hostName].compactMap { batch.symbols.find($0) }
        var clockOfContent: [[UInt64]: UInt32] = [:]
        return batch.resources.indices.map { index in
            let attributes = batch.resources[index].attributes
            for key in keys {
                if let row = batch.attribute(key, in: attributes), row.type == .string, row.payload != 0 {
                    return UInt32(truncatingIfNeeded: row.payload)
                }
            }
            // Symbols stand for equal bytes within a batch.
            let content = attributes.indices.flatMap { place in
                let row = batch.attributes[place]
                return [UInt64(row.key) << 8 | UInt64(row.type.rawValue), row.payload]
            }
            let next = UInt32(truncatingIfNeeded: batch.symbols.count + index)
            if let known = clockOfContent[content] { return known }
            clockOfContent[content] = next
            return next
        }
    }

    private struct ClockPair: Hashable {
        var caller: UInt32
        var callee: UInt32
    }

    /// What may be added to the callee's clock, nanoseconds, both ends included.
    private struct Bounds {
        var low = Int64.min
        var high = Int64.max

        mutating func narrow(_ other: Bounds) {
            low = max(low, other.low)
            high = min(high, other.high)
        }

        var correction: Int64 {
            if low > high || (low <= 0 && high >= 0) { return 0 }
            return low / 2 + high / 2
        }
    }

    /// A call from one clock to another.
    private struct Call {
        var pair: ClockPair
        var bounds: Bounds

        /// Nil when `node` is no server called by a waiting span with another clock, or cannot lie within its caller.
        init?(_ batch: SpanBatch, _ tree: TraceTree, _ clocks: [UInt32], _ node: Int) {
            let parent = Int(tree.parents[node])
            guard parent >= 0 else { return nil }
            let callee = batch.rows[tree.rows[node]]
            let caller = batch.rows[tree.rows[parent]]
            let pair = ClockPair(caller: clocks[Int(caller.resource)], callee: clocks[Int(callee.resource)])
            guard pair.caller != pair.callee, callee.kind == .server, caller.kind != .producer,
                callee.duration <= caller.duration
            else { return nil }
            self.pair = pair
            bounds = Bounds(
                low: TraceTiming.difference(caller.start, callee.start), high: TraceTiming.difference(caller.end, callee.end))
        }
    }
}
