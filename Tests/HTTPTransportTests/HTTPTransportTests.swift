import HTTPTransport
import Hummingbird
import Platform
import Synchronization
import TestSupport
import Testing

@Suite("HTTPTransport against a real server")
struct HTTPTransportTests {
    @Test("method, headers, token and body arrive, and status, headers and body come back")
    func roundTrip() async throws {
        let router = Router()
        router.post("/echo") { request, _ -> Response in
            let body = try await request.body.collect(upTo: 1 << 20)
            let seen = [request.headers[.authorization] ?? "", request.headers[.contentType] ?? "", String(buffer: body)]
            return Response(
                status: .accepted, headers: [.server: "echo"], body: .init(byteBuffer: .init(string: seen.joined(separator: "|"))))
        }
        try await withServer(router) { origin in
            let transport = try HTTPTransport()
            let answer = try await transport.send(
                HTTPCall(
                    method: "POST", url: "\(origin)/echo", headers: [HTTPHeader("Content-Type", "text/plain")],
                    body: Array("hello".utf8), bearerToken: "secret"))
            await transport.shutdown()
            #expect(answer.status == 202)
            #expect(answer.isSuccess)
            #expect(answer.header("SERVER") == "echo")
            #expect(answer.text == "Bearer secret|text/plain|hello")
        }
    }

    @Test("a body is sent compressed when asked")
    func compression() async throws {
        let router = Router()
        router.post("/gzip") { request, _ -> String in
            let body = try await request.body.collect(upTo: 1 << 20)
            let magic = body.readableBytesView.prefix(2).map { String($0, radix: 16) }.joined()
            return "\(request.headers[.contentEncoding] ?? "none") \(magic) \(body.readableBytes < 1_000)"
        }
        try await withServer(router) { origin in
            let transport = try HTTPTransport()
            var call = HTTPCall(method: "POST", url: "\(origin)/gzip", body: [UInt8](repeating: 65, count: 10_000))
            call.compressesBody = true
            #expect(try await transport.send(call).text == "gzip 1f8b true")
            await transport.shutdown()
        }
    }

    @Test("an answer longer than the limit is refused")
    func answerLimit() async throws {
        let router = Router()
        router.get("/long") { _, _ in String(repeating: "x", count: 1_001) }
        try await withServer(router) { origin in
            let transport = try HTTPTransport()
            await #expect(throws: HTTPTransportError.answerTooLarge(origin: origin, byteLimit: 1_000)) {
                try await transport.send(HTTPCall(url: "\(origin)/long", answerByteLimit: 1_000))
            }
            let answer = try await transport.send(HTTPCall(url: "\(origin)/long", answerByteLimit: 1_001))
            #expect(answer.body.count == 1_001)
            await transport.shutdown()
        }
    }

    @Test("a server that never answers is given up at the deadline")
    func deadline() async throws {
        let router = Router()
        router.get("/never") { _, _ -> String in
            try await Task.sleep(for: .seconds(600))
            return ""
        }
        try await withServer(router) { origin in
            let transport = try HTTPTransport()
            await #expect(throws: HTTPTransportError.deadlineExceeded(origin: origin, seconds: 0.05)) {
                try await transport.send(HTTPCall(url: "\(origin)/never", timeout: .milliseconds(50)))
            }
            await transport.shutdown()
        }
    }

    @Test("a body that stops in the middle is given up at the deadline, and half of it is no answer")
    func deadlineInBody() async throws {
        let router = Router()
        router.get("/half") { _, _ -> Response in
            Response(
                status: .ok,
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "half"))
                    try await Task.sleep(for: .seconds(600))
                    try await writer.finish(nil)
                })
        }
        try await withServer(router) { origin in
            let transport = try HTTPTransport()
            await #expect(throws: HTTPTransportError.deadlineExceeded(origin: origin, seconds: 0.2)) {
                try await transport.send(HTTPCall(url: "\(origin)/half", timeout: .milliseconds(200)))
            }
            await transport.shutdown()
        }
    }

    @Test("nobody listening is said in a sentence that names the address but not the path")
    func refused() async throws {
        let transport = try HTTPTransport()
        do {
            _ = try await transport.send(HTTPCall(url: "http://127.0.0.1:1/services/SECRET"))
            Issue.record("something listens on port 1")
        } catch let error as HTTPTransportError {
            #expect(error == .cannotConnect(origin: "http://127.0.0.1:1", reason: "connection refused"))
            #expect("\(error)".contains("Is the server running"))
            #expect(!"\(error)".contains("SECRET"))
        }
        await transport.shutdown()
    }

    @Test(
        "addresses that are no HTTP address are refused by a sentence",
        arguments: ["", "localhost:9777", "ftp://127.0.0.1/", "http://", "ht tp://x", "http:///path"])
    func badAddress(url: String) async throws {
        let transport = try HTTPTransport()
        do {
            _ = try await transport.send(HTTPCall(url: url))
            Issue.record("\(url) was accepted")
        } catch let error as HTTPTransportError {
            #expect("\(error)".hasPrefix("The URL cannot be used"), "\(url): \(error)")
        }
        await transport.shutdown()
    }

    @Test("a closed transport says so")
    func closed() async throws {
        let transport = try HTTPTransport()
        await transport.shutdown()
        await transport.shutdown()
        await #expect(throws: HTTPTransportError.closed) {
            try await transport.send(HTTPCall(url: "http://127.0.0.1:1/"))
        }
    }

    @Test("an authority file that is none is refused when the client is made")
    func authorityFile() {
        #expect(throws: HTTPTransportError.self) {
            try HTTPTransport(.init(tls: TLSOptions(authorityFile: "/nonexistent/ca.pem")))
        }
    }
}
