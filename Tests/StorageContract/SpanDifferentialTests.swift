import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@Suite("Embedded spans against the reference")
struct SpanDifferentialTests {
    @Test("every answer is that of the reference after any sequence of operations", arguments: 0..<24 as Range<UInt64>)
    func anySequence(seed: UInt64) throws {
        var run = try DifferentialRun(seed: seed)
        for _ in 0..<40 {
            try run.step()
            try run.compareSome()
        }
        try run.compareAll()
        try run.embedded.store.compact()
        try run.compareAll()
    }
}

/// Does the same to the embedded store and to the reference, and compares what they say.
private struct DifferentialRun {
    let seed: UInt64
    let embedded: SpanStoreUnderTest
    let reference: SpanStoreUnderTest
    private var generator: RandomSpans
    /// Spans that have been written, to be written again.
    private var written: [Span] = []
    /// Spans of traces whose other spans have been written.
    private var heldBack: [Span] = []
    private var ids: [TraceID] = []

    init(seed: UInt64) throws {
        self.seed = seed
        var options = SpanStoreOptions()
        options.cutSpanCount = 60
        options.mergeWidth = 3
        options.headByteLimit = seed % 3 == 0 ? 100_000 : 64 << 20
        options.blockSpanLimit = seed % 4 == 0 ? 200 : 4_000_000
        options.pageCacheByteLimit = seed % 2 == 0 ? 50_000 : 32 << 20
        embedded = try SpanStoreUnderTest(.embedded, options: options, seed: seed)
        reference = try SpanStoreUnderTest(.inMemory)
        generator = RandomSpans(seed: seed)
    }

    mutating func step() throws {
        switch generator.below(12) {
        case 0: try embedded.store.flush()
        case 1: if generator.chance(3) { try embedded.store.compact() }
        case 2: try embedded.reopen()
        case 3, 4:
            embedded.time.advance(nanoseconds: UInt64(generator.below(200)) * 1_000_000_000)
            try embedded.store.maintain()
        case 5: try write(again())
        case 6, 7: try write(late())
        default: try write(fresh())
        }
    }

    private mutating func write(_ spans: [Span]) throws {
        let batch = SpanBatch(spans)
        let got = try embedded.store.write(batch)
        let expected = try reference.store.write(batch)
        #expect(got == expected, "seed \(seed)")
    }

    private mutating func fresh() -> [Span] {
        var spans: [Span] = []
        for _ in 0...generator.below(4) {
            var trace = generator.trace(spanCount: 1 + generator.below(15))
            ids.append(trace[0].traceID)
            let kept = generator.chance(2) ? trace.count : generator.below(trace.count)
            heldBack.append(contentsOf: trace[kept...])
            trace.removeSubrange(kept...)
            spans.append(contentsOf: trace)
        }
        written.append(contentsOf: spans)
        return spans.shuffled(using: &generator.random)
    }

    private mutating func late() -> [Span] {
        heldBack.shuffle(using: &generator.random)
        let spans = Array(heldBack.suffix(generator.below(8)))
        heldBack.removeLast(spans.count)
        written.append(contentsOf: spans)
        return spans
    }

    private mutating func again() -> [Span] {
        (0..<generator.below(8)).compactMap { _ in
            guard !written.isEmpty else { return nil }
            var span = written[generator.below(written.count)]
            if generator.chance(3) { span.statusMessage = "other content" }
            return span
        }
    }

    // MARK: - Comparing

    mutating func compareSome() throws {
        let asked = (0..<3).map { _ in ids.isEmpty ? TraceID(high: 1, low: 1) : ids[generator.below(ids.count)] }
        try compareTraces(asked)
        try compareSearch(query())
        let from = generator.origin + generator.random.next() % generator.width
        try compareScan(from: from, through: from + generator.random.next() % 60_000_000_000)
    }

    mutating func compareAll() throws {
        try compareTraces(ids)
        try compareScan(from: 0, through: .max)
        for _ in 0..<20 { try compareSearch(query()) }
    }

    private func compareTraces(_ ids: [TraceID]) throws {
        #expect(try embedded.store.traces(ids).map(\.spans) == reference.store.traces(ids).map(\.spans), "seed \(seed)")
    }

    private func compareSearch(_ query: TraceQuery) throws {
        #expect(try embedded.store.search(query) == reference.store.search(query), "seed \(seed), \(query)")
    }

    private func compareScan(from: UInt64, through: UInt64) throws {
        #expect(
            try scanned(embedded.store, from, through) == scanned(reference.store, from, through),
            "seed \(seed), \(from)...\(through)")
    }

    /// The spans by trace; a trace that comes in two batches, or a span that comes twice, shows as a difference.
    private func scanned(_ store: any SpanStoring, _ from: UInt64, _ through: UInt64) throws -> [TraceID: [[Span]]] {
        var traces: [TraceID: [[Span]]] = [:]
        try store.scan(from: from, through: through) { batch in
            for (id, spans) in Dictionary(grouping: batch.spans, by: \.traceID) { traces[id, default: []].append(spans) }
        }
        return traces
    }

    private mutating func query() -> TraceQuery {
        var query = TraceQuery(limit: 1 + generator.below(30))
        if generator.chance(2) { query.service = "service-\(generator.below(7))" }
        if generator.chance(3) { query.operation = "operation-\(generator.below(9))" }
        if generator.chance(5) { query.kind = .server }
        if generator.chance(4) { query.minimumDuration = UInt64(generator.below(400_000_000)) }
        if generator.chance(6) { query.maximumDuration = UInt64(generator.below(400_000_000)) }
        if generator.chance(4) {
            query.tags = [("key-\(generator.below(12))", ["200", "true", "GET", "0", ""][generator.below(5)])]
        }
        if generator.chance(6) { query.tags.append(("error", "true")) }
        if generator.chance(6) { query.keys = [["key-3", "exception", "error", "absent"][generator.below(4)]] }
        if generator.chance(2) {
            query.from = generator.origin + generator.random.next() % generator.width
            query.through = query.from + generator.random.next() % 120_000_000_000
        }
        return query
    }
}
