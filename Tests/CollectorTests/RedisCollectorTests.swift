import CollectorKit
import Foundation
import Platform
import TelemetryModel
import TestSupport
import Testing

@testable import RedisCollector

@Suite struct RedisCollectorTests {
    private let fixture = Fixture(path: "Collectors/Redis/Fixtures/redis-7.0")

    @Test("INFO of Redis 7.0 is read")
    func captured() throws {
        let reply = try RedisReply.parse(fixture.bytes("input") ?? [])
        guard case .bulk(let text)? = reply?.reply else {
            Issue.record("no text")
            return
        }
        let groups = [ResourceMetrics(metrics: try RedisInfo(parsing: text).metrics)]
        #expect(count(groups, "redis.db.keys", ["db": "0"]) == 3)
        #expect(count(groups, "redis.db.keys", ["db": "3"]) == 1)
        #expect(count(groups, "redis.keyspace.misses") == 1)
        #expect(count(groups, "redis.cmd.calls", ["cmd": "set"]) == 4)
        #expect(count(groups, "redis.role", ["role": "primary"]) == 1)
    }

    @Test("replies are complete only with their last byte")
    func incomplete() throws {
        let bytes = Array("$5\r\nhello\r\n+OK\r\n".utf8)
        for length in 0..<11 { #expect(try RedisReply.parse(Array(bytes[..<length])) == nil) }
        let whole = try RedisReply.parse(bytes)
        #expect(whole?.reply == .bulk(Array("hello".utf8)))
        #expect(whole?.byteCount == 11)
        #expect(try RedisReply.parse(Array("-NOAUTH no\r\n".utf8))?.reply == .error("NOAUTH no"))
    }

    @Test(
        "impossible replies are refused",
        arguments: [
            "$99999999999999999999\r\n", "$-1\r\n", "$5000000\r\n", "?\r\n", "+OK\rX", "$1\r\nabcd\r\n", "HTTP/1.1 400\r\n",
        ])
    func impossible(text: String) {
        #expect(throws: CollectorError.self) { try RedisReply.parse(Array(text.utf8)) }
    }

    @Test("damaged replies are read without harm")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var mutator = Mutator(seed: seed)
        let bytes = fixture.bytes("input") ?? []
        for _ in 0..<300 {
            let damaged = mutator.mutate(bytes)
            if case .bulk(let text)? = (try? RedisReply.parse(damaged))?.reply { _ = try? RedisInfo(parsing: text) }
            if let info = try? RedisInfo(parsing: damaged) { #expect(info.metrics.count < 64, "seed \(seed)") }
        }
    }

    @Test("commands to a real Redis are counted exactly", .enabled(if: RealServer.hasRedis))
    func realServer() async throws {
        let redis = try await RealServer.redis(password: "se cret")
        defer { redis.stop() }
        let collector = RedisCollector(
            endpoints: ["127.0.0.1:\(redis.port)"], credentials: .init(password: "se cret"), hostName: "db-1")
        let before = try await collector.collect(at: 1)
        try set(redis.port, keys: 5)
        let after = try await collector.collect(at: 2)
        #expect(
            (count(after, "redis.cmd.calls", ["cmd": "set"]) ?? 0) - (count(before, "redis.cmd.calls", ["cmd": "set"]) ?? 0) == 5)
        #expect(count(after, "redis.db.keys", ["db": "0"]) == 5)
        // The connection that set the keys, and the second one of the collector.
        let received = (count(after, "redis.connections.received") ?? 0) - (count(before, "redis.connections.received") ?? 0)
        #expect(received == 2)
        #expect(after.first?.resource.string("service.instance.id") == "db-1:\(redis.port)")
        #expect(after.first?.resource.string("service.version")?.isEmpty == false)
        let stranger = RedisCollector(endpoints: ["127.0.0.1:\(redis.port)"], hostName: "db-1")
        let error = await #expect(throws: CollectorError.self) { try await stranger.collect(at: 3) }
        #expect(error?.description.contains("NOAUTH") == true)
    }

    @Test("where nobody listens, a configured Redis is an error that names the address")
    func absence() async throws {
        let port = try TestBench.freePort()
        let collector = RedisCollector(endpoints: ["127.0.0.1:\(port)"], hostName: "db-1")
        let error = await #expect(throws: CollectorError.self) { try await collector.collect(at: 1) }
        #expect(error?.description == "Redis at 127.0.0.1:\(port) cannot be read: nobody listens there.")
    }

    @Test("addresses are read with names, IPv6 brackets and default ports")
    func addresses() {
        #expect(ServiceAddress("db:7000", defaultPort: 6379) == ServiceAddress(host: "db", port: 7000))
        #expect(ServiceAddress("[::1]:1", defaultPort: 6379) == ServiceAddress(host: "::1", port: 1))
        #expect(ServiceAddress("db", defaultPort: 6379)?.port == 6379)
        #expect(ServiceAddress("db:0", defaultPort: 6379) == nil)
        #expect(ServiceAddress("a b:1", defaultPort: 6379) == nil)
        #expect(ServiceAddress(url: "https://u:p@web.example/x?y") == ServiceAddress(host: "web.example", port: 443))
        #expect(ServiceAddress(url: "ftp://web") == nil)
        let far = ServiceAddress(host: "2001:db8::1", port: 5).resource(serviceName: "redis", hostName: "h")
        #expect(far.string("service.instance.id") == "[2001:db8::1]:5")
    }

    /// Sets keys over one connection of its own.
    private func set(_ port: Int, keys: Int) throws {
        let time = SystemTime()
        let connection = try TCPExchange(
            ServiceAddress(host: "127.0.0.1", port: port), deadline: time.monotonic() + 5 * second, time: time, source: "Redis")
        try connection.send(RedisReply.command(["AUTH", "se cret"]))
        for key in 0..<keys { try connection.send(RedisReply.command(["SET", "key\(key)", "value"])) }
        var bytes: [UInt8] = []
        while bytes.count < 5 * (keys + 1) { bytes += try connection.receive() }
        #expect(String(decoding: bytes, as: UTF8.self) == String(repeating: "+OK\r\n", count: keys + 1))
    }
}
