import Testing

@testable import Server

@Suite("Pages over HTTP")
struct PageRouteTests {
    @Test("The query page may run its own script only, and browsers may keep that")
    func queryPage() async throws {
        let server = try PrometheusRouteTests.server()
        let page = try await server.send(.get, "/query?expr=http_requests_total&tab=chart")
        #expect(page.status == 200 && page.body.contains("<path class=\"line"))
        let policy = page.headers[.contentSecurityPolicy] ?? ""
        #expect(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self';") && policy.contains("connect-src 'self';")
        )
        let address = try #require(page.body.firstMatch(of: /<script src="([^"]*)" defer>/)).1
        let script = try await server.send(.get, String(address))
        #expect(script.status == 200 && script.body.hasPrefix("// The editor of the query page"))
        #expect(script.headers[.contentType] == "text/javascript; charset=utf-8")
        #expect(script.headers[.cacheControl]?.contains("immutable") == true)
    }

    @Test("Other pages may run no script at all")
    func otherPages() async throws {
        let page = try await PrometheusRouteTests.server().send(.get, "/")
        #expect(page.headers[.contentSecurityPolicy]?.contains("script-src 'none'") == true && !page.body.contains("<script"))
    }

    @Test(
        "What an address cannot mean is said on the page",
        arguments: [("last=soon", "last must be"), ("step=0", "step must be"), ("to=tomorrow", "to must be")])
    func badRequests(query: String, sentence: String) async throws {
        let reply = try await PrometheusRouteTests.server().send(.get, "/query?expr=up&\(query)")
        #expect(reply.status == 400 && reply.body.contains("role=\"alert\">\(sentence)") && reply.body.contains("up</textarea>"))
    }
}
