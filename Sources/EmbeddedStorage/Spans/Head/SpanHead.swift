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
    /// Numbers of traces by their ids.
    private var numbers = HashedNumbers()
    /// Indexes of references by the identities of their spans.
    private var identities = HashedNumbers()

    private static let bytesPerReference = 2 * MemoryLayout<Reference>.stride + HashedNumbers.bytesPerNumber
    private static let bytesPerTrace = 2 * MemoryLayout<Trace>.stride + HashedNumbers.bytesPerNumber

    init(generation: UInt64 = 0) { self.generation = generation }

    /// How many spans there are.
    var spanCount: Int { references.count }

    /// The number of a trace in `traces`.
    func number(of id: TraceID) -> Int? { numbers.first(Self.hash(id)) { traces[$0].id == id } }

    /// The span of this identity.
    func find(_ row: SpanRow) -> Reference? {
        let found = identities.first(Self.hash(row)) { number in
            let reference = references[number]
            let known = batches[Int(reference.batch)].spans.rows[Int(reference.row)]
            return known.spanID == row.spanID && known.traceID == row.traceID && known.side == row.side
        }
        return found.map { references[$0] }
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
        var number = -1
        for (index, row) in batch.spans.rows.enumerated() {
            if number < 0 || traces[number].id != row.traceID { number = makeTrace(row.traceID, arrival) }
            references.append(Reference(batch: batchNumber, row: UInt32(index), previous: traces[number].last))
            traces[number].last = UInt32(references.count)
            traces[number].spanCount += 1
            traces[number].start = min(traces[number].start, row.start)
            traces[number].lastArrival = arrival
            identities.insert(references.count - 1, Self.hash(row))
        }
        byteCount += batch.byteCount + batch.spans.count * Self.bytesPerReference + (traces.count - traceCount) * Self.bytesPerTrace
    }

    /// Notes that blocks have spans of a trace.
    mutating func markParted(_ id: TraceID) {
        if let number = number(of: id) { traces[number].isParted = true }
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
        if let known = number(of: id) { return known }
        numbers.insert(traces.count, Self.hash(id))
        traces.append(Trace(id: id, firstArrival: arrival, lastArrival: arrival))
        return traces.count - 1
    }

    /// The hash of a span's identity.
    static func hash(_ row: SpanRow) -> UInt64 {
        SeededHash.hash(row.traceID.low ^ UInt64(row.side.rawValue), row.spanID.value)
    }

    private static func hash(_ id: TraceID) -> UInt64 { SeededHash.hash(id.high, id.low) }
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
        return [TraceRun(batch: batch, rows: 0..<batch.spans.count)]
    }
}
