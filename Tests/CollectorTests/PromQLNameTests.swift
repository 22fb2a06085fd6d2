import CollectorKit
import Foundation
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@testable import HostCollector
@testable import NginxCollector
@testable import RedisCollector

@Suite struct PromQLNameTests {
    /// Encodes as the agent does and decodes as the server does.
    private func names(_ metrics: [CollectedMetric]) throws -> Set<String> {
        let body = OTLPMetricsEncoder.encode([ResourceMetrics(metrics: metrics)], at: 1_800_000_000_000_000_000)
        let decoded = try body.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }
        #expect(decoded.refusals.isEmpty)
        #expect(decoded.batch.samples.count >= metrics.reduce(0) { $0 + $1.points.count })
        return Set(decoded.batch.series.compactMap { decoded.batch.labels($0)["__name__"] }).subtracting(["target_info"])
    }

    private func check(_ collector: String, _ metrics: [CollectedMetric]) throws {
        let url = SharedData.projectFolder.appendingPathComponent("Collectors/\(collector)/README.md")
        let page = try String(contentsOf: url, encoding: .utf8)
        let names = try names(metrics)
        #expect(names.count == metrics.count)
        for name in names.sorted() { #expect(page.contains("`\(name)`"), "\(collector)/README.md does not name \(name)") }
        for metric in metrics where collector != "Redis" && !metric.name.hasPrefix("system.cpu.load_average") {
            #expect(page.contains("`\(metric.name)`"))
        }
    }

    @Test("the names in the page of the host are those that the server gives the series")
    func host() throws { try check("Host", HostCollector.collect(CapturedHost.probe()).flatMap(\.metrics)) }

    @Test("the names in the page of nginx are those that the server gives the series")
    func nginx() throws {
        let page = Fixture(path: "Collectors/Nginx/Fixtures/nginx-1.22").bytes("input") ?? []
        try check("Nginx", StubStatus(parsing: page).metrics)
    }

    @Test("the names in the page of Redis are those that the server gives the series")
    func redis() throws {
        let reply = Fixture(path: "Collectors/Redis/Fixtures/redis-7.0").bytes("input") ?? []
        guard case .bulk(let text)? = try RedisReply.parse(reply)?.reply else {
            Issue.record("the captured reply is no text")
            return
        }
        try check("Redis", RedisInfo(parsing: text).metrics)
    }
}
