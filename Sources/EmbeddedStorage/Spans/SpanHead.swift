import ByteCoding
import Storage
import TelemetryModel

/// The spans that are in no block yet: the batches as they were accepted, an index by trace, and a table by identity.
///
/// A copy is a snapshot: batches are shared, the index is copied by whoever writes next.
struct SpanHead: Sendable {
    /// Where a span is.
    struct Reference: Sendable {
        /// The index of its batch.
        var batch: UInt32
        /// Its row there.
        var row: UInt32
        /// The trace's span before it, as an index into the references + 1; 0 for none.
        var previous: UInt32
    }

    /// What is known of a trace.
    struct Trace: Sendable {
        /// Its id.
        var id: TraceID
        /// Its last span, as an index into the references + 1.
        var last: UInt32 = 0
        /// How many spans are here.
        var spanCount = 0
        /// The earliest start of a span here, nanoseconds since 1970.
        var start = UInt64.max
        /// When its first span here arrived, on the monotonic clock.
        var firstArrival: UInt64
        /// When its last span arrived.
        var lastArrival: UInt64
        /// Whether blocks have spans of it too.
        var isParted = false
    }

    private(set) var batches: [SharedSpanBatch] = []
    private(set) var references: [Reference] = []
    /// The traces, in the order in which they were first seen.
    private(set) var traces: [Trace] = []
    /// Rises with every cut; within a generation traces keep their numbers and only grow.
    let generation: UInt64
    /// About how much memory the head takes.
    private(set) var byteCount = 0
    private var numbers: [TraceID: UInt32] = [:]
    /// Identity table: reference + 1, or 0 for a free slot; a power of two.
    private var slots: [UInt32]

    private static let bytesPerReference = 32
    private static let bytesPerTrace = 128

    init(generation: UInt64 = 0) {
        self.generation = generation
        slots = [UInt32](repeating: 0, count: 1024)
    }

    /// How many spans there are.
    var spanCount: Int { references.count }

    /// The number of a trace in `traces`.
    func number(of id: TraceID) -> Int? { numbers[id].map(Int.init) }

    /// The span of this identity.
    func find(_ row: SpanRow) -> Reference? {
        var slot = slot(row)
        while slots[slot] != 0 {
            let reference = references[Int(slots[slot] &- 1)]
            let known = batches[Int(reference.batch)].spans.rows[Int(reference.row)]
            if known.spanID == row.spanID, known.traceID == row.traceID, known.side == row.side { return reference }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        return nil
    }

    /// The spans of a trace, latest arrival first.
    func spans(ofTrace number: Int) -> [Reference] {
        var found: [Reference] = []
        found.reserveCapacity(traces[number].spanCount)
        var next = traces[number].last
        while next != 0 {
            found.append(references[Int(next) - 1])
            next = references[Int(next) - 1].previous
        }
        return found
    }

    /// Takes in a batch whose identities are all new here.
    mutating func insert(_ batch: SharedSpanBatch, arrival: UInt64) {
        let batchNumber = UInt32(batches.count)
        let traceCount = traces.count
        batches.append(batch)
        while (references.count + batch.spans.count) * 2 > slots.count { growSlots() }
        var number = -1
        for (index, row) in batch.spans.rows.enumerated() {
            if number < 0 || traces[number].id != row.traceID { number = makeTrace(row.traceID, arrival) }
            references.append(Reference(batch: batchNumber, row: UInt32(index), previous: traces[number].last))
            traces[number].last = UInt32(references.count)
            traces[number].spanCount += 1
            traces[number].start = min(traces[number].start, row.start)
            traces[number].lastArrival = arrival
            claimSlot(row, UInt32(references.count))
        }
        byteCount += batch.byteCount + batch.spans.count * Self.bytesPerReference + (traces.count - traceCount) * Self.bytesPerTrace
    }

    /// Notes that blocks have spans of a trace.
    mutating func markParted(_ id: TraceID) {
        if let number = numbers[id] { traces[Int(number)].isParted = true }
    }

    /// Takes over what `old` knows of the arrival of the traces that are here too.
    mutating func adoptTimes(from old: SpanHead) {
        for number in traces.indices {
            guard let known = old.number(of: traces[number].id) else { continue }
            traces[number].firstArrival = old.traces[known].firstArrival
            traces[number].lastArrival = old.traces[known].lastArrival
            traces[number].isParted = traces[number].isParted || old.traces[known].isParted
        }
    }

    private mutating func makeTrace(_ id: TraceID, _ arrival: UInt64) -> Int {
        if let known = numbers[id] { return Int(known) }
        numbers[id] = UInt32(traces.count)
        traces.append(Trace(id: id, firstArrival: arrival, lastArrival: arrival))
        return traces.count - 1
    }

    // MARK: - Identity table

    /// The hash of a span's identity.
    static func hash(_ row: SpanRow) -> UInt64 {
        SeededHash.hash(row.traceID.low ^ UInt64(row.side.rawValue), row.spanID.value)
    }

    private func slot(_ row: SpanRow) -> Int { Int(truncatingIfNeeded: Self.hash(row)) & (slots.count &- 1) }

    private mutating func claimSlot(_ row: SpanRow, _ reference: UInt32) {
        var slot = slot(row)
        while slots[slot] != 0 { slot = (slot &+ 1) & (slots.count &- 1) }
        slots[slot] = reference
    }

    private mutating func growSlots() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for (index, reference) in references.enumerated() {
            claimSlot(batches[Int(reference.batch)].spans.rows[Int(reference.row)], UInt32(index) + 1)
        }
    }
}

