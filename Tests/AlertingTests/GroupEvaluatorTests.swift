import TelemetryModel
import Testing

@testable import Alerting

@Suite("Evaluating a group of rules")
struct GroupEvaluatorTests {
    static func evaluator(_ rule: String) throws -> GroupEvaluator {
        let groups = try RuleFileLoader.load("groups:\n- name: g\n  rules:\n  - \(rule)\n", file: "f")
        return GroupEvaluator(try #require(groups.first), externalURL: "http://h")
    }

    static let sample = RuleSample(labels: Labels(["__name__": "up", "job": "api"]), value: 0)

    static func written(_ outcome: GroupEvaluator.Outcome) -> [String: Double] {
        var result: [String: Double] = [:]
        for row in outcome.samples.series {
            result[outcome.samples.labels(row).description] = outcome.samples.samples[Int(row.samples.start)].value
        }
        return result
    }

    @Test("An alert waits for its time, fires, and is over when the condition ceases")
    func lifeOfAnAlert() throws {
        var group = try Self.evaluator(
            "{alert: Down, expr: up == 0, for: 1m, labels: {severity: page}, annotations: {s: '{{ $labels.job }} is down'}}")
        var states: [[Alert.State]] = []
        for (minute, isDown) in [(0, true), (1, true), (2, true), (3, false), (4, true)] {
            let outcome = group.evaluate(at: Int64(minute) * 60_000) { _, _ in isDown ? [Self.sample] : [] }
            states.append(outcome.alerts.map(\.state))
        }
        #expect(states == [[], [.firing], [.firing], [.resolved], []])
    }

    @Test("The alert carries the series' labels without its name, the rule's labels and its texts")
    func contentOfAnAlert() throws {
        var group = try Self.evaluator(
            "{alert: Down, expr: up == 0, labels: {severity: page}, annotations: {s: '{{ $labels.job }} is down'}}")
        let outcome = group.evaluate(at: 5_000) { expression, at in
            #expect(expression == "up == 0" && at == 5_000)
            return [Self.sample]
        }
        let alert = try #require(outcome.alerts.first)
        #expect(alert.labels == ["alertname": "Down", "job": "api", "severity": "page"])
        #expect(alert.annotations == ["s": "api is down"])
        #expect(alert.generatorURL == "http://h/query?expr=up%20%3D%3D%200")
        #expect(
            Self.written(outcome) == [
                "ALERTS{alertname=\"Down\", alertstate=\"firing\", job=\"api\", severity=\"page\"}": 1,
                "ALERTS_FOR_STATE{alertname=\"Down\", job=\"api\", severity=\"page\"}": 5,
            ])
    }

    @Test("keep_firing_for holds an alert after its condition has ceased")
    func keepFiring() throws {
        var group = try Self.evaluator("{alert: Down, expr: up == 0, keep_firing_for: 2m}")
        _ = group.evaluate(at: 0) { _, _ in [Self.sample] }
        #expect(group.evaluate(at: 60_000) { _, _ in [] }.alerts.map(\.state) == [.firing])
        #expect(group.evaluate(at: 120_000) { _, _ in [] }.alerts.map(\.state) == [.resolved])
    }

    @Test("A recorded series that is gone gets a staleness marker, once")
    func staleness() throws {
        var group = try Self.evaluator("{record: 'job:up', expr: up, labels: {by: rule}}")
        #expect(Self.written(group.evaluate(at: 0) { _, _ in [Self.sample] }) == ["job:up{by=\"rule\", job=\"api\"}": 0])
        let gone = group.evaluate(at: 1) { _, _ in [] }.samples
        #expect(gone.samples.count == 1 && Sample.isStale(gone.samples[0].value))
        #expect(group.evaluate(at: 2) { _, _ in [] }.samples.series.isEmpty)
    }

    @Test("A rule that fails leaves its alerts as they are and says why")
    func failures() throws {
        struct Broken: Error {}
        var group = try Self.evaluator("{alert: Down, expr: up == 0}")
        _ = group.evaluate(at: 0) { _, _ in [Self.sample] }
        let outcome = group.evaluate(at: 60_000) { _, _ in throw Broken() }
        #expect(outcome.errors.count == 1)
        #expect(group.active[0]?.values.map(\.state) == [.firing])
    }

    @Test("Fingerprints are Alertmanager's")
    func fingerprints() {
        // What Alertmanager 0.25 gives for this alert at /api/v2/alerts.
        #expect(Alert.fingerprint(["alertname": "Down", "job": "api", "severity": "page"]) == "a46c34bf080027a9")
        #expect(Alert.fingerprint(["a": "b"]) != Alert.fingerprint(["ab": ""]))
    }
}
