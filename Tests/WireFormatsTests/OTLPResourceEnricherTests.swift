import ByteCoding
import TelemetryModel
import Testing
import WireFormats

@Suite("Adding resource attributes to OTLP")
struct OTLPResourceEnricherTests {
    private let enricher = OTLPResourceEnricher([Attribute("host.name", "h1"), Attribute("host.id", .int(5))])

    @Test("keys are added where they are missing, and all else stays", arguments: [61, 62] as [UInt64])
    func adds(seed: UInt64) throws {
        var samples = SpanSamples(seed: seed)
        var batch = samples.batch(20)
        batch.append(
            Span(
                traceID: TraceID(high: 0, low: 1), spanID: SpanID(1), name: "own", start: 1, end: 2,
                resource: Resource(attributes: [Attribute("host.name", "mine")])))
        let enriched = try OTLPTraceEncoder.encode(batch).withUnsafeBytes { try enricher.enrich($0) }
        let spans = try enriched.withUnsafeBytes { try OTLPTraceDecoder.decode($0) }.batch.spans
        #expect(spans.count == 21)
        for span in spans {
            #expect(span.resource.attributes.string("host.name") == (span.name == "own" ? "mine" : "h1"))
            #expect(span.resource.attributes["host.id"] == .int(5))
        }
        func withoutResource(_ spans: [Span]) -> Set<Span> {
            Set(
                spans.map { span in
                    var span = span
                    span.resource.attributes.removeAll { $0.key.hasPrefix("host.") }
                    return span
                })
        }
        #expect(withoutResource(spans) == withoutResource(batch.spans), "seed \(seed)")
    }

    @Test("a group without a resource gets one, fields that are not known are kept")
    func noResource() throws {
        var request = ProtobufWriter()
        request.message(1) { $0.string(3, "schema") }
        request.string(9, "unknown")
        let enriched = try request.bytes.withUnsafeBytes { try OTLPResourceEnricher([Attribute("k", "v")]).enrich($0) }
        var expected = ProtobufWriter()
        expected.message(1) { group in
            group.message(1) { $0.message(1) { AttributeValueCoding.write(Attribute("k", "v"), &$0) } }
            group.string(3, "schema")
        }
        expected.string(9, "unknown")
        #expect(enriched == expected.bytes)
    }

    @Test("mutated requests end in a request or an error", arguments: [63] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var samples = SpanSamples(seed: seed)
        var mutator = Mutator(seed: seed)
        let bytes = OTLPTraceEncoder.encode(samples.batch(3))
        for _ in 0..<3000 {
            let mutated = mutator.mutate(bytes)
            do { _ = try mutated.withUnsafeBytes { try enricher.enrich($0) } } catch is ByteCodingError {}
        }
    }
}