/// Traces of a snapshot of the head in the order of blocks. Pages are put together when they are asked for.
final class HeadSource: TraceSource {
    private struct Page {
        /// Numbers of traces of the head.
        var traces: [Int]
        var minimumStart: UInt64
        var maximumStart: UInt64
    }

    private let head: SpanHead
    private let pages: [Page]

    /// The traces of `head` for whose numbers `include` is true.
    init(_ head: SpanHead, include: (Int) -> Bool = { _ in true }) {
        self.head = head
        let chosen = head.traces.indices.filter(include).sorted {
            (head.traces[$0].start, head.traces[$0].id) < (head.traces[$1].start, head.traces[$1].id)
        }
        var pages: [Page] = []
        var page = Page(traces: [], minimumStart: .max, maximumStart: 0)
        var rowCount = 0
        for number in chosen {
            page.traces.append(number)
            page.minimumStart = min(page.minimumStart, head.traces[number].start)
            for reference in head.spans(ofTrace: number) {
                page.maximumStart = max(page.maximumStart, head.batches[Int(reference.batch)].spans.rows[Int(reference.row)].start)
            }
            rowCount += head.traces[number].spanCount
            if rowCount >= SpanBlockFormat.pageRowTarget {
                pages.append(page)
                page = Page(traces: [], minimumStart: .max, maximumStart: 0)
                rowCount = 0
            }
        }
        if rowCount > 0 { pages.append(page) }
        self.pages = pages
    }

    var pageCount: Int { pages.count }

    func page(_ number: Int, overlapsFrom from: UInt64, through: UInt64) -> Bool {
        pages[number].minimumStart <= through && pages[number].maximumStart >= from
    }

    func page(_ number: Int, _ projection: SpanProjection) throws -> SharedSpanBatch {
        SharedSpanBatch(head.assemble(pages[number].traces))
    }

    func mayContain(_ hash: UInt64) -> Bool { true }

    func isParted(_ id: TraceID) -> Bool { false }

    func runs(of id: TraceID, _ projection: SpanProjection) throws -> [TraceRun] {
        guard let number = head.number(of: id) else { return [] }
        let batch = SharedSpanBatch(head.assemble(CollectionOfOne(number)))
        // No page of the head has a negative number, so that the copy is not taken for one of them.
        return [TraceRun(batch: batch, page: -1 - number, rows: 0..<batch.spans.count)]
    }
}
