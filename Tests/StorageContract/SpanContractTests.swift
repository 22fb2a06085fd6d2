import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@Suite("The contract of spans")
struct SpanContractTests {
    static let kinds = SpanStoreUnderTest.Kind.allCases
    private static let origin: UInt64 = 1_763_683_200_000_000_000

    private func span(
        _ trace: UInt64, _ id: UInt64, parent: UInt64 = 0, at second: Double = 0, lasting milliseconds: UInt64 = 10,
        service: String = "shop", name: String = "GET /", status: SpanStatus = .unset, attributes: [Attribute] = []
    ) -> Span {
        let start = Self.origin + UInt64(second * 1e9)
        return Span(
            traceID: TraceID(high: 7, low: trace), spanID: SpanID(id), parentSpanID: SpanID(parent), name: name, kind: .server,
            start: start, end: start + milliseconds * 1_000_000, status: status, attributes: attributes,
            resource: Resource(attributes: [Attribute("service.name", service), Attribute("host.name", "h1")]))
    }

    private func id(_ trace: UInt64) -> TraceID { TraceID(high: 7, low: trace) }

    @Test("a span is found by its trace at once, after flush, compact and reopening", arguments: kinds)
    func visibility(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        let spans = [span(1, 1), span(1, 2, parent: 1, at: 0.001)]
        #expect(try test.store.write(SpanBatch(spans.reversed())).stored == 2)
        #expect(try test.store.traces([id(1)])[0].spans == spans)
        try test.reopen()
        #expect(try test.store.traces([id(1)])[0].spans == spans)
        try test.store.flush()
        #expect(try test.store.traces([id(1)])[0].spans == spans)
        try test.store.compact()
        #expect(try test.store.traces([id(1)])[0].spans == spans)
        try test.reopen()
        #expect(try test.store.traces([id(1)])[0].spans == spans)
    }

    @Test("an unknown id gives an empty batch, in its place", arguments: kinds)
    func unknownTrace(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        _ = try test.store.write(SpanBatch([span(1, 1)]))
        let batches = try test.store.traces([id(9), id(1), id(8)])
        #expect(batches.map(\.count) == [0, 1, 0])
    }

    @Test("a batch that comes again is counted as duplicates, in head and blocks", arguments: kinds)
    func duplicates(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        let batch = SpanBatch([span(1, 1), span(1, 2), span(2, 1)])
        #expect(try test.store.write(batch).stored == 3)
        var receipt = try test.store.write(batch)
        #expect([receipt.stored, receipt.duplicates, receipt.conflicts] == [0, 3, 0])
        try test.store.flush()
        receipt = try test.store.write(batch)
        #expect([receipt.stored, receipt.duplicates, receipt.conflicts] == [0, 3, 0])
        try test.reopen()
        receipt = try test.store.write(batch)
        #expect([receipt.stored, receipt.duplicates, receipt.conflicts] == [0, 3, 0])
    }

    @Test("of two contents for one identity the first stays, also within a batch", arguments: kinds)
    func conflicts(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        let first = span(1, 1)
        let other = span(1, 1, name: "other")
        var receipt = try test.store.write(SpanBatch([first, other, first]))
        #expect([receipt.stored, receipt.duplicates, receipt.conflicts] == [1, 1, 1])
        try test.store.flush()
        receipt = try test.store.write(SpanBatch([other]))
        #expect([receipt.stored, receipt.duplicates, receipt.conflicts] == [0, 0, 1])
        #expect(try test.store.traces([id(1)])[0].spans == [first])
    }

    @Test("the two sides of a shared id are two spans", arguments: kinds)
    func sides(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        var server = span(1, 1)
        server.side = .sharedServer
        #expect(try test.store.write(SpanBatch([span(1, 1), server])).stored == 2)
        #expect(try test.store.traces([id(1)])[0].count == 2)
    }

    @Test("ids of zeros are refused with a reason, the rest is kept", arguments: kinds)
    func zeroIDs(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        var zero = span(1, 1)
        zero.traceID = TraceID(high: 0, low: 0)
        let receipt = try test.store.write(SpanBatch([zero, span(1, 0), span(1, 2)]))
        #expect(receipt.stored == 1)
        #expect(receipt.refusals.map(\.reason) == [.invalidID])
        #expect(receipt.refusedCount == 2)
    }

