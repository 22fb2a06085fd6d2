import TelemetryModel
import TraceAnalysis

/// Which of the traces that leave the head stay to be seen, and which are held back.
struct CutPlan {
    /// What goes into one block.
    struct Part {
        /// The head, and behind its spans those that were held back and are to be seen after all.
        var head: SpanHead
        /// The traces of the head that go into the block.
        var included: [Bool]
        /// Those of them that have got back what was held back of them.
        var restored: Set<Int> = []
        /// What the block says about them.
        var sampling = SamplingSection()
        /// The log records up to which nothing is needed any more when the block is there.
        var logThrough: UInt64 = 0
    }

    /// The blocks to be written, in this order; those whose spans are held back first.
    private(set) var parts: [Part] = []

    /// Decides about the `chosen` traces of the head. A late part goes with the part that is to be seen already; where only a
    /// part is that was held back, and the late one is to be kept, that part comes back.
    init(_ head: SpanHead, _ chosen: [Bool], _ blocks: [SpanBlock], held: [SpanBlock], _ store: SpanStore) throws {
        var kept = Part(head: head, included: chosen)
        if store.options.sampling.isOff, held.isEmpty {
            parts = [kept]
            return
        }
        var heldBack = Part(head: head, included: chosen.map { _ in false })
        heldBack.sampling.heldUntil = max(1, store.time.now() &+ store.options.sampling.holdTime)
        let decisions = try store.decisions(head, chosen, blocks + held)
        for (number, trace) in head.traces.enumerated() where chosen[number] {
            if trace.isParted, try !Self.parts(of: trace.id, in: blocks).isEmpty { continue }
            let decision = decisions[trace.id] ?? SamplingDecisions.Decision(isKept: true, probability: 1)
            if !decision.isKept {
                kept.included[number] = false
                heldBack.included[number] = true
                continue
            }
            kept.sampling.note(trace.id, probability: decision.probability)
            guard trace.isParted else { continue }
            let found = try Self.parts(of: trace.id, in: held)
            if found.isEmpty { continue }
            var assembler = TraceAssembler()
            assembler.add(found)
            kept.head.insert(SharedSpanBatch(assembler.take()), arrival: trace.lastArrival)
            kept.restored.insert(number)
        }
        parts = [heldBack, kept].filter { $0.included.contains(true) }
    }

    private static func parts(of id: TraceID, in blocks: [SpanBlock]) throws -> [(source: Int, run: TraceRun)] {
        let hash = TraceFilter.hash(id)
        var found: [(source: Int, run: TraceRun)] = []
        for (number, block) in blocks.enumerated() where block.mayContain(hash) {
            found += try block.runs(of: id).map { (number, $0) }
        }
        return found
    }
}

extension SpanStore {
    /// What sampling says about the chosen traces of the head.
    fileprivate func decisions(
        _ head: SpanHead, _ chosen: [Bool], _ stored: [SpanBlock]
    ) throws -> [TraceID: SamplingDecisions.Decision] {
        let policy = options.sampling
        let source = HeadSource(head) { chosen[$0] }
        var (recent, rows) = (RollupTable(), RollupTable())
        if policy.slowerThanQuantile > 0 || policy.rareCalls > 0 {
            var builder = RollupBuilder()
            for number in 0..<source.pageCount { builder.add(try source.page(number).spans) }
            rows = builder.table().only(.operations)
        }
        if policy.slowerThanQuantile > 0 {
            let minute = Int64(time.now() / 60_000_000_000)
            for block in stored where block.meta.hasRollups((minute - 60)...minute) {
                recent.merge(try block.rollups().sums(minutes: (minute - 60)...minute, parts: .operations))
            }
        }
        let sampling = SamplingDecisions(policy, recent: recent, rows: rows)
        var decisions: [TraceID: SamplingDecisions.Decision] = [:]
        for number in 0..<source.pageCount {
            decisions.merge(sampling.decide(try source.page(number).spans)) { first, _ in first }
        }
        return decisions
    }

    /// With what probability a trace was kept; 1 when it was not left to chance.
    public func samplingProbability(of id: TraceID) throws -> Double {
        try reading { snapshot in
            let hash = TraceFilter.hash(id)
            return try snapshot.blocks.filter { $0.mayContain(hash) }.map { try $0.samplingProbability(ofHash: hash) }.min() ?? 1
        }
    }
}
