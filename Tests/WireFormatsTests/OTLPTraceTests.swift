import ByteCoding
import Platform
import TelemetryModel
import Testing
import WireFormats

@Suite("OTLP traces")
struct OTLPTraceTests {
    private func decode(_ bytes: [UInt8], limits: DecodeLimits = DecodeLimits()) throws -> DecodedSpans {
        try bytes.withUnsafeBytes { try OTLPTraceDecoder.decode($0, limits: limits) }
    }

    private func span(_ fill: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var request = ProtobufWriter()
        request.message(1) { $0.message(2) { $0.message(2, fill) } }
        return request.bytes
    }

    private func ids(_ span: inout ProtobufWriter) {
        span.bytes(1, [UInt8](repeating: 1, count: 16))
        span.bytes(2, [UInt8](repeating: 2, count: 8))
    }

    @Test("spans of every shape come back the same", arguments: [1, 2, 3, 4] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var samples = SpanSamples(seed: seed)
        let batch = samples.batch(60)
        let decoded = try decode(OTLPTraceEncoder.encode(batch))
        #expect(decoded.refusals.isEmpty)
        #expect(Set(decoded.batch.spans) == Set(batch.spans), "seed \(seed)")
        #expect(decoded.batch.count == 60)
    }

    @Test("spans of one resource and scope are written in one group, in order of appearance")
    func grouping() throws {
        var batch = SpanBatch()
        for name in ["a", "b", "a"] {
            batch.append(
                Span(
                    traceID: TraceID(high: 0, low: 1), spanID: SpanID(UInt64(batch.count) + 1), name: name, start: 1, end: 2,
                    resource: Resource(attributes: [Attribute("service.name", name)])))
        }
        // The third span's resource equals the first one's but has a row of its own, as appending only looks one row back.
        batch.rows[2].resource = batch.rows[0].resource
        let decoded = try decode(OTLPTraceEncoder.encode(batch))
        #expect(decoded.batch.resources.count == 2)
        #expect(decoded.batch.rows.indices.map(decoded.batch.name) == ["a", "a", "b"])
    }

