import Logging
import Platform
import Storage
import TestSupport
import Testing

@testable import Server

@Suite("Clients that go away", .serialized)
struct ClientGoneTests {
    /// Hours of work that make no more samples than are allowed.
    private static let endless = "sum_over_time(sum_over_time(vector(1)%5B10h:1s%5D)%5B10h:1s%5D)"

    private static func request(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n" }

    private func metrics(_ address: ListenAddress) async throws -> String {
        try await RawHTTP.exchange(address, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    private func wait(for line: String, _ address: ListenAddress) async throws {
        while try await !metrics(address).contains(line + "\n") { await Task.yield() }
    }

    @Test("a query ends when its client closes the connection, while it runs and while it waits", .timeLimit(.minutes(2)))
    func closed() async throws {
        var configuration = ServerConfiguration()
        configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
        configuration.queries.maxSamples = 1_000_000_000_000
        configuration.queries.lightSamples = 1_000_000_000_000
        configuration.queries.maxConcurrency = 2
        configuration.queries.maxHeavy = 1
        configuration.limits.drainTime = 2_000
        let server = try HeadropeServer(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _ in
            InMemoryStore()
        }
        let run = Task { try await server.run() }
        while server.addresses.isEmpty { await Task.yield() }
        let address = server.addresses[0]
        try await RawHTTP.waitUntilReady(address)

        var connections: [RawHTTP.Connection] = []
        for taken in ["heavy\"} 1", "light\"} 1"] {
            let connection = try RawHTTP.Connection(address)
            try connection.send(Self.request("/api/v1/query?query=\(Self.endless)"))
            try await wait(for: "headrope_queries_running{place=\"\(taken)", address)
            connections.append(connection)
        }
        let waiting = try RawHTTP.Connection(address)
        try waiting.send(Self.request("/api/v1/query?query=1"))
        try await wait(for: "headrope_queries_waiting 1", address)

        waiting.close()
        try await wait(for: "headrope_queries_waiting 0", address)
        for connection in connections { connection.close() }
        try await wait(for: "headrope_queries_running{place=\"heavy\"} 0", address)
        try await wait(for: "headrope_queries_running{place=\"light\"} 0", address)
        #expect(try await metrics(address).contains("headrope_queries_total{result=\"canceled\"} 3\n"))
        // One connection serves several queries, so that it must not be taken for closed after the first.
        let client = try RawHTTP.Connection(address)
        try client.send(Self.request("/api/v1/query?query=1&time=0") + Self.request("/-/healthy"))
        try client.send("GET /api/v1/query?query=2&time=0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let replies = try client.readToEnd()
        client.close()
        #expect(replies.contains(#"[0,"1"]"#) && replies.contains(#"[0,"2"]"#), "\(replies)")
        server.stop()
        try await run.value
    }

    @Test("questions that scan spans end when their client closes the connection", .timeLimit(.minutes(2)))
    func scans() async throws {
        var configuration = ServerConfiguration()
        configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
        configuration.limits.drainTime = 2_000
        let server = try HeadropeServer(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _ in
            InMemoryStore(isEndless: true)
        }
        let run = Task { try await server.run() }
        while server.addresses.isEmpty { await Task.yield() }
        let address = server.addresses[0]
        try await RawHTTP.waitUntilReady(address)
        let range = "from=30&to=330"
        for question in ["of=attribute:k&by=calls", "of=attribute:k&by=self", "of=operation&exact=true"] {
            let connection = try RawHTTP.Connection(address)
            try connection.send(Self.request("/api/v1/top?\(question)&\(range)"))
            try await wait(for: "headrope_queries_running{place=\"light\"} 1", address)
            connection.close()
            try await wait(for: "headrope_queries_running{place=\"light\"} 0", address)
        }
        #expect(try await metrics(address).contains("headrope_queries_total{result=\"canceled\"} 3\n"))
        server.stop()
        try await run.value
    }
}
