import Foundation
import HTTPTransport
import Logging
import Platform
import Storage
import Synchronization
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("A running server", .serialized)
struct ServerRunTests {
    /// Runs a server over the in-memory reference on a port of the system's choice.
    private func withServer(
        _ change: (inout ServerConfiguration) -> Void = { _ in }, store: any Store = InMemoryStore(),
        _ body: (HeadropeServer, ListenAddress) async throws -> Void
    ) async throws {
        var configuration = ServerConfiguration()
        configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
        configuration.limits.drainTime = 2_000
        change(&configuration)
        let server = try HeadropeServer(configuration, logger: quiet) { _ in store }
        let run = Task { try await server.run() }
        while server.addresses.isEmpty { await Task.yield() }
        let address = server.addresses[0]
        do {
            try await RawHTTP.waitUntilReady(address)
            try await body(server, address)
        } catch {
            server.stop()
            _ = await run.result
            throw error
        }
        server.stop()
        try await run.value
    }

    private var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    @Test("it answers over a real socket and closes its store at the end")
    func lifeCycle() async throws {
        let store = InMemoryStore()
        try await withServer(store: store) { _, address in
            let reply = try await RawHTTP.exchange(address, "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            #expect(reply.contains("unknown_path"))
        }
        #expect(throws: StorageError.self) { try store.write(MetricBatch()) }
    }

    @Test("oversized headers and broken requests get 400 and cost nobody else anything")
    func hostileRequests() async throws {
        try await withServer { _, address in
            let huge = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 1 << 20))\r\n\r\n"
            for request in [
                huge, "NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST /-/compact HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
            ] {
                #expect(try await RawHTTP.exchange(address, request).hasPrefix("HTTP/1.1 400 Bad Request"))
            }
            let reply = try await RawHTTP.exchange(address, "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test("absurd paths and queries get a sentence")
    func absurdPaths() async throws {
        try await withServer { _, address in
            for (target, status) in [
                ("/" + String(repeating: "a/", count: 5_000), 404), ("/%zz", 400), ("/metrics?x=%ff%fe", 400),
                ("/-/ready?x=%", 400), ("*", 404),
            ] {
                let reply = try await RawHTTP.exchange(address, "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(reply.hasPrefix("HTTP/1.1 \(status)"), "\(target.prefix(40)): \(reply.prefix(60))")
            }
        }
    }

    @Test("it speaks TLS when it has a certificate, and asks for tokens")
    func secure() async throws {
        try await TestBench.withFolder { folder in
            func write(_ text: String, _ name: String) throws -> String {
                let file = folder.appendingPathComponent(name)
                try Data(text.utf8).write(to: file)
                return file.path
            }
            let authority = try write(TestCertificate.authority, "authority.pem")
            let certificate = try write(TestCertificate.certificate, "certificate.pem")
            let key = try write(TestCertificate.key, "key.pem")
            let tokens = try write("a query s3cret\n", "tokens")
            var configuration = ServerConfiguration()
            configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
            configuration.tls = .init(certificate: certificate, key: key)
            configuration.tokenFile = tokens
            let server = try HeadropeServer(configuration, logger: quiet) { _ in InMemoryStore() }
            let run = Task { try await server.run() }
            while server.addresses.isEmpty { await Task.yield() }
            let client = try HTTPTransport(.init(tls: TLSOptions(authorityFile: authority)))
            var call = HTTPCall(url: "https://\(server.addresses[0])/api/v1/query?query=1%2B1")
            while try await client.send(call).status == 503 { await Task.yield() }
            #expect(try await client.send(call).status == 401)
            call.bearerToken = "s3cret"
            let answer = try await client.send(call)
            #expect(answer.status == 200)
            #expect(answer.text.contains(#""resultType":"scalar""#))
            await client.shutdown()
            server.stop()
            try await run.value
            configuration.tls.key = tokens
            let broken = try HeadropeServer(configuration, logger: quiet) { _ in InMemoryStore() }
            await #expect(throws: ConfigurationError.self) { try await broken.run() }
        }
    }

    @Test("a main address in use is an error with a sentence, a compatibility port in use is not")
    func busyPorts() async throws {
        try await withServer { _, address in
            var configuration = ServerConfiguration()
            configuration.listen = address
            let second = try HeadropeServer(configuration, logger: quiet) { _ in InMemoryStore() }
            await #expect(throws: ConfigurationError("\(address) is in use by another program. End it, or choose another address."))
            {
                try await second.run()
            }
            let busy = Listener(address: address, port: .zipkin, isRequired: false)
            let third = try HeadropeServer(
                configuration, logger: quiet,
                listeners: [Listener(address: .init(host: "127.0.0.1", port: 0), port: nil, isRequired: true), busy]
            ) { _ in InMemoryStore() }
            let run = Task { try await third.run() }
            while third.addresses.isEmpty { await Task.yield() }
            #expect(third.addresses.count == 1)
            third.stop()
            try await run.value
        }
    }

    @Test("a store that cannot be opened ends the server with the store's sentence")
    func unusableStore() async throws {
        var configuration = ServerConfiguration()
        configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
        let server = try HeadropeServer(configuration, logger: quiet) { _ in throw StorageError(.unusable, "Not ours.") }
        await #expect(throws: StorageError(.unusable, "Not ours.")) { try await server.run() }
    }

    @Test("the log writes lines of JSON and bounds a flood")
    func logLines() throws {
        let time = ManualTime(now: TestServer.now)
        let written = Mutex<[String]>([])
        let limiter = LineLimiter(time: time) { bytes in written.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
        let logger = Logger(label: "test") { JSONLinesLog(label: $0, level: .info, lines: limiter) }
        logger.info("a \"quoted\"\nline", metadata: ["key": "value"])
        logger.debug("not severe enough")
        #expect(
            written.withLock { $0 } == [
                #"{"key":"value","level":"info","logger":"test","message":"a \"quoted\"\nline","time":"2026-01-02T03:04:05.000Z"}"#
                    + "\n"
            ])
        for _ in 0..<1_000 { logger.info("flood") }
        #expect(written.withLock { $0.count } == 100)
        time.advance(nanoseconds: 1_000_000_000)
        logger.info("after")
        #expect(written.withLock { $0.last?.contains(#""suppressed":"901""#) } == true)
    }
}
