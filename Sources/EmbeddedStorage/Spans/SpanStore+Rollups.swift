import Storage
import TelemetryModel
import TraceAnalysis

extension SpanStore: RollupReader {
    /// The rows of whole minutes over head and blocks; see ``RollupReader``.
    public func rollups(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        try reading { snapshot in
            var table = try headRollups.rows(snapshot, minutes: minutes, parts, bounded)
            for block in snapshot.stored where block.meta.hasRollups(minutes) {
                table.merge(try block.rollups().rows(minutes: minutes, parts: parts))
            }
            return table.settled()
        }
    }

    /// The sums of whole minutes over head and blocks; see ``RollupReader``.
    public func sums(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        try reading { snapshot in
            var table = try headRollups.sums(snapshot, minutes: minutes, parts, bounded)
            for block in snapshot.stored where block.meta.hasRollups(minutes) {
                table.merge(try block.rollups().sums(minutes: minutes, parts: parts))
            }
            return table.settled()
        }
    }

    /// A table with names beyond the limits counted as "other"; see ``RollupVocabulary``. The names of the blocks had their
    /// places first.
    func bounded(_ table: RollupTable) throws -> RollupTable {
        try vocabulary.withLock { vocabulary in
            var known = try vocabulary ?? learn()
            defer { vocabulary = known }
            return known.bounded(table)
        }
    }

    private func learn() throws -> RollupVocabulary {
        var vocabulary = RollupVocabulary()
        for block in try snapshot().stored {
            guard let minutes = block.meta.rollupMinutes else { continue }
            vocabulary.learn(try block.rollups().sums(minutes: minutes, parts: [.operations, .statements]))
        }
        return vocabulary
    }
}

extension SpanBlockMeta {
    /// Whether there may be rollups of one of the minutes since 1970.
    func hasRollups(_ minutes: ClosedRange<Int64>) -> Bool { rollupMinutes?.overlaps(minutes) == true }
}

/// What the parts of traces that are in the head change about the sums that count their parts in blocks.
///
/// The sums of a trace over all blocks are those of all its spans. A late part therefore adds R(stored and late) − R(stored),
/// where R is what whole traces add up to: edges, callers and times that need both halves, less what each half said alone.
struct TraceCompletion {
    private let head: SpanHead
    private let blocks: [SpanBlock]

    init(_ head: SpanHead, _ blocks: [SpanBlock]) {
        self.head = head
        self.blocks = blocks
    }

    /// What is to be added to the sums of the head's part of these traces: R(stored and late) − R(stored) − R(late). Of the
    /// `restored` ones the head has both parts: − R(stored).
    func correction(ofTraces numbers: some Sequence<Int>, restored: Set<Int> = []) throws -> RollupTable {
        var table = RollupTable()
        var (stored, late, whole) = (TraceAssembler(), TraceAssembler(), TraceAssembler())
        func count() {
            table.merge(RollupBuilder.rollup(whole.take()))
            table.subtract(RollupBuilder.rollup(stored.take()))
            table.subtract(RollupBuilder.rollup(late.take()))
        }
        for number in numbers {
            let id = head.traces[number].id
            let hash = TraceFilter.hash(id)
            var found: [(source: Int, run: TraceRun)] = []
            for (index, block) in blocks.enumerated() where block.mayContain(hash) {
                found += try block.runs(of: id).map { (index + 1, $0) }
            }
            if found.isEmpty { continue }
            stored.add(found)
            if restored.contains(number) { continue }
            let own = head.runs(ofTrace: number)
            late.add(own)
            whole.add(own + found)
            if whole.batch.count >= SpanBlockFormat.pageRowTarget { count() }
        }
        count()
        return table
    }
}
