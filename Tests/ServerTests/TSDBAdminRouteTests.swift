import Hummingbird
import Testing

@testable import Server

@Suite("Prometheus's API for administrators")
struct TSDBAdminRouteTests {
    private func instances(_ server: TestServer) async throws -> String {
        try await server.send(.get, "/api/v1/label/instance/values").body
    }

    @Test(
        "series are deleted by POST and PUT, with parameters in the URL or in a form", arguments: [HTTPRequest.Method.post, .put])
    func deletes(method: HTTPRequest.Method) async throws {
        let server = try PrometheusRouteTests.server()
        let path = "/api/v1/admin/tsdb/delete_series"
        let reply = try await server.send(
            method, path, headers: [.contentType: "application/x-www-form-urlencoded"],
            body: Array("match[]=http_requests_total%7Binstance%3D%22a%22%7D&match[]=odd%7Bkind%3D%22nan%22%7D".utf8))
        #expect(reply.status == 204 && reply.body.isEmpty)
        #expect(try await instances(server) == #"{"status":"success","data":["b"]}"#)
        #expect(try await !server.send(.get, "/api/v1/label/kind/values").body.contains("nan"))
        #expect(try await server.send(method, path + "?match[]=http_requests_total&end=2000-01-01T00:00:00Z").status == 204)
        #expect(try await instances(server) == #"{"status":"success","data":["b"]}"#)
        #expect(try await server.send(method, "/api/v1/admin/tsdb/clean_tombstones").status == 204)
    }

    @Test(
        "what cannot be obeyed is refused in Prometheus's form",
        arguments: ["", "?match[]=", "?match[]=up%7B", "?match[]=%7Ba%3D~%22.*%22%7D", "?match[]=up&start=2&end=1"])
    func refusals(query: String) async throws {
        let reply = try await PrometheusRouteTests.server().send(.post, "/api/v1/admin/tsdb/delete_series" + query)
        #expect(reply.status == 400 && reply.body.contains(#""status":"error""#))
    }

    @Test("a store that makes no snapshots says so")
    func noSnapshots() async throws {
        let server = try PrometheusRouteTests.server()
        #expect(try await server.send(.post, "/api/v1/admin/tsdb/snapshot").status == 501)
        #expect(try await server.send(.post, "/-/snapshot").body.contains("not_supported"))
        #expect(try await server.send(.get, "/-/snapshot").body == #"{"snapshots":[]}"#)
        #expect(try await server.send(.post, "/api/v1/admin/tsdb/snapshot?skip_head=x").status == 400)
    }

    @Test("only administrators may")
    func scopes() async throws {
        let routes = try AllRoutes.table(TestServer.dependencies()).routes.filter { $0.path.hasPrefix("/api/v1/admin/") }
        #expect(routes.count == 6 && routes.allSatisfy { $0.scope == .admin })
    }
}
