import ByteCoding
import Foundation
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@Suite("Zipkin v2 JSON")
struct ZipkinTests {
    private func decode(_ json: String) throws -> DecodedSpans {
        try Array(json.utf8).withUnsafeBytes { try ZipkinDecoder.decode($0) }
    }

    private static let full = #"""
        {"traceId":"5af7183fb1d4cf5f","parentId":"6b221d5bc9e6496c","id":"352bff9a74ca9ad2","kind":"SERVER","name":"get /api",
        "timestamp":1556604172355737,"duration":1431,"localEndpoint":{"serviceName":"backend","ipv4":"192.168.99.1","port":3306},
        "remoteEndpoint":{"serviceName":"front","ipv4":"172.19.0.2","ipv6":"::1","port":58648},
        "tags":{"http.method":"GET","error":"no money"},"annotations":[{"timestamp":1556604172355800,"value":"ws"}],
        "shared":true,"debug":true}
        """#

    @Test("every member of a span is read")
    func everyMember() throws {
        let decoded = try decode("[\(Self.full)]")
        #expect(decoded.refusals.isEmpty)
        let span = try #require(decoded.batch.spans.first)
        #expect(span.traceID == TraceID(high: 0, low: 0x5af7_183f_b1d4_cf5f) && span.spanID.description == "352bff9a74ca9ad2")
        #expect(span.parentSpanID.description == "6b221d5bc9e6496c" && span.side == .sharedServer && span.kind == .server)
        #expect(span.start == 1_556_604_172_355_737_000 && span.end - span.start == 1_431_000)
        #expect(span.resource.serviceName == "backend")
        #expect(span.status == .error && span.statusMessage == "no money")
        #expect(span.events == [SpanEvent(time: 1_556_604_172_355_800_000, name: "ws")])
        let expected = [
            Attribute("network.local.address", "192.168.99.1"), Attribute("network.local.port", .int(3306)),
            Attribute("peer.service", "front"), Attribute("network.peer.address", "172.19.0.2"),
            Attribute("zipkin.remote.ipv6", "::1"), Attribute("network.peer.port", .int(58648)),
            Attribute("zipkin.debug", .bool(true)), Attribute("http.method", "GET"), Attribute("error", "no money"),
        ]
        #expect(span.attributes == expected)
    }

    @Test(
        "a span that cannot be read is refused alone",
        arguments: [
            (#"{"id":"1","timestamp":1}"#, WireRefusalReason.invalidID), (#"{"traceId":"1","timestamp":1}"#, .invalidID),
            (#"{"traceId":"0","id":"1","timestamp":1}"#, .invalidID), (#"{"traceId":"xyz","id":"1","timestamp":1}"#, .invalidID),
            (#"{"traceId":"1","id":"1","parentId":"q","timestamp":1}"#, .invalidID),
            (#"{"traceId":"1","id":"11111111111111111","timestamp":1}"#, .invalidID), (#"{"traceId":"1","id":"1"}"#, .malformed),
            (#"{"traceId":"1","id":"1","timestamp":-1}"#, .malformed), (#"{"traceId":"1","id":"1","timestamp":"now"}"#, .malformed),
            (#"{"traceId":"1","id":"1","timestamp":18446744073709551615}"#, .malformed),
            (#"{"traceId":"1","id":"1","timestamp":1,"kind":"BOTH"}"#, .malformed),
            (#"{"traceId":"1","id":"1","timestamp":1,"tags":[]}"#, .malformed),
            (#"{"traceId":"1","id":"1","timestamp":1,"localEndpoint":{"port":65536}}"#, .malformed), ("5", .malformed),
        ])
    func refusals(span: String, reason: WireRefusalReason) throws {
        let decoded = try decode("[\(Self.full),\(span),\(Self.full)]")
        #expect(decoded.batch.count == 2)
        #expect(decoded.refusals.entries.map(\.reason) == [reason])
        #expect(decoded.refusals.entries.first?.example.hasPrefix("Span 2 of the list: ") == true)
    }

    @Test("what is no list is refused whole", arguments: ["", "{}", "[", "[{]", "null", "[1", "[{}]x"])
    func noList(json: String) { #expect(throws: ByteCodingError.self) { try decode(json) } }

    @Test("a span without a timestamp starts at its first annotation, a parent that is itself is none")
    func leniency() throws {
        let span = try #require(
            try decode(
                #"[{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"a","parentId":"a","annotations":[{"timestamp":9,"value":"x"}],"#
                    + #""tags":{"n":5,"b":true}}]"#
            ).batch.spans.first)
        #expect(span.start == 9000 && span.end == 9000 && span.parentSpanID.isZero)
        #expect(span.traceID.description == "463ac35c9f6413ad48485a3953bb6124")
        #expect(span.attributes == [Attribute("zipkin.untimed", .bool(true)), Attribute("n", "5"), Attribute("b", "true")])
    }

    @Test("a span of OTLP is written with scope, status and typed values as tags")
    func fromOTLP() {
        var span = Span(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "n", kind: .client, start: 5_000, end: 5_100,
            status: .error,
            attributes: [Attribute("i", .int(5)), Attribute("l", .array([.int(1)]))],
            resource: Resource(attributes: [Attribute("service.name", "s")]), scope: InstrumentationScope(name: "lib", version: "2")
        )
        span.events = [SpanEvent(time: 6_000, name: "e", attributes: [Attribute("k", "v")])]
        var batch = SpanBatch()
        batch.append(span)
        #expect(
            String(decoding: ZipkinEncoder.trace(batch), as: UTF8.self)
                == #"[{"traceId":"00000000000000010000000000000002","id":"0000000000000003","kind":"CLIENT","name":"n","timestamp":5,"#
                + #""duration":1,"localEndpoint":{"serviceName":"s"},"annotations":[{"timestamp":6,"value":"\"e\": {\"k\":\"v\"}"}],"#
                + #""tags":{"i":"5","l":"[1]","error":"true","otel.status_code":"ERROR","otel.scope.name":"lib","otel.scope.version":"2"}}]"#
        )
    }

    @Test("dependency links are written as Zipkin has them")
    func dependencies() {
        let links = [
            ZipkinEncoder.DependencyLink(parent: "a", child: "b", callCount: 5, errorCount: 0),
            ZipkinEncoder.DependencyLink(parent: "b", child: "c", callCount: 2, errorCount: 1),
        ]
        #expect(
            String(decoding: ZipkinEncoder.dependencies(links), as: UTF8.self)
                == #"[{"parent":"a","child":"b","callCount":5},{"parent":"b","child":"c","callCount":2,"errorCount":1}]"#)
    }

    @Test("mutated JSON ends with spans or an error", arguments: [51, 52] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let json = Array("[\(Self.full)]".utf8)
        for _ in 0..<5000 {
            let mutated = mutator.mutate(json)
            do {
                let decoded = try mutated.withUnsafeBytes { try ZipkinDecoder.decode($0) }
                _ = ZipkinEncoder.trace(decoded.batch)
                _ = JaegerEncoder.traces([decoded.batch])
            } catch is ByteCodingError {}
        }
    }
}

@Suite("Zipkin v2 JSON, traces of Zipkin's own tests", .enabled(if: SharedData.isAvailable))
struct ZipkinExampleTests {
    /// A list of spans in a form that can be compared; an empty endpoint says nothing.
    private func objects(_ json: [UInt8]) throws -> [NSDictionary] {
        let list = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [[String: Any]])
        return list.map { span in
            NSDictionary(dictionary: span.filter { ($0.value as? [String: Any])?.isEmpty != true })
        }
    }

    @Test("what was read is written the same")
    func roundTrip() throws {
        for name in try SharedData.list("conformance/zipkin") {
            let json = try SharedData.read("conformance/zipkin/\(name)")
            let decoded = try json.withUnsafeBytes { try ZipkinDecoder.decode($0) }
            #expect(decoded.refusals.isEmpty, "\(name)")
            let expected = try objects(json)
            let written = try objects(ZipkinEncoder.trace(decoded.batch))
            #expect(written.count == expected.count)
            for (got, wanted) in zip(written, expected) { #expect(got == wanted, "\(name)") }
        }
    }

    @Test("shared ids become unique for Jaeger, and the children follow")
    func jaeger() throws {
        let json = try SharedData.read("conformance/zipkin/skew.json")
        let batch = try json.withUnsafeBytes { try ZipkinDecoder.decode($0) }.batch
        let answer = try JSONSerialization.jsonObject(with: Data(JaegerEncoder.traces([batch]))) as? [String: Any]
        let trace = try #require((answer?["data"] as? [[String: Any]])?.first)
        let spans = try #require(trace["spans"] as? [[String: Any]])
        let ids = spans.compactMap { $0["spanID"] as? String }
        #expect(Set(ids).count == 4)
        func parent(_ index: Int) -> String? { (spans[index]["references"] as? [[String: Any]])?.first?["spanID"] as? String }
        // In the file: a child of the server, the server's half, the root, the client's half.
        #expect(parent(0) == ids[1] && parent(1) == ids[3] && parent(2) == nil && parent(3) == ids[2])
        #expect(ids[3] == "74280ae0c10d8062")
    }
}
