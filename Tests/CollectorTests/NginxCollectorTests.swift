import CollectorKit
import Foundation
import HTTPTransport
import TelemetryModel
import TestSupport
import Testing

@testable import NginxCollector

@Suite struct NginxCollectorTests {
    private let fixture = Fixture(path: "Collectors/Nginx/Fixtures/nginx-1.22")

    @Test("the page of nginx 1.22 is read")
    func captured() throws {
        let status = try StubStatus(parsing: fixture.bytes("input") ?? [])
        #expect(status.requests == 7)
        #expect(status.writing == 1)
    }

    @Test(
        "another page is refused with a sentence",
        arguments: ["", "<html>Welcome to nginx!</html>", "Active connections: x\na\n1 2 3\nReading: 0 Writing: 1 Waiting: 0"])
    func otherPage(text: String) {
        #expect(throws: CollectorError.malformed(source: "The answer of nginx", reason: "it is not the page of stub_status")) {
            try StubStatus(parsing: Array(text.utf8))
        }
    }

    @Test("a damaged page is read without harm")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var mutator = Mutator(seed: seed)
        let page = fixture.bytes("input") ?? []
        for _ in 0..<2000 {
            if let status = try? StubStatus(parsing: mutator.mutate(page)) { #expect(status.metrics.count == 4, "seed \(seed)") }
        }
    }

    @Test("requests to a real nginx are counted exactly", .enabled(if: RealServer.hasNginx))
    func realServer() async throws {
        let nginx = try await RealServer.nginx()
        defer { nginx.stop() }
        let transport = try HTTPTransport()
        let page = "http://127.0.0.1:\(nginx.port)/nginx_status"
        let collector = NginxCollector(endpoints: [page], hostName: "web-1", transport: transport)
        let before = try await collector.collect(at: 1)
        for _ in 0..<7 {
            #expect(try await transport.send(HTTPCall(url: "http://127.0.0.1:\(nginx.port)/")).status == 200)
        }
        let after = try await collector.collect(at: 2)
        // Seven requests, and the second look at the page.
        #expect((count(after, "nginx.requests") ?? 0) - (count(before, "nginx.requests") ?? 0) == 8)
        #expect((count(after, "nginx.connections_current", ["state": "writing"]) ?? 0) == 1)
        #expect(after.first?.resource.string("service.instance.id") == "web-1:\(nginx.port)")
        #expect(after.first?.resource.string("service.name") == "nginx")
        #expect(after.first?.resource.string("service.version")?.hasPrefix("1.") == true)
        let wrong = NginxCollector(endpoints: ["http://127.0.0.1:\(nginx.port)/"], hostName: "web-1", transport: transport)
        await #expect(throws: CollectorError.self) { try await wrong.collect(at: 3) }
        let half = NginxCollector(
            endpoints: ["http://127.0.0.1:\(nginx.port)/", page], hostName: "web-1", transport: transport)
        let partial = await #expect(throws: PartialCollection.self) { try await half.collect(at: 4) }
        #expect(partial?.groups.count == 1)
        await transport.shutdown()
    }

    @Test("where nobody listens, a configured nginx is an error and a guessed one is not")
    func absence() async throws {
        let transport = try HTTPTransport()
        let page = "http://127.0.0.1:\(try TestBench.freePort())/nginx_status"
        let configured = NginxCollector(endpoints: [page], hostName: "web-1", transport: transport)
        await #expect(throws: HTTPTransportError.self) { try await configured.collect(at: 1) }
        let guessed = EndpointDiscovery(configured: [], usual: [page])
        let found = try await guessed.collect { _ in throw CollectorError.stopped(collector: "x") }
        #expect(found.isEmpty)
        await transport.shutdown()
    }

    @Test("a guessed endpoint that has answered is missed when it is gone, and forgotten after a while")
    func goneEndpoint() async throws {
        let discovery = EndpointDiscovery(configured: [], usual: ["a"])
        #expect(try await discovery.collect { _ in ResourceMetrics(metrics: []) }.count == 1)
        for _ in 0..<EndpointDiscovery.missLimit {
            await #expect(throws: CollectorError.self) {
                try await discovery.collect { _ in throw CollectorError.stopped(collector: "x") }
            }
        }
        #expect(try await discovery.collect { _ in throw CollectorError.stopped(collector: "x") }.isEmpty)
    }
}
