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
        let through = from + generator.random.next() % 60_000_000_000
        try compareScan(from: from, through: through)
        try compareScanOfTraces(from: from, through: through)
        try compareTallies(from: from, through: through)
    }

    mutating func compareAll() throws {
        try compareTraces(ids)
        try compareScan(from: 0, through: .max)
        for _ in 0..<20 { try compareSearch(query()) }
        try compareNames()
        for _ in 0..<4 { try compareProjection() }
        for _ in 0..<12 { try compareTallies(from: 0, through: .max) }
    }

    /// Spans added up by a value, without making spans of them.
    private mutating func compareTallies(from: UInt64, through: UInt64) throws {
        var query = SpanValueQuery(keys: [tag()?.key ?? "absent", "key-\(generator.below(12))"], from: from, through: through)
        if generator.chance(2) { query.keys.removeLast() }
        if generator.chance(4) { query.looksAtSpans = false } else { query.looksAtResources = generator.chance(2) }
        if generator.chance(3) { query.service = "service-\(generator.below(7))" }
        if generator.chance(3) { query.kind = .server }
        let found = TalliedValue.all(try embedded.store.tallies(query))
        #expect(found == TalliedValue.all(try reference.store.tallies(query)), "seed \(seed), \(query.keys)")
        var spans: [Span] = []
        try reference.store.scan(from: from, through: through) { spans += $0.spans }
        #expect(found == TalliedValue.all(spans, query), "seed \(seed), \(query.keys), \(from)...\(through)")
        query.valueLimit = generator.below(4)
        #expect(try embedded.store.tallies(query).isCut == reference.store.tallies(query).isCut, "seed \(seed), \(query.keys)")
    }

    private func compareNames() throws {
        #expect(try embedded.store.operationNames() == reference.store.operationNames(), "seed \(seed)")
    }

    /// What a scan in parts gives of each span is what the span has there.
    private mutating func compareProjection() throws {
        var columns = SpanProjection.Columns(rawValue: UInt32(generator.below(1 << 13)))
        columns.formUnion([.spanIDs, .kinds])
        let keys: [String]? = generator.chance(2) ? nil : ["key-\(generator.below(12))", "absent", "key-\(generator.below(12))"]
        let from = generator.chance(2) ? 0 : generator.origin + generator.random.next() % generator.width
        var expected: [ScannedSpan: Span] = [:]
        try reference.store.scan(from: from, through: .max) { batch in
            for span in batch.spans { expected[ScannedSpan(span)] = span }
        }
        try embedded.store.scan(from: from, through: .max, SpanProjection(columns, attributeKeys: keys)) { batch in
            for span in batch.spans {
                let full = expected.removeValue(forKey: ScannedSpan(span))
                let problem = full.flatMap { ProjectedSpan(span, columns, keys).difference(from: $0) }
                #expect(full != nil && problem == nil, "seed \(seed): \(problem ?? "not expected")")
            }
        }
        #expect(expected.isEmpty, "seed \(seed), from \(from)")
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

    private func compareScanOfTraces(from: UInt64, through: UInt64) throws {
        var expected: [TraceID: [Span]] = [:]
        try reference.store.scanTraces(from: from, through: through) { expected[$0.rows[0].traceID] = $0.spans }
        var found: [TraceID: [Span]] = [:]
        try embedded.store.scanTraces(from: from, through: through) { batch in
            for (id, spans) in Dictionary(grouping: batch.spans, by: \.traceID) {
                #expect(found.updateValue(spans, forKey: id) == nil, "seed \(seed)")
            }
        }
        for (id, spans) in expected { #expect(found[id] == spans, "seed \(seed), \(from)...\(through)") }
        for (id, spans) in found where expected[id] == nil {
            #expect(try spans == reference.store.traces([id])[0].spans, "seed \(seed), \(from)...\(through)")
        }
    }

    /// The spans by trace; a trace that comes in two batches, or a span that comes twice, shows as a difference.
    private func scanned(_ store: any SpanStoring, _ from: UInt64, _ through: UInt64) throws -> [TraceID: [[Span]]] {
        var traces: [TraceID: [[Span]]] = [:]
        try store.scan(from: from, through: through) { batch in
            for (id, spans) in Dictionary(grouping: batch.spans, by: \.traceID) { traces[id, default: []].append(spans) }
        }
        return traces
    }

    /// An attribute that some span has, wherever it stands, by its text.
    private mutating func tag() -> (key: String, value: String)? {
        guard !written.isEmpty else { return nil }
        let span = written[generator.below(written.count)]
        let attributes = [
            span.attributes, span.resource.attributes, span.scope.attributes, span.events.flatMap(\.attributes),
            span.links.flatMap(\.attributes),
        ][generator.below(5)]
        return attributes.isEmpty ? nil : attributes[generator.below(attributes.count)].textPair
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
        if generator.chance(2), let tag = tag() { query.tags.append(tag) }
        if generator.chance(6) { query.tags.append(("error", "true")) }
        if generator.chance(6) { query.keys = [["key-3", "exception", "error", "absent"][generator.below(4)]] }
        if generator.chance(2) {
            query.from = generator.origin + generator.random.next() % generator.width
            query.through = query.from + generator.random.next() % 120_000_000_000
        }
        return query
    }
}

/// What the spans of one value add up to.
private struct TalliedValue: Hashable {
    var calls: UInt64
    var errors: UInt64
    var durations: DurationSketch
    var slowest: [TraceID]

    /// The same told from the spans themselves.
    static func all(_ spans: [Span], _ query: SpanValueQuery) -> [String: TalliedValue] {
        let meant = spans.filter { span in
            (query.service.map { $0 == span.resource.serviceName } ?? true) && (query.kind.map { $0 == span.kind } ?? true)
        }
        let values = Dictionary(grouping: meant) { span -> String? in
            let own = query.looksAtSpans ? first(query.keys, span.attributes) : nil
            return own ?? (query.looksAtResources ? first(query.keys, span.resource.attributes) : nil)
        }
        var tallied: [String: TalliedValue] = [:]
        for case (let value?, let spans) in values {
            var durations = DurationSketch()
            for span in spans { durations.add(span.duration) }
            let longest = Dictionary(spans.map { ($0.traceID, $0.duration) }, uniquingKeysWith: max)
            let slowest = longest.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.prefix(5)
            tallied[value] = TalliedValue(
                calls: UInt64(spans.count), errors: UInt64(spans.count { $0.status == .error }), durations: durations,
                slowest: slowest.map(\.key))
        }
        return tallied
    }

    private static func first(_ keys: [String], _ attributes: [Attribute]) -> String? {
        for key in keys {
            if let attribute = attributes.first(where: { $0.key == key }) { return attribute.value.text }
        }
        return nil
    }

    static func all(_ tallies: SpanValueTallies) -> [String: TalliedValue] {
        Dictionary(
            uniqueKeysWithValues: tallies.tallies.map { tally in
                let value = TalliedValue(
                    calls: tally.calls, errors: tally.errors, durations: tally.durations, slowest: tally.slowest.traceIDs)
                return (tally.value, value)
            })
    }
}

/// What a span is known by.
private struct ScannedSpan: Hashable {
    var traceID: TraceID
    var spanID: SpanID
    var side: SpanSide

    init(_ span: Span) { (traceID, spanID, side) = (span.traceID, span.spanID, span.side) }
}

extension Attribute {
    /// The key and the text form of the value.
    fileprivate var textPair: (key: String, value: String) { (key, value.text) }
}

/// A span of which only some parts were asked for.
private struct ProjectedSpan {
    private let span: Span
    private let columns: SpanProjection.Columns
    private let keys: [String]?

    init(_ span: Span, _ columns: SpanProjection.Columns, _ keys: [String]?) {
        self.span = span
        self.columns = columns
        self.keys = keys
    }

    /// What was asked for and is not as in the whole span; nil when everything is.
    func difference(from full: Span) -> String? {
        let parts: [(SpanProjection.Columns, String, Bool)] = [
            (.parents, "parent", span.parentSpanID == full.parentSpanID), (.starts, "start", span.start == full.start),
            (.durations, "duration", span.duration == full.duration), (.names, "name", span.name == full.name),
            (.kinds, "kind", span.kind == full.kind && span.status == full.status),
            (.statusMessages, "message", span.statusMessage == full.statusMessage),
            (.resources, "resource", span.resource == full.resource), (.scopes, "scope", span.scope == full.scope),
            (.attributes, "attributes", wanted(span.attributes) == wanted(full.attributes)),
            (.events, "events", span.events.map { wanted($0.attributes) } == full.events.map { wanted($0.attributes) }),
            (.events, "names of events", span.events.map(\.name) == full.events.map(\.name)),
            (.links, "links", span.links.map { wanted($0.attributes) } == full.links.map { wanted($0.attributes) }),
            (.others, "flags", span.flags == full.flags && span.traceState == full.traceState),
        ]
        return parts.first { columns.contains($0.0) && !$0.2 }?.1
    }

    private func wanted(_ attributes: [Attribute]) -> [Attribute] {
        attributes.filter { attribute in keys.map { $0.contains(attribute.key) } ?? true }
    }
}
