import Hummingbird
import Testing

@testable import Server

@Suite("Route table")
struct RouteTableTests {
    private func route(_ method: HTTPRequest.Method, _ path: String) -> Route {
        Route(method, path, scope: .query) { _ in .text(path) }
    }

    @Test("every path of the server stands in the table once")
    func noDoubles() async throws {
        let table = try AllRoutes.table(TestServer.dependencies())
        #expect(table.routes.count > 30)
    }

    @Test("a double is refused, also when only the names of the segments in braces differ")
    func doublesAreRefused() {
        #expect(throws: RouteTable.Mistake.self) { try RouteTable([route(.get, "/a/b"), route(.get, "/a/b/")]) }
        #expect(throws: RouteTable.Mistake.self) { try RouteTable([route(.get, "/a/{x}"), route(.get, "/a/{y}")]) }
        #expect(throws: RouteTable.Mistake.self) { try RouteTable([route(.get, "a")]) }
    }

    @Test("literal segments win, and a dead end falls back to the segment in braces")
    func precedence() throws {
        let table = try RouteTable([route(.get, "/a/{x}/c"), route(.get, "/a/b"), route(.get, "/a/b/d"), route(.post, "/a/{x}")])
        func path(_ method: HTTPRequest.Method, _ path: String) -> String? {
            if case .route(let route, _) = table.match(method, path: path) { route.path } else { nil }
        }
        #expect(path(.get, "/a/b") == "/a/b")
        #expect(path(.get, "/a/b/d") == "/a/b/d")
        #expect(path(.get, "/a/b/c") == "/a/{x}/c")
        #expect(path(.head, "/a/b/c/") == "/a/{x}/c")
        #expect(path(.post, "/a/q") == "/a/{x}")
        #expect(path(.get, "/a/q") == nil)
        #expect(path(.get, "/" + String(repeating: "a/", count: 10_000)) == nil)
    }

    @Test("segments are decoded one by one, so a name may contain a slash")
    func decoding() throws {
        let table = try RouteTable([route(.get, "/services/{name}/operations")])
        guard case .route(_, let parameters) = table.match(.get, path: "/services/a%2Fb%20c/operations") else {
            Issue.record("no match")
            return
        }
        #expect(parameters == ["name": "a/b c"])
        guard case .malformed = table.match(.get, path: "/services/%ff/operations") else {
            Issue.record("%ff is no UTF-8")
            return
        }
    }
}
