import Foundation
import Hummingbird
import StrictYAML
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("Rules and alerts in Prometheus's API")
struct RuleRouteTests {
    private let rules = """
        groups:
          - name: shop
            rules:
              - record: shop:up:sum
                expr: sum(up)
              - alert: ShopDown
                expr: up == 0
                labels: {severity: page}
                annotations: {summary: "{{ $labels.instance }} is down"}
              - alert: Broken
                expr: up * on(nothing) group_left() up
        """

    private func server(in folder: URL) throws -> TestServer {
        let file = folder.appendingPathComponent("shop.rules")
        try Data(rules.utf8).write(to: file)
        var configuration = ServerConfiguration()
        configuration.ruleFiles = [file.path]
        return try TestServer(dependencies: TestServer.dependencies(configuration: configuration))
    }

    private func data(_ server: TestServer, _ path: String) async throws -> [String: Any] {
        let reply = try await server.send(.get, path)
        #expect(reply.status == 200, "\(reply.body)")
        let answer = try #require(try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any])
        return try #require(answer["data"] as? [String: Any])
    }

    @Test("rules tell their health and their alerts, before and after an evaluation")
    func rulesAndAlerts() async throws {
        try await TestBench.withFolder { folder in
            let server = try server(in: folder)
            var batch = MetricBatch()
            for (instance, value) in [("a", 0.0), ("b", 1.0)] {
                batch.append(
                    Labels(["__name__": "up", "instance": instance]),
                    [Sample(timestamp: Int64(TestServer.now / 1_000_000), value: value)])
            }
            _ = try server.dependencies.store.write(batch)
            var groups = try #require(try await data(server, "/api/v1/rules")["groups"] as? [[String: Any]])
            var rules = try #require(groups.first?["rules"] as? [[String: Any]])
            #expect(rules.map { $0["health"] as? String } == ["unknown", "unknown", "unknown"])

            try await server.dependencies.alerting.tick()
            groups = try #require(try await data(server, "/api/v1/rules")["groups"] as? [[String: Any]])
            #expect(groups.first?["name"] as? String == "shop")
            rules = try #require(groups.first?["rules"] as? [[String: Any]])
            #expect(rules.map { $0["health"] as? String } == ["ok", "ok", "err"])
            #expect(rules.map { $0["type"] as? String } == ["recording", "alerting", "alerting"])
            #expect(rules.map { $0["state"] as? String } == [nil, "firing", "inactive"])
            #expect((rules[2]["lastError"] as? String)?.isEmpty == false)

            let alerts = try #require(try await data(server, "/api/v1/alerts")["alerts"] as? [[String: Any]])
            #expect(alerts.count == 1)
            #expect(alerts[0]["labels"] as? [String: String] == ["alertname": "ShopDown", "instance": "a", "severity": "page"])
            #expect(alerts[0]["annotations"] as? [String: String] == ["summary": "a is down"])
            #expect(alerts[0]["value"] as? String == "0")
            #expect(alerts[0]["activeAt"] as? String == "2026-01-02T03:04:05Z")

            let recorded = try await server.send(.get, "/api/v1/rules?type=record")
            #expect(!recorded.body.contains("ShopDown"))
            #expect(try await server.send(.get, "/api/v1/rules?type=x").status == 400)
        }
    }
}
