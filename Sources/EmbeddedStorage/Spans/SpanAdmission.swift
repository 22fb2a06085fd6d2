import Storage
import TelemetryModel

/// What a span is known by.
struct SpanIdentity: Hashable {
    var traceID: TraceID
    var spanID: SpanID
    var side: SpanSide

    init(_ row: SpanRow) {
        traceID = row.traceID
        spanID = row.spanID
        side = row.side
    }
}

/// What blocks hold of the traces of a batch.
struct StoredSpans {
    /// Which state of the list of blocks was asked.
    let version: UInt64
    /// The traces that have spans in blocks.
    private(set) var traces: Set<TraceID> = []
    private var places: [SpanIdentity: (batch: SharedSpanBatch, row: Int)] = [:]

    /// Asks the filters of all blocks for each trace, and reads where one says "perhaps".
    init(of batch: SpanBatch, in blocks: [SpanBlock], version: UInt64) throws {
        self.version = version
        if blocks.isEmpty { return }
        var asked: Set<TraceID> = []
        for row in batch.rows where asked.insert(row.traceID).inserted {
            let hash = TraceFilter.hash(row.traceID)
            for block in blocks where block.mayContain(hash) {
                for run in try block.runs(of: row.traceID) {
                    traces.insert(row.traceID)
                    for index in run.rows { places[SpanIdentity(run.batch.spans.rows[index])] = (run.batch, index) }
                }
            }
        }
    }

    /// Where a span of this identity is stored.
    func find(_ row: SpanRow) -> (batch: SharedSpanBatch, row: Int)? {
        places.isEmpty ? nil : places[SpanIdentity(row)]
    }
}

/// Decides which spans of a batch are new.
///
/// The identity is (trace id, span id, side). Known with equal content: a duplicate. Known with other content: a conflict,
/// and what came first stays. The two halves of a Zipkin span that client and server share differ in their side, so both
/// are kept as they came; whoever speaks Zipkin's API joins them again.
struct SpanAdmission {
    /// The rows to be kept.
    private(set) var accepted: [Int] = []
    /// The counts.
    private(set) var receipt = WriteReceipt()

    init(_ batch: SpanBatch, head: SpanHead, stored: StoredSpans) {
        accepted.reserveCapacity(batch.count)
        let table = IdentityTable(batch.rows)
        let same = SpanEquality(batch, batch)
        for (index, row) in batch.rows.enumerated() {
            if row.traceID.isZero || row.spanID.isZero {
                receipt.refuse(.invalidID, "a span named \(batch.name(index)) has an id of zeros")
            } else if let known = head.find(row) {
                count(SpanEquality(batch, head.batches[Int(known.batch)].spans).equal(index, Int(known.row)))
            } else if let known = stored.find(row) {
                count(SpanEquality(batch, known.batch.spans).equal(index, known.row))
            } else if let first = table.first(row), first < index {
                count(same.equal(index, first))
            } else {
                accepted.append(index)
            }
        }
        receipt.stored = accepted.count
    }

    private mutating func count(_ isEqual: Bool) {
        if isEqual { receipt.duplicates += 1 } else { receipt.conflicts += 1 }
    }
}

/// The first row of each identity in a batch.
private struct IdentityTable {
    private let rows: [SpanRow]
    /// Row + 1, or 0 for a free slot; a power of two.
    private var slots: [UInt32]

    init(_ rows: [SpanRow]) {
        self.rows = rows
        var size = 16
        while size < rows.count * 2 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        for (index, row) in rows.enumerated() {
            var slot = slot(row)
            while slots[slot] != 0, !isSame(rows[Int(slots[slot] - 1)], row) { slot = (slot &+ 1) & (size &- 1) }
            if slots[slot] == 0 { slots[slot] = UInt32(index) + 1 }
        }
    }

    func first(_ row: SpanRow) -> Int? {
        var slot = slot(row)
        while slots[slot] != 0 {
            let index = Int(slots[slot] - 1)
            if isSame(rows[index], row) { return index }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        return nil
    }

    private func isSame(_ a: SpanRow, _ b: SpanRow) -> Bool { a.spanID == b.spanID && a.traceID == b.traceID && a.side == b.side }

    private func slot(_ row: SpanRow) -> Int { Int(truncatingIfNeeded: SpanHead.hash(row)) & (slots.count &- 1) }
}