    @Test("a resource and attributes may stand behind what they belong to")
    func unusualOrder() throws {
        var request = ProtobufWriter()
        request.message(1) { resourceSpans in
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(2) { span in
                    span.message(11) { $0.message(3) { $0.string(1, "of.event") } }
                    span.message(9) { $0.string(1, "first") }
                    span.message(11) { $0.string(2, "second event") }
                    span.message(9) { $0.string(1, "second") }
                    ids(&span)
                    span.string(99, "a field from the future")
                }
                scopeSpans.message(1) { $0.string(1, "late scope") }
            }
            resourceSpans.message(1) { $0.message(1) { AttributeValueCoding.write(Attribute("service.name", "late"), &$0) } }
        }
        let span = try #require(try decode(request.bytes).batch.spans.first)
        #expect(span.attributes.map(\.key) == ["first", "second"])
        #expect(span.events.map { $0.attributes.map(\.key) } == [["of.event"], []])
        #expect(span.resource.serviceName == "late")
        #expect(span.scope.name == "late scope")
    }

    @Test("a bad span is refused alone, with a reason")
    func refusals() throws {
        var request = ProtobufWriter()
        request.message(1) { resourceSpans in
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(2) { ids(&$0) }
                scopeSpans.message(2) { $0.bytes(1, [1, 2, 3]) }
                scopeSpans.message(2) { $0.bytes(1, [UInt8](repeating: 0, count: 16)) }
                scopeSpans.message(2) { span in
                    ids(&span)
                    span.bytes(5, [0xFF, 0xFE])
                }
                scopeSpans.message(2) { span in
                    ids(&span)
                    for index in 0..<20 { span.message(9) { $0.string(1, "k\(index)") } }
                }
                scopeSpans.bytes(2, [0x0A, 0x7F])
                scopeSpans.message(2) { ids(&$0) }
            }
        }
        var limits = DecodeLimits()
        limits.attributeCount = 19
        let decoded = try decode(request.bytes, limits: limits)
        #expect(decoded.batch.count == 2)
        #expect(decoded.batch.attributes.isEmpty)
        #expect(decoded.refusals.entries.map(\.reason) == [.invalidID, .malformed, .tooLarge])
        #expect(decoded.refusals.entries.map(\.count) == [2, 2, 1])
        #expect(decoded.refusals.entries[1].example == "Span 4 of the request: its name is not UTF-8.")
    }

    @Test("spans of a resource or scope that cannot be read are refused with it, the others are kept")
    func badResource() throws {
        var request = ProtobufWriter()
        for isBad in [true, false] {
            request.message(1) { resourceSpans in
                resourceSpans.message(1) { $0.message(1) { $0.bytes(1, isBad ? [0xC0] : [0x61]) } }
                for scope in [[0x61], [0xC0]] as [[UInt8]] {
                    resourceSpans.message(2) { scopeSpans in
                        scopeSpans.message(1) { $0.bytes(1, scope) }
                        scopeSpans.message(2) { ids(&$0) }
                    }
                }
            }
        }
        let decoded = try decode(request.bytes)
        #expect(decoded.batch.count == 1)
        #expect(decoded.refusals.entries.map(\.count) == [3])
    }

    @Test("resources and scopes without a span that is taken leave nothing behind, however many there are")
    func emptyScopes() throws {
        var request = ProtobufWriter()
        for _ in 0..<1000 {
            request.message(1) { resourceSpans in
                resourceSpans.message(1) { AttributeValueCoding.write(Attribute("k", .int(1)), &$0) }
                for _ in 0..<100 { resourceSpans.bytes(2, []) }
                resourceSpans.message(2) { scopeSpans in
                    scopeSpans.message(1) { $0.message(3) { AttributeValueCoding.write(Attribute("k", .int(1)), &$0) } }
                    scopeSpans.message(2) { _ in }
                }
            }
        }
        request.message(1) { resourceSpans in
            resourceSpans.bytes(2, [])
            resourceSpans.message(2) { scopeSpans in scopeSpans.message(2) { ids(&$0) } }
            resourceSpans.bytes(2, [])
        }
        let decoded = try decode(request.bytes)
        #expect(decoded.batch.count == 1)
        #expect(decoded.refusals.count == 1000)
        #expect(decoded.batch.resources.count == 1)
        #expect(decoded.batch.scopes.count == 1)
        #expect(decoded.batch.attributes.isEmpty)
    }

    @Test("attributes may be nested as deep as the limit and no deeper")
    func nesting() throws {
        func nested(_ depth: Int) -> AttributeValue { (0..<depth).reduce(.int(1)) { value, _ in .array([value]) } }
        for (depth, isTaken) in [(32, true), (33, false), (5000, false)] {
            let bytes = span { span in
                ids(&span)
                span.message(9) { AttributeValueCoding.write(Attribute("deep", nested(depth)), &$0) }
            }
            #expect(try decode(bytes).refusals.isEmpty == isTaken, "depth \(depth)")
        }
    }

    @Test("whatever the bytes, decoding ends with spans or an error", arguments: [11, 12, 13] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var samples = SpanSamples(seed: seed)
        var mutator = Mutator(seed: seed)
        let bytes = OTLPTraceEncoder.encode(samples.batch(5))
        var errors = 0
        for _ in 0..<3000 {
            let mutated = mutator.mutate(bytes)
            do {
                let decoded = try decode(mutated)
                // What was taken must be whole: writing and reading it again gives the same.
                let again = try decode(OTLPTraceEncoder.encode(decoded.batch))
                #expect(again.refusals.isEmpty && again.batch.count == decoded.batch.count, "seed \(seed)")
            } catch is ByteCodingError {
                errors += 1
            }
        }
        #expect(errors > 0)
    }

    @Test("answers say how much was rejected, in both encodings")
    func responses() {
        #expect(OTLPResponse.success(.traces, .protobuf).isEmpty)
        #expect(String(decoding: OTLPResponse.success(.traces, .json), as: UTF8.self) == "{}")
        #expect(OTLPResponse.success(.metrics, .protobuf, rejected: 3, message: "no") == [0x0A, 6, 8, 3, 0x12, 2, 0x6E, 0x6F])
        #expect(
            String(decoding: OTLPResponse.success(.logs, .json, rejected: 3, message: "\"no\""), as: UTF8.self)
                == #"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"\"no\""}}"#)
        #expect(OTLPResponse.failure(.unavailable, "no", .protobuf) == [8, 14, 0x12, 2, 0x6E, 0x6F])
        #expect(
            String(decoding: OTLPResponse.failure(.invalidArgument, "no", .json), as: UTF8.self) == #"{"code":3,"message":"no"}"#)
    }
}