    @Test("a trace is completed over blocks and head", arguments: kinds)
    func lateSpans(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        let spans = (1...4).map { span(1, UInt64($0), at: Double($0) / 100) }
        for span in [spans[2], spans[0], spans[3], spans[1]] {
            _ = try test.store.write(SpanBatch([span]))
            try test.store.flush()
        }
        #expect(try test.store.traces([id(1)])[0].spans == spans)
        var scanned: [[Span]] = []
        try test.store.scan(from: spans[1].start, through: spans[2].start) { scanned.append($0.spans) }
        #expect(scanned == [[spans[1], spans[2]]])
        try test.store.compact()
        #expect(try test.store.traces([id(1)])[0].spans == spans)
    }

    @Test("a search asks conditions of one span and the time of any span of the trace", arguments: kinds)
    func searchAcrossParts(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        _ = try test.store.write(SpanBatch([span(1, 1, at: 0, service: "a", name: "x")]))
        try test.store.flush()
        _ = try test.store.write(SpanBatch([span(1, 2, at: 100, service: "b", name: "y")]))
        try test.store.flush()
        _ = try test.store.write(SpanBatch([span(1, 3, at: 200, service: "c", name: "z")]))
        func found(_ service: String, _ operation: String? = nil, from: Double, through: Double) throws -> Int {
            try test.store.search(
                TraceQuery(
                    service: service, operation: operation, from: Self.origin + UInt64(from * 1e9),
                    through: Self.origin + UInt64(through * 1e9))
            ).count
        }
        #expect(try found("a", from: 99, through: 101) == 1)
        #expect(try found("c", from: 0, through: 1) == 1)
        #expect(try found("a", from: 1, through: 99) == 0)
        #expect(try found("a", "y", from: 0, through: 300) == 0)
        #expect(try found("b", "y", from: 200, through: 200) == 1)
    }

    @Test("the latest traces come first, at most as many as asked for", arguments: kinds)
    func searchOrder(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        for trace in [3, 1, 4, 2, 5] as [UInt64] {
            _ = try test.store.write(SpanBatch([span(trace, 1, at: Double(trace))]))
            if trace == 4 { try test.store.flush() }
        }
        #expect(try test.store.search(TraceQuery(limit: 3)) == [id(5), id(4), id(3)])
        #expect(try test.store.search(TraceQuery(limit: 0)) == [])
        #expect(try test.store.search(TraceQuery(limit: .max)).count == 5)
    }

    @Test("tags are found on span, resource, scope, event and link by their text", arguments: kinds)
    func tags(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        var rich = span(1, 1, status: .error, attributes: [Attribute("code", .int(503)), Attribute("ratio", .double(0.5))])
        rich.scope = InstrumentationScope(name: "lib", attributes: [Attribute("scope.key", .bool(true))])
        rich.events = [SpanEvent(time: rich.start, name: "exception", attributes: [Attribute("exception.type", "Oops")])]
        rich.links = [
            SpanLink(traceID: id(2), spanID: SpanID(5), attributes: [Attribute("linked", .array([.int(1), .string("a")]))])
        ]
        _ = try test.store.write(SpanBatch([rich, span(2, 1)]))
        for _ in 0..<2 {
            for (key, value) in [
                ("code", "503"), ("ratio", "0.5"), ("scope.key", "true"), ("exception.type", "Oops"), ("linked", "[1,\"a\"]"),
                ("error", "true"),
            ] {
                #expect(try test.store.search(TraceQuery(tags: [(key, value)])) == [id(1)], "\(key)")
            }
            #expect(try test.store.search(TraceQuery(tags: [("host.name", "h1")])).count == 2)
            #expect(try test.store.search(TraceQuery(tags: [("code", "504")])).isEmpty)
            #expect(try test.store.search(TraceQuery(tags: [("code", "503"), ("absent", "1")])).isEmpty)
            #expect(try test.store.search(TraceQuery(keys: ["exception"])) == [id(1)])
            #expect(try test.store.search(TraceQuery(keys: ["ratio", "linked"])) == [id(1)])
            try test.store.flush()
        }
    }

