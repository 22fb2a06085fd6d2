import Synchronization
import TelemetryModel
import TraceAnalysis

/// The rollups of the head, kept from one question to the next. Traces are taken in groups in the order in which they were
/// first seen; a group whose traces have got a span since is counted anew, and the sums are advanced by the difference. Most
/// groups are not: traces end within seconds.
final class HeadRollups: Sendable {
    private struct Group {
        var spanCount = 0
        /// How many of the traces have parts in blocks.
        var partedCount = 0
        /// The state of the blocks when these parts were read.
        var blocksVersion: UInt64 = 0
        var table = RollupTable()
    }

    private struct State {
        var generation: UInt64 = 0
        var groups: [Group] = []
        /// The sum of the groups by minute.
        var rows = RollupTable()
        /// The sum of the groups over all minutes.
        var sums = RollupTable()
        /// The minutes of which there may be rows; nil without any.
        var minutes: ClosedRange<Int64>?

        mutating func add(_ change: RollupTable) {
            rows.merge(change)
            sums.merge(change.summed { _ in 0 })
            widen(change.operations)
            widen(change.edges)
            widen(change.statements)
            widen(change.nodes)
            widen(change.instances)
        }

        private mutating func widen<Key: RollupKey, Row>(_ rows: [Key: Row]) {
            for key in rows.keys {
                let own = minutes ?? key.minute...key.minute
                if !own.contains(key.minute) || minutes == nil {
                    minutes = min(own.lowerBound, key.minute)...max(own.upperBound, key.minute)
                }
            }
        }
    }

    /// How many traces make a group.
    private static let groupTraceCount = 128
    private let state = Mutex(State())

    /// The rows of the minutes, signed. `bounded` limits the names of a table.
    func rows(
        _ snapshot: SpanStore.Snapshot, minutes: ClosedRange<Int64>, _ parts: RollupParts,
        _ bounded: (RollupTable) throws -> RollupTable
    ) throws -> RollupTable {
        try advanced(snapshot, bounded) { $0.rows.only(parts).restricted(to: minutes) }
    }

    /// The sums of the minutes, signed, under minute 0.
    func sums(
        _ snapshot: SpanStore.Snapshot, minutes: ClosedRange<Int64>, _ parts: RollupParts,
        _ bounded: (RollupTable) throws -> RollupTable
    ) throws -> RollupTable {
        try advanced(snapshot, bounded) { state in
            guard let own = state.minutes, own.overlaps(minutes) else { return RollupTable() }
            if own.clamped(to: minutes) == own { return state.sums.only(parts) }
            return state.rows.only(parts).restricted(to: minutes).summed { _ in 0 }
        }
    }

    private func advanced(
        _ snapshot: SpanStore.Snapshot, _ bounded: (RollupTable) throws -> RollupTable, _ body: (State) -> RollupTable
    ) throws -> RollupTable {
        try state.withLock { state in
            if state.generation == snapshot.head.generation || state.groups.isEmpty {
                try advance(&state, snapshot, bounded)
                return body(state)
            }
            // A reader that took its snapshot before a cut keeps nobody else's sums from advancing.
            var other = State()
            try advance(&other, snapshot, bounded)
            if state.generation < snapshot.head.generation { state = other }
            return body(other)
        }
    }

    /// Counts what has come since. Within a generation the head only grows, so that a group which has more spans than the
    /// snapshot is as good.
    private func advance(
        _ state: inout State, _ snapshot: SpanStore.Snapshot, _ bounded: (RollupTable) throws -> RollupTable
    ) throws {
        let head = snapshot.head
        state.generation = head.generation
        for (number, start) in stride(from: 0, to: head.traces.count, by: Self.groupTraceCount).enumerated() {
            let traces = start..<min(start + Self.groupTraceCount, head.traces.count)
            let parted = traces.filter { head.traces[$0].isParted }
            let spanCount = head.traces[traces].reduce(0) { $0 + $1.spanCount }
            if number == state.groups.count { state.groups.append(Group()) }
            let known = state.groups[number]
            let isKnown = known.spanCount >= spanCount && known.partedCount >= parted.count
            if isKnown, parted.isEmpty || known.blocksVersion == snapshot.blocksVersion { continue }
            var table = RollupBuilder.rollup(head.assemble(traces))
            if !parted.isEmpty {
                table.merge(try TraceCompletion(head, snapshot.stored).correction(ofTraces: parted))
            }
            table = try bounded(table)
            var change = table
            change.subtract(known.table)
            state.add(change)
            state.groups[number] = Group(
                spanCount: spanCount, partedCount: parted.count, blocksVersion: snapshot.blocksVersion, table: table)
        }
    }
}
