import ByteCoding
import Foundation
import Platform
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@Suite("OTLP/JSON")
struct OTLPJSONTests {
    private func decode(_ json: [UInt8]) throws -> DecodedSpans {
        let result = try json.withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .traces) }
        var decoded = try result.bytes.withUnsafeBytes { try OTLPTraceDecoder.decode($0) }
        for entry in result.refusals.entries { decoded.refusals.add(entry.reason, count: entry.count, entry.example) }
        return decoded
    }

    private func decode(span: String) throws -> DecodedSpans {
        try decode(Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(span)]}]}]}"#.utf8))
    }

    private static let ids = #""traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174""#

    @Test("every field of a span is read")
    func everyField() throws {
        let json = #"""
            {\#(Self.ids),"traceState":"a=1","parentSpanId":"EEE19B7EC3C1B173","name":"na\u006de","kind":"SPAN_KIND_SERVER",
            "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,"droppedAttributesCount":1,
            "attributes":[{"key":"s","value":{"stringValue":"x"}},{"key":"b","value":{"boolValue":false}},
            {"key":"i","value":{"intValue":"-9223372036854775808"}},{"key":"d","value":{"doubleValue":"-Infinity"}},
            {"key":"a","value":{"arrayValue":{"values":[{"intValue":1},{}]}}},
            {"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"doubleValue":1.5}}]}}},
            {"key":"y","value":{"bytesValue":"AAAwOQ=="}},{"key":"n","value":null}],
            "events":[{"timeUnixNano":"5","name":"e","attributes":[{"key":"k"}],"droppedAttributesCount":2}],"droppedEventsCount":3,
            "links":[{"traceId":"000000000000000000000000000000ff","spanId":"00000000000000ff","traceState":"b=2","flags":1}],
            "droppedLinksCount":4,"status":{"message":"bad","code":2},"flags":257,"unknown":{"deep":[1,{"x":null}]}}
            """#
        let decoded = try decode(span: json)
        #expect(decoded.refusals.isEmpty)
        let span = try #require(decoded.batch.spans.first)
        #expect(span.traceID.description == "5b8efff798038103d269b633813fc60c")
        #expect(span.spanID.description == "eee19b7ec3c1b174" && span.parentSpanID.description == "eee19b7ec3c1b173")
        #expect(span.name == "name" && span.kind == .server && span.traceState == "a=1" && span.flags == 257)
        #expect(span.start == 1_544_712_660_000_000_000 && span.end == 1_544_712_661_000_000_000)
        #expect(span.status == .error && span.statusMessage == "bad")
        #expect(span.droppedAttributeCount == 1 && span.droppedEventCount == 3 && span.droppedLinkCount == 4)
        let values: [AttributeValue] = [
            .string("x"), .bool(false), .int(.min), .double(-.infinity), .array([.int(1), .empty]),
            .map([Attribute("k", .double(1.5))]), .bytes([0, 0, 0x30, 0x39]), .empty,
        ]
        #expect(span.attributes.map(\.value) == values)
        #expect(
            span.events == [SpanEvent(time: 5, name: "e", attributes: [Attribute("k", .empty)], droppedAttributeCount: 2)])
        #expect(span.links == [SpanLink(traceID: TraceID(high: 0, low: 255), spanID: SpanID(255), traceState: "b=2", flags: 1)])
    }

    @Test("names in snake_case are taken too")
    func snakeCase() throws {
        let json =
            #"{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"5B8EFFF798038103D269B633813FC60C",""#
            + #"span_id":"eee19b7ec3c1b174","start_time_unix_nano":7,"dropped_attributes_count":1}]}]}]}"#
        let span = try #require(try decode(Array(json.utf8)).batch.spans.first)
        #expect(span.start == 7 && span.droppedAttributeCount == 1)
    }

    @Test(
        "a span with a field of the wrong type is refused alone",
        arguments: [
            #""name":5"#, #""kind":"SPAN_KIND_X""#, #""kind":[]"#, #""startTimeUnixNano":"soon""#, #""startTimeUnixNano":-1"#,
            #""startTimeUnixNano":1.5"#, #""attributes":{}"#, #""attributes":[5]"#, #""status":"bad""#, #""flags":4294967296"#,
            #""attributes":[{"key":"k","value":{"bytesValue":"!"}}]"#, #""parentSpanId":"zz""#, #""parentSpanId":"abc""#,
        ])
    func wrongTypes(field: String) throws {
        let decoded = try decode(span: "{\(Self.ids)},{\(Self.ids),\(field)},{\(Self.ids)}")
        #expect(decoded.batch.count == 2)
        #expect(decoded.refusals.entries.map(\.reason) == [.malformed])
    }

    @Test("ids of the wrong length are refused as such", arguments: ["", "00", "zz", "00000000000000000000000000000000"])
    func wrongIDs(id: String) throws {
        let decoded = try decode(span: "{\(Self.ids)},{\(Self.ids),\"traceId\":\"\(id)\"}")
        #expect(decoded.batch.count == 1)
        #expect(decoded.refusals.entries.map(\.reason) == [.invalidID])
    }

    @Test("an attribute nested too deep costs its span, one nested absurdly deep the request")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            let open = String(repeating: #"{"arrayValue":{"values":["#, count: depth)
            return #"{\#(Self.ids),"attributes":[{"key":"k","value":\#(open){}\#(String(repeating: "]}}", count: depth))}]}"#
        }
        #expect(try decode(span: nested(32)).batch.count == 1)
        #expect(try decode(span: nested(33)).refusals.entries.map(\.reason) == [.tooLarge])
        #expect(throws: ByteCodingError.self) { try decode(span: nested(10_000)) }
    }

    @Test(
        "what is no request is refused whole",
        arguments: ["", "[]", "5", "{", #"{"resourceSpans":{}}"#, #"{"resourceSpans":[1]}"#, "{}x"])
    func noRequest(json: String) { #expect(throws: ByteCodingError.self) { try decode(Array(json.utf8)) } }

    @Test("mutated JSON ends with spans or an error", arguments: [21, 22] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let json = Array(
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(Self.ids),"kind":2,"events":[{"name":"\ud83d\ude00"}],"flags":1}]}]}]}"#
                .utf8)
        for _ in 0..<5000 {
            let mutated = mutator.mutate(json)
            do { _ = try decode(mutated) } catch is ByteCodingError {}
        }
    }
}

@Suite("OTLP/JSON, examples of the specification and of Jaeger", .enabled(if: SharedData.isAvailable))
struct OTLPJSONExampleTests {
    private func decode(_ path: String) throws -> SpanBatch {
        let result = try SharedData.read(path).withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .traces) }
        let decoded = try result.bytes.withUnsafeBytes { try OTLPTraceDecoder.decode($0) }
        #expect(result.refusals.isEmpty && decoded.refusals.isEmpty, "\(path)")
        return decoded.batch
    }

    @Test("the specification's trace")
    func specification() throws {
        let span = try #require(try decode("conformance/otlp/trace.json").spans.first)
        #expect(span.name == "I'm a server span" && span.kind == .server)
        #expect(span.end - span.start == 1_000_000_000)
        #expect(span.resource.serviceName == "my.service")
        #expect(span.scope.attributes.string("my.scope.attribute") == "some scope attribute")
        #expect(span.attributes.string("my.span.attr") == "some value")
    }

    @Test("Jaeger's traces, whole")
    func jaeger() throws {
        for name in try SharedData.list("conformance/jaeger") {
            let path = "conformance/jaeger/\(name)"
            let text = String(decoding: try SharedData.read(path), as: UTF8.self)
            let spanCount = text.components(separatedBy: "\"endTimeUnixNano\"").count - 1
            #expect(try decode(path).count == spanCount && spanCount > 0, "\(name)")
        }
        let scope = try #require(try decode("conformance/jaeger/scope_attributes_trace.json").spans.first?.scope)
        #expect(scope.attributes["scopeblob"] == .bytes([0, 0, 0x30, 0x39]))
        #expect(scope.attributes.map(\.value.text) == ["sameplacevalue", "123", "true", "72.5", "AAAwOQ=="])
    }
}
