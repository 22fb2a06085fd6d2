import ByteCoding
import Foundation
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@testable import Server

@Suite("Analysis API")
struct AnalysisRouteTests {
    /// A server that holds one trace: shop GET / calls stock, which reads its database.
    static func server() throws -> TestServer {
        let store = InMemoryStore(rollup: { RollupBuilder.rollup($0) })
        _ = try store.write(ShopTrace.batch)
        return try TestServer(dependencies: TestServer.dependencies(store: store))
    }

    private func object(_ path: String) async throws -> [String: Any] {
        let reply = try await Self.server().send(.get, path)
        #expect(reply.status == 200, "\(path): \(reply.body)")
        #expect(reply.headers[.contentType] == "application/json")
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any], "\(path)")
    }

    @Test("every question has an answer that says what it covers")
    func questions() async throws {
        for path in [
            "services", "services/shop", "services/shop/resources", "callchain?service=shop&operation=GET+%2F",
            "latency?service=shop",
            "top?of=endpoint&by=calls", "statements", "dependencies", "traces/\(ShopTrace.id)",
        ] {
            let answer = try await object("/api/v1/\(path)")
            #expect(answer["complete"] as? Bool != nil, "\(path)")
            #expect((answer["range"] as? [String: String])?.keys.sorted() == ["from", "to"], "\(path)")
        }
        let top = try await object("/api/v1/top?of=endpoint&by=calls&limit=1")
        let rows = try #require(top["rows"] as? [[String: Any]])
        #expect(rows.count == 1)
        #expect(rows[0]["calls"] as? Int == 1)
    }

    @Test(
        "mistakes get a status, a code and the parameter",
        arguments: [
            ("/api/v1/callchain?service=shop", 400, "operation"), ("/api/v1/latency", 400, "service"),
            ("/api/v1/top?of=nothing", 400, "of"), ("/api/v1/services?from=yesterday", 400, "from"),
            ("/api/v1/services?from=1e300", 400, "from"), ("/api/v1/services?from=nan", 400, "from"),
            ("/api/v1/services?from=20&to=10", 400, "from"), ("/api/v1/services?limit=10001", 400, "limit"),
            ("/api/v1/services?limit=99999999999999999999999", 400, "limit"), ("/api/v1/traces/nothex", 400, "id"),
            ("/api/v1/services/nobody", 404, ""), ("/api/v1/traces/abcdef", 404, ""),
        ])
    func mistakes(path: String, status: Int, place: String) async throws {
        let reply = try await Self.server().send(.get, path)
        #expect(reply.status == status, "\(reply.body)")
        let error = try #require(
            (JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: [String: String]])?["error"])
        #expect(error["message"]?.hasSuffix(".") == true)
        if !place.isEmpty { #expect(error["where"] == place) }
    }

    @Test("long replies are compressed for clients that accept it")
    func compression() async throws {
        let server = try Self.server()
        for _ in 0..<3 { _ = try await server.send(.get, "/metrics") }
        let plain = try await server.send(.get, "/metrics", headers: [.acceptEncoding: "gzip;q=0, identity"])
        #expect(plain.headers[.contentEncoding] == nil)
        let packed = try await server.send(.get, "/metrics", headers: [.acceptEncoding: "deflate, gzip"])
        #expect(packed.headers[.contentEncoding] == "gzip")
        #expect(packed.headers[.contentLength] == String(packed.bytes.count))
        let text = String(decoding: try Deflate.decompress(packed.bytes, as: .gzip, limit: 1 << 20), as: UTF8.self)
        #expect(text.contains("headrope_http_requests_total{route=\"/metrics\""))
    }

    @Test("the server's own metrics can be written into its store")
    func selfStore() async throws {
        let server = try Self.server()
        await SelfMetricsService(server: server.dependencies, instance: "here:1").once()
        let query = SeriesQuery(
            [try LabelMatcher("__name__", .equal, "headrope_store_head_spans"), try LabelMatcher("job", .equal, "headrope")],
            from: 0, through: .max)
        let series = try server.dependencies.store.series(query, limit: 10)
        #expect(series.map(\.description) == [#"headrope_store_head_spans{instance="here:1", job="headrope"}"#])
        let metadata = try server.dependencies.store.metadata(metric: "headrope_store_head_spans", limit: 1)
        #expect(metadata.map(\.type) == [.gauge] && metadata.map(\.help) == ["Spans in the head."])
    }
}
