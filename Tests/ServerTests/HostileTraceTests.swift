import ByteCoding
import EmbeddedStorage
import Foundation
import Hummingbird
import Platform
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@testable import Ingest
@testable import Server

@Suite("Hostile traces")
struct HostileTraceTests {
    private static func server() throws -> TestServer {
        let time = ManualTime(now: TestServer.now)
        let store = try EmbeddedStore.open(directory: "/store", fileSystem: FaultFileSystem(seed: 1), time: time)
        return try TestServer(dependencies: TestServer.dependencies(store: store, time: time))
    }

    private static let json: HTTPFields = [.contentType: "application/json"]
    private static let protobuf: HTTPFields = [.contentType: "application/x-protobuf"]

    /// A request with spans of the trace 1 in JSON.
    private static func request(_ spans: String...) -> [UInt8] {
        Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(spans.joined(separator: ","))]}]}]}"#.utf8)
    }

    private static func span(
        _ id: Int, _ more: String = "", start: UInt64 = TestServer.now, end: UInt64 = TestServer.now, trace: String? = nil
    ) -> String {
        let trace = trace ?? "00000000000000000000000000000001"
        let digits = String(id, radix: 16)
        let spanID = String(repeating: "0", count: 16 - digits.count) + digits
        return #"{"traceId":"\#(trace)","spanId":"\#(spanID)","startTimeUnixNano":"\#(start)","endTimeUnixNano":"\#(end)"\#(more)}"#
    }

    private static func spans(_ server: TestServer, _ id: String = "1") async throws -> [String: [String: String]] {
        let reply = try await server.send(.get, "/api/v3/traces/\(id)?rawTraces=true")
        return reply.status == 404 ? [:] : try OTLPDocument(reply.body, member: "result").spans
    }

    @Test("arrays and maps are taken up to the depth limit; a deeper one costs its span only, an absurd one the request")
    func nesting() async throws {
        func nested(_ depth: Int) -> String {
            #","attributes":[{"key":"k","value":"#
                + String(repeating: #"{"arrayValue":{"values":["#, count: depth) + #"{"intValue":"1"}"#
                + String(repeating: "]}}", count: depth) + "}]"
        }
        let server = try Self.server()
        let limit = AttributeValue.depthLimit
        let reply = try await server.send(
            .post, "/v1/traces", headers: Self.json,
            body: Self.request(Self.span(1, nested(limit)), Self.span(2, nested(limit + 1)), Self.span(3)))
        #expect(reply.status == 200)
        #expect(
            reply.body.contains(#""rejectedSpans":"1""#) && reply.body.contains("nested more than \(limit) deep"), "\(reply.body)")
        #expect(try await Self.spans(server).keys.sorted() == ["0000000000000001", "0000000000000003"])
        let absurd = try await server.send(
            .post, "/v1/traces", headers: Self.json, body: Self.request(Self.span(4, nested(10_000))))
        #expect(absurd.status == 413)
        #expect(absurd.body.contains("deep"), "\(absurd.body)")
    }

    @Test("a span with a thousand attributes comes back whole, one with more than the limit is refused alone")
    func manyAttributes() async throws {
        func attributes(_ count: Int) -> String {
            ",\"attributes\":["
                + (0..<count).map { #"{"key":"key.\#($0)","value":{"intValue":"\#($0)"}}"# }.joined(separator: ",") + "]"
        }
        let server = try Self.server()
        let limit = DecodeLimits().attributeCount
        let body = Self.request(
            Self.span(1, attributes(1000)), Self.span(2, attributes(limit)), Self.span(3, attributes(limit + 1)))
        let reply = try await server.send(.post, "/v1/traces", headers: Self.json, body: body)
        #expect(
            reply.body.contains(#""rejectedSpans":"1""#) && reply.body.contains("more than \(limit) attributes"), "\(reply.body)")
        for place in ["head", "block"] {
            let spans = try await Self.spans(server)
            #expect(spans["0000000000000001"]?["span.attributes[999].value.intValue"] == "999", "\(place)")
            #expect(spans["0000000000000002"]?["span.attributes[\(limit - 1)].key"] == "key.\(limit - 1)", "\(place)")
            #expect(spans.count == 2, "\(place)")
            #expect(try await server.send(.post, "/-/compact").status == 200)
        }
    }

    @Test("a trace of 100,000 spans comes back whole, from the head and from a block")
    func longTrace() async throws {
        let server = try Self.server()
        let count = 100_000
        for part in 0..<10 {
            var batch = SpanBatch()
            let resource = batch.appendResource(Resource(attributes: [Attribute("service.name", "long")]))
            let scope = batch.appendScope(InstrumentationScope())
            for index in part * count / 10..<(part + 1) * count / 10 {
                var row = SpanRow()
                row.traceID = TraceID(high: 0, low: 1)
                row.spanID = SpanID(UInt64(index) + 1)
                row.parentSpanID = SpanID(UInt64(index))
                row.start = TestServer.now + UInt64(index)
                row.end = row.start + 1
                row.resource = resource
                row.scope = scope
                batch.rows.append(row)
            }
            let reply = try await server.send(
                .post, "/v1/traces", headers: Self.protobuf, body: OTLPTraceEncoder.encode(batch))
            #expect(reply.status == 200 && reply.bytes.isEmpty)
        }
        for place in ["head", "block"] {
            let traces = try server.dependencies.store.traces([TraceID(high: 0, low: 1)])
            #expect(traces.map(\.count) == [count], "\(place)")
            let summaries = try await server.send(
                .get, "/api/v3/trace-summaries?query.startTimeMin=2026-01-02T00:00:00Z&query.startTimeMax=2026-01-03T00:00:00Z")
            #expect(summaries.body.contains(#""spanCount":\#(count),"services""#), "\(place): \(summaries.body.prefix(500))")
            #expect(try await server.send(.post, "/-/compact").status == 200)
        }
    }

    @Test("spans of 2012 and of five minutes in the future are taken, those of the far future are refused one by one")
    func times() async throws {
        let server = try Self.server()
        let minute: UInt64 = 60_000_000_000
        let body = Self.request(
            Self.span(1, start: 1_325_376_000_000_000_000, end: 1_325_376_000_000_000_001),
            Self.span(2, start: TestServer.now + 5 * minute, end: TestServer.now + 6 * minute),
            Self.span(3, start: TestServer.now + 11 * minute, end: 0), Self.span(4, start: .max, end: .max),
            Self.span(5, start: 0, end: 0)
        )
        let reply = try await server.send(.post, "/v1/traces", headers: Self.json, body: body)
        #expect(reply.body.contains(#""rejectedSpans":"2""#), "\(reply.body)")
        #expect(reply.body.contains("2 refused (too_far_in_future)"), "\(reply.body)")
        for _ in 0..<2 {
            let spans = try await Self.spans(server)
            #expect(spans.keys.map { $0.suffix(1) }.sorted() == ["1", "2", "5"])
            #expect(spans["0000000000000001"]?["span.startTimeUnixNano"] == "1325376000000000000")
            #expect(try await server.send(.post, "/-/compact").status == 200)
        }
        let metrics = try await server.send(.get, "/metrics").body
        #expect(metrics.contains("too_far_in_future"), "\(metrics)")
    }

    @Test("a span that ends before it starts comes back as it was sent, and Jaeger's page is warned")
    func reversed() async throws {
        let server = try Self.server()
        let body = Self.request(Self.span(1, start: TestServer.now, end: TestServer.now - 5_000_000))
        #expect(try await server.send(.post, "/v1/traces", headers: Self.json, body: body).body == "{}")
        for _ in 0..<2 {
            #expect(try await Self.spans(server)["0000000000000001"]?["span.endTimeUnixNano"] == "\(TestServer.now - 5_000_000)")
            let page = try await server.send(.get, "/api/traces/1").body
            #expect(page.contains(#""duration":0"#) && page.contains("the span ends 5000 µs before it starts"), "\(page)")
            #expect(try await server.send(.post, "/-/compact").status == 200)
        }
    }

    @Test("ids of a wrong length are refused one by one with a sentence")
    func identifiers() async throws {
        let server = try Self.server()
        let body = Self.request(
            Self.span(1, trace: "01"), Self.span(2, trace: ""), Self.span(3, trace: "zz000000000000000000000000000001"),
            Self.span(4, trace: String(repeating: "0", count: 32)), Self.span(5, trace: String(repeating: "1", count: 34)),
            Self.span(6, #","parentSpanId":"1234""#), Self.span(7))
        let reply = try await server.send(.post, "/v1/traces", headers: Self.json, body: body)
        #expect(reply.status == 200)
        #expect(reply.body.contains(#""rejectedSpans":"6""#) && reply.body.contains("trace id must be 16 bytes"), "\(reply.body)")
        #expect(try await Self.spans(server).keys.sorted() == ["0000000000000007"])
    }

    @Test("a span sent again is kept once, and the first one stays when the other says something else")
    func duplicates() async throws {
        let server = try Self.server()
        for name in ["first", "first", "second"] {
            let body = Self.request(Self.span(1, #","name":"\#(name)""#), Self.span(1, #","name":"\#(name)""#))
            #expect(try await server.send(.post, "/v1/traces", headers: Self.json, body: body).body == "{}")
        }
        #expect(try await server.send(.post, "/-/compact").status == 200)
        let late = Self.request(Self.span(1, #","name":"third""#))
        #expect(try await server.send(.post, "/v1/traces", headers: Self.json, body: late).body == "{}")
        #expect(try await Self.spans(server)["0000000000000001"]?["span.name"] == "first")
    }

    @Test("mutated requests end with an answer below 500, and the server goes on", arguments: [UInt64(31), 32])
    func mutated(seed: UInt64) async throws {
        let server = try Self.server()
        var random = SeededRandom(seed: seed)
        let spans = Self.request(
            Self.span(
                1,
                #","name":"n","kind":2,"attributes":[{"key":"k","value":{"kvlistValue":{"values":[{"key":"a","value":{}}]}}}],"#
                    + #""events":[{"name":"e","timeUnixNano":"5"}],"links":[{"traceId":"01","spanId":"02"}],"status":{"code":2}"#))
        let binary = try spans.withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .traces).bytes }
        for (headers, body) in [(Self.json, spans), (Self.protobuf, binary)] {
            for _ in 0..<400 {
                var mutant = body
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<mutant.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: mutant[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: mutant.remove(at: place)
                    case 2: mutant.insert(mutant[Int.random(in: 0..<mutant.count, using: &random)], at: place)
                    default: mutant.removeLast(min(mutant.count - 1, Int.random(in: 0..<20, using: &random)))
                    }
                }
                let reply = try await server.send(.post, "/v1/traces", headers: headers, body: mutant)
                #expect(reply.status < 500, "seed \(seed): \(reply.body)")
            }
        }
        #expect(try await server.send(.post, "/-/compact").status == 200)
        #expect(try await server.send(.get, "/api/v3/services").status == 200)
    }

    @Test("whatever goes wrong before a body is read is told in the request's encoding")
    func errorForm() async throws {
        let server = try Self.server()
        server.responder.drain()
        let binary = try await server.send(.post, "/v1/traces", headers: [.contentType: "application/x-protobuf; charset=binary"])
        #expect(binary.status == 503 && binary.headers[.retryAfter] != nil)
        #expect(binary.headers[.contentType] == "application/x-protobuf" && binary.bytes.starts(with: [8, 14]))
        let text = try await server.send(.post, "/v1/traces", headers: Self.json)
        #expect(text.body.hasPrefix(#"{"code":14,"message":"The server is shutting down"#), "\(text.body)")
        #expect(try await server.send(.get, "/v1/traces").body.hasPrefix(#"{"code":12,"message":"#))
    }
}
