import Hummingbird
import NIOCore
import Testing

@testable import Server

@Suite("Responder")
struct ResponderTests {
    @Test("an unknown path is 404 with a sentence in our form")
    func unknownPath() async throws {
        let reply = try await TestServer().send(.get, "/nothing/here")
        #expect(reply.status == 404)
        #expect(
            reply.body == #"{"error":{"code":"unknown_path","message":"There is nothing at this path.","where":"/nothing/here"}}"#)
    }

    @Test("a wrong method is 405 and names the right ones")
    func wrongMethod() async throws {
        let reply = try await TestServer().send(.delete, "/-/ready")
        #expect(reply.status == 405)
        #expect(reply.headers[.allow] == "GET, HEAD")
        #expect(reply.body.contains("DELETE is not possible here, only GET, HEAD."))
    }

    @Test("HEAD has the headers of GET and no body")
    func head() async throws {
        let reply = try await TestServer().send(.head, "/-/healthy")
        #expect(reply.status == 200)
        #expect(reply.headers[.contentLength] == "21")
        #expect(reply.body.isEmpty)
    }

    @Test("paths of later issues answer 501 and say what is missing")
    func laterPaths() async throws {
        let server = try TestServer()
        for path in ["/tempo/api/search", "/api/v2/alerts", "/api/v1/capacity"] {
            let reply = try await server.send(.get, path)
            #expect(reply.status == 501, "\(path)")
            #expect(reply.body.contains("is not built yet."), "\(path)")
        }
    }

    @Test("readiness tells its reasons")
    func readiness() async throws {
        let server = try TestServer()
        #expect(try await server.send(.get, "/-/ready").status == 200)
        server.dependencies.readiness.set("store", "The disk is full.")
        let reply = try await server.send(.get, "/-/ready")
        #expect(reply.status == 503)
        #expect(reply.body == "The disk is full.\n")
        #expect(try await server.send(.get, "/health").body == #"{"reasons":["The disk is full."],"status":"DOWN"}"#)
        server.dependencies.readiness.set("store", nil)
        #expect(try await server.send(.get, "/health").body == #"{"status":"UP"}"#)
    }

    @Test("requests are counted by route, never by what the client wrote")
    func requestMetrics() async throws {
        let server = try TestServer()
        _ = try await server.send(.get, "/-/healthy")
        _ = try await server.send(HTTPRequest.Method("BREW") ?? .patch, "/coffee/for/\"me\"")
        let text = try await server.send(.get, "/metrics").body
        #expect(text.contains("headrope_http_requests_total{route=\"/-/healthy\",method=\"GET\",code=\"200\"} 1\n"))
        #expect(text.contains("headrope_http_requests_total{route=\"unknown\",method=\"other\",code=\"404\"} 1\n"))
        #expect(!text.contains("coffee"))
        #expect(text.contains("headrope_http_request_duration_seconds_count{route=\"/-/healthy\"} 1\n"))
    }

    @Test("before the store is open only the health check is answered")
    func starting() async throws {
        let responder = TestServer.responder(try TestServer.dependencies())
        func status(_ path: String) async throws -> Int {
            let head = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: path)
            return try await responder.respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer())), port: nil).status
                .code
        }
        #expect(try await status("/-/healthy") == 200)
        #expect(try await status("/-/ready") == 503)
        #expect(try await status("/api/v1/services") == 503)
    }
}
