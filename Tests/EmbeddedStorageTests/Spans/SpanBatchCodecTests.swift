import ByteCoding
import EmbeddedStorage
import Platform
import TelemetryModel
import TestSupport
import Testing

@Suite("SpanBatchCodec")
struct SpanBatchCodecTests {
    @Test("what was encoded comes back exactly, in order", arguments: 0..<40 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        let traces = (0..<6).map { _ in generator.trace(spanCount: 1 + generator.below(30)) }
        var spans = traces.flatMap(\.self)
        if seed % 2 == 0 { spans.shuffle(using: &generator.random) }
        let bytes = SpanBatchCodec.encode(SpanBatch(spans))
        #expect(try SpanBatchCodec.decode(bytes).spans == spans, "seed \(seed)")
    }

    @Test("an empty batch comes back empty")
    func emptyBatch() throws {
        #expect(try SpanBatchCodec.decode(SpanBatchCodec.encode(SpanBatch())).isEmpty)
    }

    @Test("extreme times and ids survive")
    func extremes() throws {
        var spans: [Span] = []
        for (start, end) in [(0, UInt64.max), (UInt64.max, 0), (1, 0), (1 << 63, 1 << 63)] as [(UInt64, UInt64)] {
            var span = Span(
                traceID: TraceID(high: .max, low: 1), spanID: SpanID(.max), parentSpanID: SpanID(.max), name: "", start: start,
                end: end)
            span.events = [SpanEvent(time: .max, name: ""), SpanEvent(time: 0, name: "e")]
            spans.append(span)
        }
        #expect(try SpanBatchCodec.decode(SpanBatchCodec.encode(SpanBatch(spans))).spans == spans)
    }

    @Test("a signalling NaN keeps its bits")
    func nanPayload() throws {
        let value = Double(bitPattern: 0x7FF0_0000_0000_0001)
        let span = Span(
            traceID: TraceID(high: 0, low: 1), spanID: SpanID(1), name: "n", start: 1, end: 2,
            attributes: [Attribute("d", .double(value)), Attribute("zero", .double(-0.0))])
        let batch = try SpanBatchCodec.decode(SpanBatchCodec.encode(SpanBatch([span])))
        #expect(batch.attributes.map(\.payload) == [value.bitPattern, (-0.0).bitPattern])
    }

    @Test("symbols, resources and pools that no span uses are left out or harmless")
    func sparsePools() throws {
        var generator = RandomSpans(seed: 5)
        let spans = generator.trace(spanCount: 40)
        let whole = SpanBatch(spans)
        var part = SpanBatch()
        part.symbols = whole.symbols
        part.resources = whole.resources
        part.scopes = whole.scopes
        part.attributes = whole.attributes
        part.events = whole.events
        part.links = whole.links
        part.rows = [whole.rows[7], whole.rows[3]]
        #expect(try SpanBatchCodec.decode(SpanBatchCodec.encode(part)).spans == [spans[7], spans[3]])
    }

    @Test("cut bytes are refused, whatever the place")
    func truncation() {
        var generator = RandomSpans(seed: 11)
        let bytes = SpanBatchCodec.encode(SpanBatch(generator.trace(spanCount: 12)))
        for count in 0..<bytes.count {
            #expect(throws: ByteCodingError.self, "cut to \(count) of \(bytes.count)") {
                try SpanBatchCodec.decode(Array(bytes[..<count]))
            }
        }
    }

    @Test("changed bytes are refused or give a batch that can be read", arguments: 0..<20 as Range<UInt64>)
    func mutation(seed: UInt64) {
        var generator = RandomSpans(seed: seed)
        let bytes = SpanBatchCodec.encode(SpanBatch(generator.trace(spanCount: 12)))
        for _ in 0..<200 {
            var changed = bytes
            for _ in 0...generator.below(3) { changed[generator.below(changed.count)] = UInt8(generator.below(256)) }
            // Reading every span touches every index and range that the decoder let through.
            if let batch = try? SpanBatchCodec.decode(changed) { #expect(batch.spans.count == batch.count, "seed \(seed)") }
        }
    }
}
