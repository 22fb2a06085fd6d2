import Foundation
import StateStore
import StrictYAML
import Testing

@testable import Alerting

@Suite("Telling of alerts")
struct DispatcherTests {
    static let configuration = """
        route:
          receiver: team
          group_by: [alertname]
          group_wait: 10s
          group_interval: 1m
          repeat_interval: 1h
          routes:
            - matchers: ['severity="page"']
              receiver: pager
        receivers:
          - name: team
            webhook_configs: [{url: 'http://127.0.0.1/team'}]
          - name: pager
            webhook_configs: [{url: 'http://127.0.0.1/pager', send_resolved: false, http_config: {authorization: {credentials: secret}}}]
        inhibit_rules:
          - {source_matchers: ['alertname="HostDown"'], target_matchers: ['alertname=~"Slow.*"'], equal: [host]}
        """

    static func dispatcher() throws -> Dispatcher {
        Dispatcher(try AlertingConfiguration(try YAMLValue.parse(configuration, file: "c")), externalURL: "http://h")
    }

    static func alert(_ name: String, _ labels: [String: String] = [:], resolvedAt: Int64? = nil) -> Alert {
        Alert(
            labels: labels.merging(["alertname": name]) { $1 }, annotations: ["s": name], activeSince: 0, firingSince: 1_500,
            resolvedAt: resolvedAt,
            lastHeld: 0, value: 1, generatorURL: "http://h/query?expr=x")
    }

