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
            #expect(alerts[0]["value"] as? String == "0e+00")
            #expect(alerts[0]["activeAt"] as? String == "2026-01-02T03:04:05Z")

            let recorded = try await server.send(.get, "/api/v1/rules?type=record")
            #expect(!recorded.body.contains("ShopDown"))
            #expect(try await server.send(.get, "/api/v1/rules?type=x").status == 400)
        }
    }

    private let groups = """
        groups:
          - name: b
            limit: 7
            interval: 90s
            rules:
              - record: one
                expr: sum  by(job) (up)
                labels: {tier: gold}
              - alert: Two
                expr: up == 0
                for: 5m
                labels: {severity: page}
          - name: a
            rules:
              - record: three
                expr: vector(1)
        """

    @Test("groups are told as Prometheus tells them, before anything was evaluated")
    func form() async throws {
        try await TestBench.withFolder { folder in
            let reply = try await groupServer(in: folder).send(.get, "/api/v1/rules?rule_group%5B%5D=b")
            let file = folder.appendingPathComponent("groups.rules").path
            let never = "0001-01-01T00:00:00Z"
            #expect(
                reply.body
                    == #"{"status":"success","data":{"groups":[{"name":"b","file":"\#(file)","rules":[{"name":"one","query":"sum by (job) (up)","labels":{"tier":"gold"},"health":"unknown","evaluationTime":0,"lastEvaluation":"\#(never)","type":"recording"},{"state":"unknown","name":"Two","query":"up == 0","duration":300,"keepFiringFor":0,"labels":{"severity":"page"},"annotations":{},"alerts":[],"health":"unknown","evaluationTime":0,"lastEvaluation":"\#(never)","type":"alerting"}],"interval":90,"limit":7,"evaluationTime":0,"lastEvaluation":"\#(never)"}]}}"#
            )
        }
    }

    private func groupServer(in folder: URL) throws -> TestServer {
        let file = folder.appendingPathComponent("groups.rules")
        try Data(groups.utf8).write(to: file)
        var configuration = ServerConfiguration()
        configuration.ruleFiles = [file.path]
        return try TestServer(dependencies: TestServer.dependencies(configuration: configuration))
    }

    @Test(
        "rules are asked for by name, group, file, type and labels",
        arguments: [
            ("", ["three", "one", "Two"]), ("type=alert", ["Two"]), ("type=RECORD", ["three", "one"]),
            ("rule_name%5B%5D=one&rule_name%5B%5D=Two", ["one", "Two"]), ("rule_name%5B%5D=none", []),
            ("rule_group%5B%5D=a", ["three"]), ("file%5B%5D=none", []), ("match%5B%5D=%7Btier=%22gold%22%7D", ["one"]),
            ("match%5B%5D=%7Btier=%22gold%22%7D&match%5B%5D=%7Bseverity=~%22p.*%22%7D", ["one", "Two"]),
            ("group_limit=1", ["three"]), ("exclude_alerts=true&type=alert", ["Two"]),
        ])
    func filters(parameters: String, names: [String]) async throws {
        try await TestBench.withFolder { folder in
            let answer = try await data(groupServer(in: folder), "/api/v1/rules?\(parameters)")
            let groups = try #require(answer["groups"] as? [[String: Any]])
            let rules = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }
            #expect(rules.compactMap { $0["name"] as? String } == names)
            if parameters.contains("exclude") { #expect(rules[0]["alerts"] is NSNull) }
        }
    }

    @Test("groups come a page at a time")
    func pages() async throws {
        try await TestBench.withFolder { folder in
            let server = try groupServer(in: folder)
            let first = try await data(server, "/api/v1/rules?group_limit=1")
            let token = try #require(first["groupNextToken"] as? String)
            #expect(token.count == 40)
            let second = try await data(server, "/api/v1/rules?group_limit=1&group_next_token=\(token)")
            #expect((second["groups"] as? [[String: Any]])?.map { $0["name"] as? String } == ["b"])
            #expect(second["groupNextToken"] == nil)
        }
    }

    @Test(
        "mistakes in the question are told in Prometheus's words",
        arguments: [
            ("type=x", #"invalid parameter \"type\": not supported value \"x\""#),
            ("match%5B%5D=%7B%7D", "match[] must contain at least one non-empty matcher"),
            (
                "exclude_alerts=x",
                #"invalid parameter \"exclude_alerts\": error converting exclude_alerts: strconv.ParseBool: parsing \"x\": invalid syntax"#
            ),
            ("group_limit=0", #"invalid parameter \"group_limit\": group_limit needs to be greater than 0"#),
            (
                "group_limit=x",
                #"invalid parameter \"group_limit\": group_limit needs to be a valid number: strconv.ParseInt: parsing \"x\": invalid syntax"#
            ),
            (
                "group_next_token=x",
                #"invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over the groups"#
            ),
            (
                "group_limit=1&group_next_token=x",
                #"invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?"#
            ),
        ])
    func mistakes(parameters: String, sentence: String) async throws {
        try await TestBench.withFolder { folder in
            let reply = try await groupServer(in: folder).send(.get, "/api/v1/rules?\(parameters)")
            #expect(reply.status == 400)
            #expect(reply.body == #"{"status":"error","errorType":"bad_data","error":"\#(sentence)"}"#)
        }
    }
}
