import Foundation
import Hummingbird
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis
import WireFormats

@testable import Server

@Suite("Intake, Zipkin and Jaeger")
struct IntakeAndQueryTests {
    private func server() throws -> TestServer {
        try TestServer(dependencies: TestServer.dependencies(store: InMemoryStore(rollup: { RollupBuilder.rollup($0) })))
    }

    private func json(_ reply: TestServer.Reply) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(reply.body.utf8), options: .fragmentsAllowed)
    }

    /// Two spans of Zipkin: shop calls stock.
    private let zipkin = """
        [{"traceId":"0000000000001234","id":"1","name":"get /","kind":"SERVER","timestamp":1767322985000000,"duration":4000000,
          "localEndpoint":{"serviceName":"shop"},"tags":{"http.method":"GET"}},
         {"traceId":"0000000000001234","parentId":"1","id":"2","name":"get /stock","kind":"CLIENT","timestamp":1767322986000000,
          "duration":2000000,"localEndpoint":{"serviceName":"shop"},"remoteEndpoint":{"serviceName":"stock"}},
         {"traceId":"0000000000001234","parentId":"1","id":"2","name":"get /stock","kind":"SERVER","timestamp":1767322986000000,
          "duration":1900000,"shared":true,"localEndpoint":{"serviceName":"stock"},"tags":{"error":"broken"}}]
        """

    @Test("what comes in by Zipkin is found by Zipkin, Jaeger and the analysis API")
    func zipkinRoundTrip() async throws {
        let server = try server()
        let sent = try await server.send(
            .post, "/api/v2/spans", headers: [.contentType: "application/json"], body: Array(zipkin.utf8), port: .zipkin)
        #expect(sent.status == 202, "\(sent.body)")
        #expect(try json(await server.send(.get, "/api/v2/services", port: .zipkin)) as? [String] == ["shop", "stock"])
        #expect(try json(await server.send(.get, "/api/v2/spans?serviceName=stock")) as? [String] == ["get /stock"])
        #expect(try json(await server.send(.get, "/api/v2/remoteServices?serviceName=shop")) as? [String] == ["stock"])
        let trace = try #require(try json(await server.send(.get, "/api/v2/trace/1234")) as? [[String: Any]])
        #expect(trace.count == 3)
        let found = try #require(
            try json(await server.send(.get, "/api/v2/traces?serviceName=stock&annotationQuery=error&endTs=1767323045000"))
                as? [[[String: Any]]])
        #expect(found.map(\.count) == [3])
        let many = try #require(try json(await server.send(.get, "/api/v2/traceMany?traceIds=1234,99")) as? [[[String: Any]]])
        #expect(many.map(\.count) == [3])
        let links = try #require(
            try json(await server.send(.get, "/api/v2/dependencies?endTs=1767323045000")) as? [[String: Any]])
        #expect(links.count == 1)
        #expect(links.first?["callCount"] as? Int == 1)
        #expect(try await server.send(.get, "/api/v2/trace/77").status == 404)
        #expect(try await server.send(.get, "/api/v2/dependencies").status == 400)
        #expect(try await server.send(.get, "/api/v2/trace/xyz").headers[.contentType] == "text/plain; charset=utf-8")
        #expect(try await server.send(.get, "/api/v1/traces/1234").status == 200)
    }

    @Test("Jaeger's API answers in its envelope")
    func jaeger() async throws {
        let server = try server()
        _ = try await server.send(.post, "/api/v2/spans", headers: [.contentType: "application/json"], body: Array(zipkin.utf8))
        func data(_ path: String) async throws -> [Any] {
            let reply = try await server.send(.get, path)
            #expect(reply.status == 200, "\(path): \(reply.body)")
            let envelope = try #require(try json(reply) as? [String: Any])
            #expect(envelope["errors"] is NSNull)
            return try #require(envelope["data"] as? [Any], "\(path)")
        }
        #expect(try await data("/api/services") as? [String] == ["shop", "stock"])
        #expect(try await data("/api/services/stock/operations") as? [String] == ["get /stock"])
        let operations = try await data("/api/operations?service=shop&spanKind=server") as? [[String: String]]
        #expect(operations == [["name": "get /", "spanKind": "server"]])
        #expect(try await data("/api/traces/1234").count == 1)
        #expect(try await data("/api/traces?service=shop&start=1767322900000000&end=1767323045000000").count == 1)
        #expect(try await data("/api/traces?service=shop&start=1&end=2").isEmpty)
        let byID = try #require(try json(await server.send(.get, "/api/traces?traceID=1234&traceID=99")) as? [String: Any])
        #expect((byID["data"] as? [Any])?.count == 1)
        #expect(byID["errors"] as? [[String: String]] == [["msg": "trace not found", "traceID": "0000000000000099"]])
        let links = try await data("/api/dependencies?endTs=1767323045000&lookback=3600000") as? [[String: Any]]
        #expect(links?.count == 1)
        #expect(links?.first?["errorCount"] == nil)
        let missing = try await server.send(.get, "/api/traces/99")
        #expect(missing.status == 404)
        #expect(missing.body.contains(#""errors":[{"code":404,"msg":"trace not found"}]"#))
    }

    @Test("OTLP comes in on its own port, metrics of the intake tell, and other paths are not offered there")
    func otlp() async throws {
        let server = try server()
        let body = OTLPTraceEncoder.encode(ShopTrace.batch)
        let headers: HTTPFields = [.contentType: "application/x-protobuf"]
        let sent = try await server.send(.post, "/v1/traces", headers: headers, body: body, port: .otlp)
        #expect(sent.status == 200)
        #expect(try await server.send(.get, "/api/services", port: .otlp).status == 404)
        #expect(try await server.send(.get, "/-/healthy", port: .otlp).status == 200)
        let metrics = try await server.send(.get, "/metrics").body
        #expect(metrics.contains("headrope_intake_accepted_total{signal=\"traces\",protocol=\"otlp\"} 4\n"))
        #expect(try await server.send(.post, "/v1/traces", headers: headers, body: [0xFF, 0xFF]).status == 400)
        #expect(try await server.send(.post, "/v1/traces", headers: [.contentType: "text/plain"], body: body).status == 415)
    }

    @Test("while the server drains, telemetry is refused with 503 and questions are answered")
    func draining() async throws {
        let server = try server()
        server.responder.drain()
        let refused = try await server.send(.post, "/v1/traces", headers: [.contentType: "application/x-protobuf"])
        #expect(refused.status == 503)
        #expect(refused.headers[.retryAfter] == "1")
        #expect(try await server.send(.get, "/api/services").status == 200)
    }
}