    static func bodies(_ plan: Dispatcher.Plan) throws -> [[String: Any]] {
        try plan.messages.map { try #require(try JSONSerialization.jsonObject(with: Data($0.body)) as? [String: Any]) }
    }

    @Test("A group waits, tells, tells of changes after its interval, and repeats itself")
    func timing() throws {
        var dispatcher = try Self.dispatcher()
        let a = Self.alert("Slow", ["host": "1"])
        let b = Self.alert("Slow", ["host": "2"])
        #expect(try dispatcher.plan([a], now: 0).messages.isEmpty)
        #expect(try dispatcher.plan([a], now: 9_999).messages.isEmpty)
        #expect(try dispatcher.plan([a], now: 10_000).messages.count == 1)
        #expect(try dispatcher.plan([a, b], now: 20_000).messages.isEmpty)
        #expect(try dispatcher.plan([a, b], now: 70_000).messages.count == 1)
        #expect(try dispatcher.plan([a, b], now: 130_000).messages.isEmpty)
        #expect(try dispatcher.plan([a, b], now: 3_670_000).messages.count == 1)
    }

    @Test("Firing and resolved have Alertmanager's version-4 form")
    func payload() throws {
        var dispatcher = try Self.dispatcher()
        _ = try dispatcher.plan([Self.alert("Slow", ["host": "1"])], now: 0)
        let firing = try #require(try Self.bodies(try dispatcher.plan([Self.alert("Slow", ["host": "1"])], now: 10_000)).first)
        #expect(firing["version"] as? String == "4")
        #expect(firing["status"] as? String == "firing")
        #expect(firing["receiver"] as? String == "team")
        #expect(firing["groupKey"] as? String == "{}:{alertname=\"Slow\"}")
        #expect(firing["groupLabels"] as? [String: String] == ["alertname": "Slow"])
        #expect(firing["commonLabels"] as? [String: String] == ["alertname": "Slow", "host": "1"])
        #expect(firing["truncatedAlerts"] as? Int == 0)
        let entry = try #require((firing["alerts"] as? [[String: Any]])?.first)
        #expect(entry["startsAt"] as? String == "1970-01-01T00:00:01.500Z")
        #expect(entry["endsAt"] as? String == "0001-01-01T00:00:00Z")
        let over = try dispatcher.plan([Self.alert("Slow", ["host": "1"], resolvedAt: 60_000)], now: 70_000)
        let resolved = try #require(try Self.bodies(over).first)
        #expect(resolved["status"] as? String == "resolved")
        #expect((resolved["alerts"] as? [[String: Any]])?.first?["endsAt"] as? String == "1970-01-01T00:01:00Z")
        #expect(try dispatcher.plan([Self.alert("Slow", ["host": "1"], resolvedAt: 60_000)], now: 200_000).messages.isEmpty)
    }

    @Test("A route of its own, a token, and no word of the end where none is wanted")
    func routes() throws {
        var dispatcher = try Self.dispatcher()
        let labels = ["severity": "page"]
        _ = try dispatcher.plan([Self.alert("Down", labels)], now: 0)
        let plan = try dispatcher.plan([Self.alert("Down", labels)], now: 10_000)
        #expect(plan.messages.map(\.url) == ["http://127.0.0.1/pager"])
        #expect(plan.messages.first?.headers["Authorization"] == "Bearer secret")
        #expect(try dispatcher.plan([Self.alert("Down", labels, resolvedAt: 20_000)], now: 70_000).messages.isEmpty)
    }

    @Test("An alert that another one explains is not told")
    func inhibition() throws {
        var dispatcher = try Self.dispatcher()
        let alerts = [
            Self.alert("HostDown", ["host": "1"]), Self.alert("SlowDisk", ["host": "1"]), Self.alert("SlowDisk", ["host": "2"]),
        ]
        _ = try dispatcher.plan(alerts, now: 0)
        let told = try Self.bodies(try dispatcher.plan(alerts, now: 10_000)).flatMap { $0["alerts"] as? [[String: Any]] ?? [] }
        let labels = told.compactMap { $0["labels"] as? [String: String] }.map { "\($0["alertname"] ?? "")\($0["host"] ?? "")" }
        #expect(labels.sorted() == ["HostDown1", "SlowDisk2"])
    }

    @Test("A group that is restored after a restart does not tell again what it has told")
    func restart() throws {
        var before = try Self.dispatcher()
        _ = try before.plan([Self.alert("Slow")], now: 0)
        _ = try before.plan([Self.alert("Slow")], now: 10_000)
        var after = Dispatcher(before.configuration, groups: before.groups, externalURL: "http://h")
        #expect(try after.plan([Self.alert("Slow")], now: 100_000).messages.isEmpty)
        #expect(try after.plan([Self.alert("Slow", resolvedAt: 120_000)], now: 170_000).messages.count == 1)
    }

    @Test("Every message has a key of its own")
    func keys() throws {
        var dispatcher = try Self.dispatcher()
        var keys: [String] = []
        for minute in 0..<300 {
            let alert = Self.alert("Slow", resolvedAt: minute % 3 == 2 ? Int64(minute) * 60_000 : nil)
            keys += try dispatcher.plan(minute % 5 == 4 ? [] : [alert], now: Int64(minute) * 60_000).messages.map(\.key)
        }
        #expect(keys.count > 50)
        #expect(Set(keys).count == keys.count)
    }

    @Test(
        "A configuration with a mistake is refused with its line",
        arguments: [
            ("receivers: []", "needs the key 'route'"),
            ("route: {receiver: x}", "There is no receiver named 'x'"),
            ("route: {receiver: x, group_wate: 1s}\nreceivers: [{name: x}]", "Did you mean 'group_wait'?"),
            ("route: {receiver: x, matchers: ['a=b']}\nreceivers: [{name: x}]", "must not have matchers"),
            ("route: {receiver: x, routes: [{matchers: ['a=~\"(\"']}]}\nreceivers: [{name: x}]", "c:1"),
            ("route: {receiver: x}\nreceivers: [{name: x, webhook_configs: [{url: 'file:///etc'}]}]", "no http or https address"),
        ])
    func mistakes(text: String, sentence: String) {
        let problem = #expect(throws: YAMLProblem.self) { try AlertingConfiguration(try YAMLValue.parse(text, file: "c")) }
        #expect(problem?.description.contains(sentence) == true, "\(problem?.description ?? "nothing")")
    }
}
