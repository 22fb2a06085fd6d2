import Foundation
import Hummingbird
import TestSupport
import Testing

@testable import Server

@Suite("Status in Prometheus's API")
struct StatusRouteTests {
    private func data(_ server: TestServer, _ path: String) async throws -> [String: Any] {
        let reply = try await server.send(.get, "/api/v1/\(path)")
        #expect(reply.status == 200, "\(reply.body)")
        let answer = try #require(try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [String: Any])
        return try #require(answer["data"] as? [String: Any])
    }

    @Test(
        "what Headrope has none of is told as empty lists",
        arguments: [
            ("targets", #"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#),
            ("targets?state=active", #"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}"#),
            ("targets/metadata?match_target=%7Bjob=%22x%22%7D", "[]"), ("scrape_pools", #"{"scrapePools":[]}"#),
            ("alertmanagers", #"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#), ("notifications", "[]"),
            ("status/walreplay", #"{"min":0,"max":0,"current":0}"#),
        ])
    func empty(path: String, data: String) async throws {
        #expect(try await TestServer().send(.get, "/api/v1/\(path)").body == #"{"status":"success","data":\#(data)}"#)
    }

    @Test("the server tells its state, and the version of Prometheus that it can stand for")
    func information() async throws {
        var configuration = ServerConfiguration()
        configuration.retentionTime = 30 * 86_400_000
        configuration.retentionSize = 10 << 30
        let server = try TestServer(dependencies: TestServer.dependencies(configuration: configuration))
        let runtime = try await data(server, "status/runtimeinfo")
        #expect(runtime["startTime"] as? String == "2026-01-02T03:04:05Z")
        #expect(runtime["storageRetention"] as? String == "30d or 10GB")
        #expect(runtime["reloadConfigSuccess"] as? Bool == true && runtime["corruptionCount"] as? Int == 0)
        #expect(
            Set(runtime.keys) == [
                "startTime", "CWD", "hostname", "serverTime", "reloadConfigSuccess", "lastConfigTime", "corruptionCount",
                "goroutineCount", "GOMAXPROCS", "GOMEMLIMIT", "GOGC", "GODEBUG", "storageRetention",
            ])
        let build = try await data(server, "status/buildinfo")
        #expect(Set(build.keys) == ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"])
    }

    @Test("programs learn what the server can do, by Prometheus's names")
    func features() async throws {
        var dependencies = try TestServer.dependencies()
        for isOn in [false, true] {
            dependencies.configuration.queries.features = isOn ? .experimentalFunctions : []
            let told = try await data(TestServer(dependencies: dependencies), "features")
            let categories = try #require(told as? [String: [String: Bool]])
            #expect(categories["promql_functions"]?["rate"] == true && categories["promql_functions"]?["info"] == isOn)
            #expect(categories["promql_operators"]?["=="] == true && categories["promql_operators"]?["limitk"] == isOn)
            #expect(categories["tsdb"]?["native_histograms"] == false && categories["api"]?["remote_write_receiver"] == true)
            #expect(Set(categories.keys) == ["api", "promql", "promql_functions", "promql_operators", "rules", "tsdb"])
        }
    }

    @Test("every key of the configuration is told with a value that it would read again")
    func flags() async throws {
        var configuration = ServerConfiguration()
        configuration.listen = ListenAddress(host: "::1", port: 80)
        configuration.zipkin = .off
        configuration.ruleFiles = ["a", "b"]
        configuration.retentionTime = 36 * 3_600_000
        configuration.selfStore = true
        configuration.durability = .synced
        var dependencies = try TestServer.dependencies()
        dependencies.configuration = configuration
        let server = try TestServer(dependencies: dependencies)
        let flags = try #require(try await data(server, "status/flags") as? [String: String])
        #expect(Set(flags.keys) == Set(ConfigurationKey.all.map(\.dashed)))
        #expect(flags["retention-time"] == "1d12h" && flags["query-max-answer-size"] == "128MB" && flags["rule-files"] == "a,b")
        var read = ServerConfiguration()
        for key in ConfigurationKey.all {
            let text = try #require(flags[key.dashed])
            if !text.isEmpty { try key.set(&read, key.isList ? text.split(separator: ",").map(String.init) : [text]) }
        }
        #expect(read == configuration)
    }

    @Test("the configuration is told as YAML, and nothing that is secret in it")
    func configuration() async throws {
        try await TestBench.withFolder { folder in
            let path = folder.appendingPathComponent("headrope.yaml")
            try Data(
                """
                data: /srv/it's
                external_url: https://ann:hunter1@h.example/x
                token_file: /etc/tokens
                limits: {drain_time: 3s}
                alerting:
                  route: {receiver: ops, group_wait: 30s}
                  receivers:
                    - name: ops
                      webhook_configs:
                        - url: https://hooks.example/T0/hunter2
                          http_config: {authorization: {credentials: hunter3}, basic_auth: {password: hunter4, password_file: /p}}
                scaling:
                  policies:
                    - name: shop
                      webhook: http://hunter5@localhost/
                      api_token: hunter6
                """.utf8
            ).write(to: path)
            let configuration = try ConfigurationReader(flags: ["config": [path.path]], environment: [:], isRoot: true).read()
            let text = try ConfigurationText.yaml(configuration)
            #expect(!text.contains("hunter"), "\(text)")
            for line in [
                "data: '/srv/it''s'", "external_url: 'https://<secret>@h.example/x'", "token_file: /etc/tokens", "  drain_time: 3s",
                "  max_heavy: 2", "    receiver: ops", "          url: '<secret>'", "              password_file: /p",
                "      webhook: '<secret>'",
            ] { #expect(text.contains(line + "\n"), "\(line) in \(text)") }
            var dependencies = try TestServer.dependencies()
            dependencies.configuration = configuration
            let server = try TestServer(dependencies: dependencies)
            let told = try await data(server, "status/config")
            #expect(told["yaml"] as? String == text)
            #expect(try await data(server, "status/flags")["external-url"] as? String == "https://<secret>@h.example/x")
        }
    }
}
