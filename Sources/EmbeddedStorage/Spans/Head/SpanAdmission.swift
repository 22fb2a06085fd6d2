import Storage
import TelemetryModel

/// Finds the rows of a batch by their identities: trace id, span id and side.
struct SpanIdentities {
    private let rows: [SpanRow]
    private var numbers: HashedNumbers

    init(_ batch: SpanBatch) {
        rows = batch.rows
        numbers = HashedNumbers(capacity: rows.count)
        for (index, row) in rows.enumerated() where first(row) == nil { numbers.insert(index, SpanHead.hash(row)) }
    }

    /// The first row that has the identity of `row`.
    func first(_ row: SpanRow) -> Int? {
        numbers.first(SpanHead.hash(row)) { index in
            rows[index].spanID == row.spanID && rows[index].traceID == row.traceID && rows[index].side == row.side
        }
    }
}

/// What blocks hold of the traces of a batch.
struct StoredSpans {
    /// Which state of the list of blocks was asked.
    let version: UInt64
    /// The traces that have spans in blocks.
    private(set) var traces: Set<TraceID> = []
    /// Where spans of the batch are stored, by the first row of their identity.
    private var places: [Int: (batch: SharedSpanBatch, row: Int)] = [:]

    private static let identity = SpanProjection([.spanIDs, .kinds])

    /// Asks the filters of all blocks for each trace, and reads where one says "perhaps": identities, and contents only of
    /// the traces of which a span of the batch is there already.
    init(of batch: SpanBatch, _ identities: SpanIdentities, in blocks: [SpanBlock], version: UInt64) throws {
        self.version = version
        if blocks.isEmpty { return }
        var asked: Set<TraceID> = []
        var last: TraceID?
        for row in batch.rows where row.traceID != last && asked.insert(row.traceID).inserted {
            last = row.traceID
            let hash = TraceFilter.hash(row.traceID)
            for block in blocks where block.mayContain(hash) {
                let runs = try block.runs(of: row.traceID, Self.identity)
                if !runs.isEmpty { traces.insert(row.traceID) }
                if Self.any(of: identities, in: runs) { note(try block.runs(of: row.traceID), identities) }
            }
        }
    }

    private static func any(of identities: SpanIdentities, in runs: [TraceRun]) -> Bool {
        runs.contains { run in
            let rows = run.batch.spans.rows
            return run.rows.contains { identities.first(rows[$0]) != nil }
        }
    }

    private mutating func note(_ runs: [TraceRun], _ identities: SpanIdentities) {
        for run in runs {
            let rows = run.batch.spans.rows
            for index in run.rows {
                if let first = identities.first(rows[index]) { places[first] = (run.batch, index) }
            }
        }
    }

    /// Where the identity is stored whose first row this is.
    func find(_ first: Int) -> (batch: SharedSpanBatch, row: Int)? { places.isEmpty ? nil : places[first] }
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

    init(_ batch: SpanBatch, _ identities: SpanIdentities, head: SpanHead, stored: StoredSpans) {
        accepted.reserveCapacity(batch.count)
        let same = SpanEquality(batch, batch)
        for (index, row) in batch.rows.enumerated() {
            let first = identities.first(row) ?? index
            if row.traceID.isZero || row.spanID.isZero {
                receipt.refuse(.invalidID, "a span named \(batch.name(index)) has an id of zeros")
            } else if let known = head.find(row) {
                count(SpanEquality(batch, head.batches[Int(known.batch)].spans).equal(index, Int(known.row)))
            } else if let known = stored.find(first) {
                count(SpanEquality(batch, known.batch.spans).equal(index, known.row))
            } else if first < index {
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