    @Test("everything a span can carry comes back exactly", arguments: kinds)
    func fidelity(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        var generator = RandomSpans(seed: 77)
        let spans = (0..<40).flatMap { _ in generator.trace(spanCount: 1 + generator.below(12)) }
        #expect(try test.store.write(SpanBatch(spans)).stored == spans.count)
        try test.store.compact()
        try test.reopen()
        var seen: [SpanKey: Span] = [:]
        try test.store.scan(from: 0, through: .max) { batch in
            for span in batch.spans { #expect(seen.updateValue(span, forKey: SpanKey(span)) == nil) }
        }
        #expect(seen == Dictionary(uniqueKeysWithValues: spans.map { (SpanKey($0), $0) }))
    }

    @Test("rollups add up over head and blocks", arguments: kinds)
    func rollups(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        for trace in 1...6 as ClosedRange<UInt64> {
            _ = try test.store.write(
                SpanBatch([span(trace, 1, at: Double(trace) * 20), span(trace, 2, parent: 1, at: Double(trace) * 20)]))
            if trace % 2 == 0 { try test.store.flush() }
        }
        let minute = Int64(Self.origin / 60_000_000_000)
        func calls(_ range: ClosedRange<Int64>) throws -> UInt64 {
            try test.store.rollups(minutes: range).operations.values.reduce(0) { $0 + $1.calls }
        }
        for _ in 0..<2 {
            #expect(try calls(0...Int64.max) == 12)
            #expect(try calls(minute...minute) == 4)
            #expect(try calls((minute + 2)...(minute + 3)) == 2)
            try test.store.compact()
        }
    }

    @Test("a closed store refuses", arguments: kinds)
    func closing(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        _ = try test.store.write(SpanBatch([span(1, 1)]))
        try test.store.close()
        #expect { _ = try test.store.write(SpanBatch([span(1, 2)])) } throws: { ($0 as? StorageError)?.kind == .closed }
        #expect { _ = try test.store.traces([id(1)]) } throws: { ($0 as? StorageError)?.kind == .closed }
    }

    @Test("what the body of a scan throws ends it", arguments: kinds)
    func scanStops(kind: SpanStoreUnderTest.Kind) throws {
        struct Enough: Error {}
        let test = try SpanStoreUnderTest(kind)
        _ = try test.store.write(SpanBatch([span(1, 1)]))
        #expect(throws: Enough.self) { try test.store.scan(from: 0, through: .max) { _ in throw Enough() } }
    }

    @Test("what the checkpoint of a search throws ends it", arguments: kinds)
    func searchStops(kind: SpanStoreUnderTest.Kind) throws {
        struct Enough: Error {}
        let test = try SpanStoreUnderTest(kind)
        _ = try test.store.write(SpanBatch([span(1, 1)]))
        var query = TraceQuery()
        #expect(try test.store.search(query) == [id(1)])
        query.checkpoint = { throw Enough() }
        #expect(throws: Enough.self) { try test.store.search(query) }
        try test.store.flush()
        #expect(throws: Enough.self) { try test.store.search(query) }
    }

    @Test("a trace larger than a page is one trace for every question", arguments: kinds)
    func largeTrace(kind: SpanStoreUnderTest.Kind) throws {
        let test = try SpanStoreUnderTest(kind)
        let spanCount = 70_000
        var batch = SpanBatch()
        for number in 1...spanCount {
            batch.append(span(1, UInt64(number), at: Double(number) / 1e6))
        }
        _ = try test.store.write(batch)
        _ = try test.store.write(SpanBatch([span(2, 1)]))
        try test.store.flush()
        #expect(try test.store.traces([id(1)])[0].count == spanCount)
        #expect(try test.store.search(TraceQuery(from: Self.origin + 69_000_000)) == [id(1)])
        #expect(try test.store.search(TraceQuery(limit: 1)).count == 1)
        var counts: [Int] = []
        try test.store.scan(from: 0, through: .max, SpanProjection(.names)) { batch in
            counts += Dictionary(grouping: batch.rows, by: \.traceID).values.map(\.count)
        }
        #expect(counts.sorted() == [1, spanCount])
    }
}

/// A span's identity, for comparing sets of spans.
struct SpanKey: Hashable {
    var trace: TraceID
    var span: SpanID
    var side: SpanSide

    init(_ span: Span) {
        trace = span.traceID
        self.span = span.spanID
        side = span.side
    }
}
