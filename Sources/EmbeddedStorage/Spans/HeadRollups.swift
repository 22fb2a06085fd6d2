import Synchronization
import TelemetryModel

/// The rollups of the head. Traces are taken in groups in the order in which they were first seen; a group whose traces have
/// got no span since it was asked for last is not computed again, and most have not: traces end within seconds.
final class HeadRollups: Sendable {
    private struct Group {
        var spanCount: Int
        var table: RollupTable
    }

    private struct State {
        var generation: UInt64 = 0
        var groups: [Group] = []
    }

    /// How many traces make a group.
    private static let groupTraceCount = 128
    private let state = Mutex(State())
    private let rollup: @Sendable (SpanBatch) -> RollupTable

    init(rollup: @escaping @Sendable (SpanBatch) -> RollupTable) { self.rollup = rollup }

    /// The sums over all traces of the head.
    func table(_ head: SpanHead) -> RollupTable {
        var groups = state.withLock { $0.generation == head.generation ? $0.groups : [] }
        var table = RollupTable()
        for (number, start) in stride(from: 0, to: head.traces.count, by: Self.groupTraceCount).enumerated() {
            let traces = start..<min(start + Self.groupTraceCount, head.traces.count)
            let spanCount = head.traces[traces].reduce(0) { $0 + $1.spanCount }
            if number == groups.count || groups[number].spanCount != spanCount {
                let group = Group(spanCount: spanCount, table: rollup(head.assemble(traces)))
                if number == groups.count { groups.append(group) } else { groups[number] = group }
            }
            table.merge(groups[number].table)
        }
        let computed = groups
        state.withLock { state in
            if state.generation <= head.generation { state = State(generation: head.generation, groups: computed) }
        }
        return table
    }
}

extension SpanHead {
    /// The spans of some traces, trace by trace.
    func assemble(_ numbers: some Sequence<Int>) -> SpanBatch {
        var assembler = TraceAssembler()
        for number in numbers { assembler.add(runs(ofTrace: number)) }
        return assembler.take()
    }

    /// A trace's spans as runs of one row each; the assembler puts them in order.
    func runs(ofTrace number: Int) -> [(source: Int, run: TraceRun)] {
        spans(ofTrace: number).map { reference in
            let row = Int(reference.row)
            return (0, TraceRun(batch: batches[Int(reference.batch)], page: Int(reference.batch), rows: row..<(row + 1)))
        }
    }
}
