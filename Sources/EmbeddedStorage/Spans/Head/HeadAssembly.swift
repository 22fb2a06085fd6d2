import TelemetryModel

extension SpanHead {
    /// The spans of some traces, trace by trace.
    func assemble(_ numbers: some Sequence<Int>) -> SpanBatch {
        var assembly = HeadAssembly(self)
        for number in numbers { assembly.add(number) }
        return assembly.batch
    }

    /// A trace's spans as runs of one row each; the assembler puts them in order.
    func runs(ofTrace number: Int) -> [(source: Int, run: TraceRun)] {
        spans(ofTrace: number).map { reference in
            let row = Int(reference.row)
            return (0, TraceRun(batch: batches[Int(reference.batch)], rows: row..<(row + 1)))
        }
    }
}

/// Puts traces of the head together: the spans of each by rising start. Within the head every span stands once.
private struct HeadAssembly {
    private struct Place {
        var start: UInt64
        var spanID: SpanID
        var side: SpanSide
        var batch: Int
        var row: Int

        static func precedes(_ a: Place, _ b: Place) -> Bool {
            (a.start, a.spanID.value, a.side.rawValue) < (b.start, b.spanID.value, b.side.rawValue)
        }
    }

    private(set) var batch = SpanBatch()
    private let head: SpanHead
    private var copiers: [SpanBatchCopier] = []
    /// For each batch of the head: the index of its copier + 1, or 0.
    private var copierOfBatch: [Int32]
    private var places: [Place] = []

    init(_ head: SpanHead) {
        self.head = head
        copierOfBatch = [Int32](repeating: 0, count: head.batches.count)
    }

    mutating func add(_ number: Int) {
        places.removeAll(keepingCapacity: true)
        for reference in head.spans(ofTrace: number).reversed() {
            let (batch, row) = (Int(reference.batch), Int(reference.row))
            let span = head.batches[batch].spans.rows[row]
            places.append(Place(start: span.start, spanID: span.spanID, side: span.side, batch: batch, row: row))
        }
        places.sort(by: Place.precedes)
        for place in places { copiers[copier(place.batch)].copy(place.row, to: &batch) }
    }

    private mutating func copier(_ batch: Int) -> Int {
        if copierOfBatch[batch] == 0 {
            copiers.append(SpanBatchCopier(from: head.batches[batch].spans))
            copierOfBatch[batch] = Int32(copiers.count)
        }
        return Int(copierOfBatch[batch]) - 1
    }
}
