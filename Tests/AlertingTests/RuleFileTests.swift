import Alerting
import Platform
import StrictYAML
import TestSupport
import Testing

@Suite("Rule files")
struct RuleFileTests {
    @Test("A rule file is read with every key that Prometheus knows")
    func everyKey() throws {
        let text = """
            groups:
              - name: shop
                interval: 15s
                query_offset: 1s
                limit: 10
                labels: {team: a}
                rules:
                  - record: job:errors:rate5m
                    expr: sum by (job) (rate(errors_total[5m]))
                    labels: {origin: "{{ not a template }}"}
                  - alert: HighErrors
                    expr: job:errors:rate5m > 0.5
                    for: 1m30s
                    keep_firing_for: 5m
                    labels: {severity: page, team: b}
                    annotations: {summary: "{{ $labels.job }} has {{ $value | humanize }} errors a second"}
            """
        let group = try #require(try RuleFileLoader.load(text, file: "r.yml").first)
        #expect(group.interval == 15_000 && group.queryOffset == 1_000 && group.limit == 10)
        #expect(group.rules.map(\.line) == [8, 11])
        #expect(
            group.rules[0].labels == [
                "team": AlertTemplate(plainText: "a"), "origin": AlertTemplate(plainText: "{{ not a template }}"),
            ])
        guard case .alerting(let details) = group.rules[1].kind else {
            Issue.record("the second rule is no alert")
            return
        }
        #expect(details.holdDuration == 90_000 && details.keepFiringFor == 300_000)
        #expect(group.rules[1].labels["team"]?.source == "b")
    }

    @Test(
        "A mistake is named by file, line and sentence",
        arguments: [
            ("groups: [{name: a, rules: [{record: x, expr: '1 +'}]}]", "f:1: The expression cannot be used"),
            ("groups:\n- name: a\n- name: a\n", "f:3: The group name 'a' is there twice"),
            (
                "groups:\n- name: a\n  rules:\n  - alert: x\n    expr: 1\n    fro: 1m\n",
                "f:6: 'fro' is no key that is known in 'groups[0].rules[0]'. Did you mean 'for'?"
            ),
            (
                "groups:\n- name: a\n  rules:\n  - alert: x\n    expr: up\n    annotations: {s: '{{ $label.x }}'}\n",
                "The variable '$label' is not known."
            ),
            ("groups: 5", "f:1: 'groups' must be a list, not '5'."),
            ("groups:\n- name: [\n", "This is not YAML"),
            ("groups:\n- name: a\n  interval: soon\n", "f:3: 'groups[0].interval' must be a duration"),
        ])
    func mistakes(text: String, sentence: String) {
        let problem = #expect(throws: YAMLProblem.self) { try RuleFileLoader.load(text, file: "f") }
        #expect(problem?.description.contains(sentence) == true, "\(problem?.description ?? "nothing")")
    }

    // Prometheus 3 takes any UTF-8 as the name of an annotation; the file shows what it refused before.
    private static let badBeforeVersion3 = "legacy_validation_annotation.bad.yaml"

    @Test("Prometheus's own rule files are taken and refused as Prometheus does", .enabled(if: SharedData.isAvailable))
    func promtoolFiles() throws {
        let files =
            try SharedData.list("conformance/rulefmt").map { "conformance/rulefmt/" + $0 }
            + ["conformance/promtool/rules.yml", "conformance/promtool/rules-bad.yml", "conformance/promtool/rules_duplicates.yml"]
        #expect(files.count > 25)
        for file in files {
            let isBad = (file.contains("bad") && !file.hasSuffix(Self.badBeforeVersion3)) || file.hasSuffix("/invalid_rules.yaml")
            let text = String(decoding: try SharedData.read(file), as: UTF8.self)
            if isBad {
                #expect(throws: YAMLProblem.self, "\(file)") { try RuleFileLoader.load(text, file: file) }
            } else {
                #expect(throws: Never.self, "\(file)") { try RuleFileLoader.load(text, file: file) }
            }
        }
    }

    @Test("Mutilated rule files are refused or read, and nothing traps", .enabled(if: SharedData.isAvailable))
    func mutations() throws {
        let seed: UInt64 = 20_261_121
        print("rule file mutations: seed \(seed)")
        var random = SeededRandom(seed: seed)
        let original = try SharedData.read("conformance/rulefmt/test.yaml")
        var refused = 0
        for _ in 0..<1_500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                if Bool.random(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                } else {
                    bytes.remove(at: index)
                }
            }
            do {
                _ = try RuleFileLoader.load(String(decoding: bytes, as: UTF8.self), file: "f")
            } catch {
                #expect(error is YAMLProblem)
                refused += 1
            }
        }
        #expect(refused > 100)
    }
}
