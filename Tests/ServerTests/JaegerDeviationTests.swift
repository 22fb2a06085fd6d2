import EmbeddedStorage
import Foundation
import Hummingbird
import Platform
import TestSupport
import Testing

@testable import Server

/// What is known to differ from Jaeger, by the names under which `docs/jaeger.md` lists it.
@Suite("Deviations from Jaeger")
struct JaegerDeviationTests {
    private static let document = #"""
        {"resourceSpans":[{"scopeSpans":[{"scope":{"name":"lib"},"spans":[
        {"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","startTimeUnixNano":"1767323044000000000",
        "endTimeUnixNano":"1767323043999000000","attributes":[{"key":"z","value":{"stringValue":"1"}},{"key":"a","value":{"stringValue":"2"}},
        {"key":"z","value":{"stringValue":"3"}},{"key":"telemetry.sdk.name","value":{"stringValue":"x"}},
        {"key":"@jaeger@warnings","value":{"arrayValue":{"values":[{"stringValue":"w"}]}}}],
        "events":[{"name":"z","timeUnixNano":"1"},{"name":"a","timeUnixNano":"2"}]}]}]}]}
        """#

    /// Requests with what their answers must be and, after a `!`, must not have in them, by the name of the deviation.
    private static let expectations: [String: [(path: String, status: Int, texts: [String])]] = [
        "attribute-order": [
            ("/api/v3/traces/1", 200, [#""attributes":[{"key":"z""#, #""events":[{"timeUnixNano":"1","name":"z"}"#]),
            ("/api/traces/1", 200, [#"{"key":"z","type":"string","value":"1"},{"key":"a""#]),
        ],
        "equal-keys": [
            ("/api/v3/traces/1", 200, [#"{"key":"z","value":{"stringValue":"3"}}"#]),
            ("/api/traces/1", 200, [#"{"key":"z","type":"string","value":"3"}"#]),
        ],
        "library-attributes": [("/api/v3/traces/1", 200, [#""resource":{}"#])],
        "reversed-span": [
            ("/api/v3/traces/1", 200, [#""endTimeUnixNano":"1767323043999000000""#]),
            ("/api/traces/1", 200, [#""duration":0"#, #""warnings":["the span ends 1000 µs before it starts"]"#]),
        ],
        "missing-service": [
            ("/api/v3/services", 200, [#"{"services":["unknown_service"]}"#]),
            ("/api/traces/1", 200, [#""serviceName":"unknown_service""#]), ("/api/v3/traces/1", 200, [#"!unknown_service"#]),
        ],
        "empty-name": [
            ("/api/traces/1", 200, [#""operationName":"""#]),
            ("/api/v3/operations?service=unknown_service", 200, [#"[{"name":"","spanKind":"internal"}]"#]),
        ],
        "unknown-kind-filter": [("/api/v3/operations?service=a&spanKind=x", 400, [#"{"error":{"httpCode":400,"#])],
        "search-depth": [
            ("/api/v3/traces?\(range)&query.searchDepth=1501", 400, ["1500"]), ("/api/traces?service=a&limit=1501", 400, ["1500"]),
        ],
        "zero-trace-id": [("/api/v3/traces/0", 400, ["all zero"]), ("/api/traces/0", 400, ["all zero"])],
        "times-by-id": [
            ("/api/v3/traces/1?startTime=2026-01-02T03:04:05Z", 404, ["No traces found"]),
            ("/api/traces/1?start=1767323045000000", 404, ["trace not found"]),
        ],
        "structured-filter": [("/api/v3/traces?\(range)&query.filter=%7B%7D", 400, ["query.filter"])],
        "scope-tags": [
            ("/api/traces/1", 200, [#"{"key":"otel.scope.name","type":"string","value":"lib"}"#]),
            ("/api/traces?service=unknown_service&tag=otel.scope.name:lib", 200, [#"{"data":[],"#]),
        ],
        "warnings-attribute": [("/api/traces/1", 200, [#"{"key":"@jaeger@warnings","type":"string","value":"[\"w\"]"}"#])],
        "error-content-type": [("/api/v3/traces/99", 404, []), ("/api/traces/99", 404, [])],
        "clock-skew": [("/api/v3/traces/1", 200, [#""startTimeUnixNano":"1767323044000000000""#])],
    ]

    private static let range = "query.startTimeMin=2026-01-02T03:00:00Z&query.startTimeMax=2026-01-02T04:00:00Z"

    @Test("each deviation is as the documentation says")
    func deviations() async throws {
        let time = ManualTime(now: TestServer.now)
        let store = try EmbeddedStore.open(directory: "/store", fileSystem: FaultFileSystem(seed: 1), time: time)
        let server = try TestServer(dependencies: TestServer.dependencies(store: store, time: time))
        let sent = try await server.send(
            .post, "/v1/traces", headers: [.contentType: "application/json"], body: Array(Self.document.utf8))
        #expect(sent.body == "{}", "\(sent.body)")
        for (name, requests) in Self.expectations {
            for request in requests {
                let reply = try await server.send(.get, request.path)
                #expect(reply.status == request.status, "\(name): \(reply.body)")
                #expect(reply.headers[.contentType] == "application/json", "\(name)")
                for text in request.texts {
                    if text.hasPrefix("!") {
                        #expect(!reply.body.contains(text.dropFirst()), "\(name): \(reply.body)")
                    } else {
                        #expect(reply.body.contains(text), "\(name): \(reply.body)")
                    }
                }
            }
        }
    }

    @Test("the documentation lists these deviations and no others")
    func documented() throws {
        let page = try String(contentsOf: SharedData.projectFolder.appendingPathComponent("docs/jaeger.md"), encoding: .utf8)
        let table = page.split(separator: "## What differs").last?.split(separator: "\n") ?? []
        let names = table.filter { $0.hasPrefix("| `") }.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        #expect(names.sorted() == Self.expectations.keys.sorted())
    }
}
