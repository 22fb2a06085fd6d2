import EmbeddedStorage
import Foundation
import Hummingbird
import Platform
import TestSupport
import Testing

@testable import Server

@Suite("Jaeger's API version 3")
struct JaegerV3RouteTests {
    private static func server() throws -> TestServer {
        let time = ManualTime(now: TestServer.now)
        let store = try EmbeddedStore.open(directory: "/store", fileSystem: FaultFileSystem(seed: 1), time: time)
        return try TestServer(dependencies: TestServer.dependencies(store: store, time: time))
    }

    private static func send(_ json: String, to server: TestServer) async throws {
        let reply = try await server.send(.post, "/v1/traces", headers: [.contentType: "application/json"], body: Array(json.utf8))
        #expect(reply.body == "{}", "\(reply.body)")
    }

    /// A span with all that OTLP knows, in the form in which the answers print it.
    private static let everything = #"""
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
        {"key":"empty","value":{"stringValue":""}}],"droppedAttributesCount":3},"schemaUrl":"https://example.org/1",
        "scopeSpans":[{"scope":{"name":"lib","version":"2","attributes":[{"key":"s","value":{"boolValue":false}}],
        "droppedAttributesCount":4},"schemaUrl":"https://example.org/2","spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
        "spanId":"1112131415161718","parentSpanId":"2122232425262728","traceState":"a=1,b=2","flags":769,"name":"GET /ä\"\\\u0007",
        "kind":5,"startTimeUnixNano":"1767323044000000001","endTimeUnixNano":"1767323044500000002",
        "attributes":[{"key":"string","value":{"stringValue":"x\ny"}},{"key":"bool","value":{"boolValue":true}},
        {"key":"small","value":{"intValue":"-9223372036854775808"}},{"key":"large","value":{"intValue":"9223372036854775807"}},
        {"key":"zero","value":{"intValue":"0"}},{"key":"double","value":{"doubleValue":0.1}},
        {"key":"nan","value":{"doubleValue":"NaN"}},{"key":"infinity","value":{"doubleValue":"-Infinity"}},
        {"key":"bytes","value":{"bytesValue":"AAEC/w=="}},{"key":"nobytes","value":{"bytesValue":""}},{"key":"none","value":{}},
        {"key":"array","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"two"},{},{"arrayValue":{}}]}}},
        {"key":"map","value":{"kvlistValue":{"values":[{"key":"a","value":{"kvlistValue":{}}},{"key":"b","value":{"bytesValue":"/w=="}}]}}},
        {"key":"string","value":{"stringValue":"the same key again"}}],
        "droppedAttributesCount":5,"events":[{"timeUnixNano":"1767323044100000000","name":"e",
        "attributes":[{"key":"k","value":{"doubleValue":-0.5}}],"droppedAttributesCount":6},{"timeUnixNano":"1"}],
        "droppedEventsCount":7,"links":[{"traceId":"ffffffffffffffffffffffffffffffff","spanId":"fffffffffffffffe","traceState":"c=3",
        "attributes":[{"key":"l","value":{"arrayValue":{"values":[{"boolValue":true}]}}}],"droppedAttributesCount":8,"flags":257}],
        "droppedLinksCount":9,"status":{"message":"no","code":2}},{"traceId":"0102030405060708090a0b0c0d0e0f10",
        "spanId":"2122232425262728","name":"root","startTimeUnixNano":"1767323043000000000","endTimeUnixNano":"1767323045000000000",
        "status":{"code":1}}]}]}]}
        """#

    @Test("everything that a span can carry comes back, from the head and from a block")
    func everything() async throws {
        let server = try Self.server()
        try await Self.send(Self.everything, to: server)
        let sent = try OTLPDocument(Self.everything)
        for _ in 0..<2 {
            let reply = try await server.send(.get, "/api/v3/traces/0102030405060708090a0b0c0d0e0f10")
            #expect(reply.status == 200)
            #expect(try sent.differences(OTLPDocument(reply.body, member: "result")) == [])
            #expect(try await server.send(.post, "/-/compact").status == 200)
        }
    }

    @Test("services, operations, dependencies and summaries have the gateway's form")
    func names() async throws {
        let server = try Self.server()
        #expect(try await server.send(.get, "/api/v3/services").body == #"{"services":[]}"#)
        try await Self.send(Self.everything, to: server)
        #expect(try await server.send(.get, "/api/v3/services").body == #"{"services":["shop"]}"#)
        let operations = try await server.send(.get, "/api/v3/operations?service=shop")
        #expect(
            operations.body
                == #"{"operations":[{"name":"GET /ä\"\\\u0007","spanKind":"consumer"},{"name":"root","spanKind":"internal"}]}"#)
        for parameter in ["spanKind=consumer", "span_kind=CONSUMER"] {
            let reply = try await server.send(.get, "/api/v3/operations?service=shop&\(parameter)")
            #expect(reply.body == #"{"operations":[{"name":"GET /ä\"\\\u0007","spanKind":"consumer"}]}"#)
        }
        #expect(try await server.send(.get, "/api/v3/operations?service=none").body == #"{"operations":[]}"#)
        let summaries = try await server.send(.get, "/api/v3/trace-summaries?" + Self.hour)
        #expect(
            summaries.body
                == #"{"summaries":[{"traceId":"0102030405060708090a0b0c0d0e0f10","rootServiceName":"shop","#
                + #""rootOperationName":"root","minStartTimeUnixNano":"1767323043000000000","maxEndTimeUnixNano":"1767323045000000000","#
                + #""spanCount":2,"errorSpanCount":1,"services":[{"name":"shop","spanCount":2,"errorSpanCount":1}]}]}"#)
        let dependencies = try await server.send(
            .get, "/api/v3/dependencies?startTime=2026-01-02T02:00:00Z&endTime=2026-01-02T04:00:00Z")
        #expect(dependencies.body.hasPrefix(#"{"dependencies":["#))
    }

    /// The hour around the spans.
    private static let hour = "query.startTimeMin=2026-01-02T03:00:00Z&query.startTimeMax=2026-01-02T03:59:59.999Z"

    @Test(
        "parameters in either spelling find the trace or not",
        arguments: [
            ("query.serviceName=shop", true), ("query.service_name=shop", true), ("query.service_name=none", false),
            ("query.operationName=root", true), ("query.operation_name=leaf", false),
            ("query.attributes=%7B%22zero%22:%220%22,%22error%22:%22true%22%7D", true),
            ("query.attributes=%7B%22zero%22:%221%22%7D", false), ("query.durationMin=1s&query.durationMax=1h", true),
            ("query.duration_min=3s", false), ("query.duration_max=100ms", false), ("query.searchDepth=1", true),
            ("query.search_depth=5&query.rawTraces=true", true), ("query.num_traces=1&query.raw_traces=1", true),
            ("query.attributes=%7B%22span.kind%22:%22consumer%22,%22otel.status_code%22:%22ERROR%22%7D", true),
            ("query.attributes=%7B%22span.kind%22:%22server%22%7D", false),
        ])
    func finds(parameters: String, isFound: Bool) async throws {
        let server = try Self.server()
        try await Self.send(Self.everything, to: server)
        let reply = try await server.send(.get, "/api/v3/traces?\(Self.hour)&\(parameters)")
        #expect(reply.status == (isFound ? 200 : 404), "\(reply.body)")
        if isFound {
            #expect(try OTLPDocument(reply.body, member: "result").spans.count == 2)
        } else {
            #expect(reply.body == #"{"error":{"httpCode":404,"message":"No traces found"}}"#)
        }
    }

    @Test("a question may come in a body; the end of its range does not belong to it")
    func bodies() async throws {
        let server = try Self.server()
        try await Self.send(Self.everything, to: server)
        func ask(_ query: String) async throws -> Int {
            try await server.send(.post, "/api/v3/traces", body: Array(#"{"query":{\#(query)}}"#.utf8)).status
        }
        let from = #""startTimeMin":"2026-01-02T03:00:00Z""#
        let through = #""startTimeMax":"2026-01-02T03:59:00Z""#
        #expect(try await ask(#"\#(from),\#(through),"searchDepth":1,"rawTraces":true,"attributes":{"zero":"0"}"#) == 200)
        #expect(try await ask(#"\#(from),\#(through),"search_depth":1,"service_name":"none""#) == 404)
        #expect(try await ask(#"\#(from),"startTimeMax":"2026-01-02T03:04:03Z""#) == 404)
        #expect(try await ask(#"\#(from),"startTimeMax":"2026-01-02T03:04:03.000000001Z""#) == 200)
        #expect(try await ask(#"\#(from),\#(through),"filter":{"op":"and","args":[]}"#) == 400)
        #expect(try await ask(#"\#(from),\#(through),"searchDepth":[1]"#) == 400)
        for body in ["", "[]", "{}", #"{"query":5}"#, "{\"query\":{}}", String(repeating: "x", count: 100_000)] {
            #expect(try await server.send(.post, "/api/v3/traces", body: Array(body.utf8)).status >= 400)
        }
    }

    @Test(
        "mistakes are answered 400 with a sentence in the gateway's form",
        arguments: [
            "traces/xyz", "traces/0", "traces/000102030405060708090a0b0c0d0e0f10", "traces/1?startTime=now",
            "traces/1?rawTraces=maybe",
            "traces/1?start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z", "traces", "operations",
            "operations?service=a&spanKind=loud", "dependencies", "dependencies?startTime=2026-01-02T00:00:00Z",
            "traces?query.startTimeMin=2026-01-02T00:00:00Z", "traces?query.startTimeMin=1&query.startTimeMax=2",
            "traces?query.startTimeMin=2026-01-02T00:00:00Z&query.startTimeMax=2026-01-02T00:00:00Z",
            "traces?\(hour)&query.searchDepth=0", "traces?\(hour)&query.numTraces=many", "traces?\(hour)&query.durationMin=5",
            "traces?\(hour)&query.attributes=%7B", "traces?\(hour)&query.attributes=%7B%22a%22:1%7D",
            "traces?\(hour)&query.rawTraces=2", "traces?\(hour)&query.filter=%7B%7D", "trace-summaries",
        ])
    func mistakes(path: String) async throws {
        let reply = try await Self.server().send(.get, "/api/v3/\(path)")
        #expect(reply.status == 400)
        #expect(reply.body.hasPrefix(#"{"error":{"httpCode":400,"message":""#), "\(reply.body)")
    }

    @Test("a trace is found by id in hexadecimal and in base64, and between times in which one of its spans starts")
    func byID() async throws {
        let server = try Self.server()
        try await Self.send(Self.everything, to: server)
        for id in ["0102030405060708090A0B0C0D0E0F10", "102030405060708090a0b0c0d0e0f10", "AQIDBAUGBwgJCgsMDQ4PEA=="] {
            #expect(try await server.send(.get, "/api/v3/traces/\(id)").status == 200, "\(id)")
            #expect(try await server.send(.get, "/api/traces/\(id)").status == 200, "\(id)")
        }
        let path = "/api/v3/traces/0102030405060708090a0b0c0d0e0f10"
        #expect(try await server.send(.get, path + "?startTime=2026-01-02T03:04:04Z&endTime=2026-01-02T03:04:05Z").status == 200)
        #expect(try await server.send(.get, path + "?start_time=2026-01-02T03:04:05Z").status == 404)
        #expect(try await server.send(.get, "/api/v3/traces/99").body == #"{"error":{"httpCode":404,"message":"No traces found"}}"#)
    }

    @Test("ids that a Zipkin client and its server share are told apart, unless raw traces are asked for")
    func sharedIDs() async throws {
        let server = try Self.server()
        let zipkin = """
            [{"traceId":"1","id":"2","kind":"CLIENT","timestamp":1767323043000000,"localEndpoint":{"serviceName":"a"}},
             {"traceId":"1","id":"2","kind":"SERVER","shared":true,"timestamp":1767323043000000,"localEndpoint":{"serviceName":"b"}}]
            """
        _ = try await server.send(
            .post, "/api/v2/spans", headers: [.contentType: "application/json"], body: Array(zipkin.utf8))
        let shown = try OTLPDocument(try await server.send(.get, "/api/v3/traces/1").body, member: "result")
        #expect(shown.spans.count == 2)
        let raw = try await server.send(.get, "/api/v3/traces/1?rawTraces=true").body
        #expect(raw.ranges(of: #""spanId":"0000000000000002""#).count == 2)
        let first = try await server.send(.get, "/api/traces/1?raw=true").body
        #expect(first.ranges(of: #""spanID":"0000000000000002""#).count == 2)
    }
}
