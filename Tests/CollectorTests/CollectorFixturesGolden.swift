import CollectorKit
import Testing

@testable import HostCollector
@testable import NginxCollector
@testable import RedisCollector

/// What was captured from real programs becomes exactly the metrics that stand beside it.
@Suite struct CollectorFixturesGolden {
    @Test("a host with Linux 6.18")
    func host() throws {
        let fixture = CapturedHost.fixture
        #expect(try fixture.difference(HostCollector.collect(CapturedHost.probe())) == nil)
    }

    @Test("the status page of nginx 1.22")
    func nginx() throws {
        let fixture = Fixture(path: "Collectors/Nginx/Fixtures/nginx-1.22")
        let status = try StubStatus(parsing: fixture.bytes("input") ?? [])
        #expect(try fixture.difference([ResourceMetrics(metrics: status.metrics)]) == nil)
    }

    @Test("INFO of Redis 7.0")
    func redis() throws {
        let fixture = Fixture(path: "Collectors/Redis/Fixtures/redis-7.0")
        guard case .bulk(let text)? = try RedisReply.parse(fixture.bytes("input") ?? [])?.reply else {
            Issue.record("the captured reply is no text")
            return
        }
        #expect(try fixture.difference([ResourceMetrics(metrics: try RedisInfo(parsing: text).metrics)]) == nil)
    }
}

/// The captured `/proc` as a probe.
enum CapturedHost {
    static let fixture = Fixture(path: "Collectors/Host/Fixtures/linux-6.18")

    /// statvfs(3) of the root file system at the time of the capture.
    static let rootUsage = FilesystemUsage(
        blockByteCount: 4096, blocks: 66_053_021, freeBlocks: 58_795_343, availableBlocks: 17_508_725, files: 16_777_216,
        freeFiles: 16_076_249)

    /// The captured files, each as `change` returns it; nil takes it away.
    static func probe(_ change: @escaping @Sendable (String, [UInt8]) -> [UInt8]? = { $1 }) -> HostProbe {
        HostProbe(
            ticksPerSecond: 100, read: { name in fixture.bytes("input/\(name)").flatMap { change(name, $0) } },
            processCount: { 61 }, usage: { $0 == "/" ? rootUsage : nil })
    }
}
