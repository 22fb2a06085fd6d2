import Testing

@testable import Alerting

@Suite("Alert templates")
struct AlertTemplateTests {
    static let context = AlertTemplate.Context(
        labels: ["job": "api", "instance": "web-1:8080"], value: 1_234.5678, externalLabels: ["region": "eu"],
        externalURL: "http://h")

    @Test(
        "Templates give what Prometheus gives",
        arguments: [
            ("plain", "plain"),
            ("{{ $labels.job }} is {{ $value }}", "api is 1234.5678"),
            ("{{ .Labels.job }}/{{ $.Labels.instance }}/{{ .Value }}", "api/web-1:8080/1234.5678"),
            ("{{ $labels.missing }}|", "|"),
            ("{{ $externalLabels.region }} {{ $externalURL }}", "eu http://h"),
            ("{{ $value | humanize }}", "1.235k"),
            ("{{ humanize1024 2048 }}", "2ki"),
            ("{{ humanizeDuration 93784 }}", "1d 2h 3m 4s"),
            ("{{ humanizeDuration 0.0015 }}", "1.5ms"),
            ("{{ 0.1234 | humanizePercentage }}", "12.34%"),
            ("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44 UTC"),
            ("{{ printf \"%.2f of %s\" $value $labels.job }}", "1234.57 of api"),
            ("{{ printf \"%5d|%-4s|%%\" 42 \"x\" }}", "   42|x   |%"),
            ("{{ if gt $value 1000.0 }}much{{ else }}little{{ end }}", "much"),
            ("{{ if eq $labels.job \"a\" }}1{{ else if eq $labels.job \"api\" }}2{{ else }}3{{ end }}", "2"),
            ("a {{- /* nothing */ -}} b", "ab"),
            ("{{ toUpper (title \"ab\") }}", "AB"),
            ("{{ stripPort $labels.instance }}", "web-1"),
            ("{{ match \"we.\" $labels.instance }}", "true"),
            ("{{ \"}}\" }}", "}}"),
            ("{{ toUpper $labels }}", "MAP[INSTANCE:WEB-1:8080 JOB:API]"),
        ])
    func rendering(template: String, text: String) throws {
        #expect(try AlertTemplate(template).render(Self.context) == text)
    }

    @Test(
        "What is no template is refused with a sentence",
        arguments: [
            "{{", "{{ }}", "{{ $label.x }}", "{{ nope 1 }}", "{{ if true }}x", "{{ end }}", "{{ | humanize }}", "{{ ( }}",
            "{{ \"a }}", "{{ range . }}x{{ end }}",
        ])
    func refusals(template: String) {
        #expect(throws: TemplateError.self) { try AlertTemplate(template) }
    }

    @Test(
        "What cannot be filled in says so in the text",
        arguments: ["{{ humanize \"x\" }}", "{{ printf \"%d\" 1.5 }}", "{{ $.labels.x }}", "{{ printf \"%9999s\" 1 }}"])
    func failures(template: String) throws {
        #expect(try AlertTemplate(template).render(Self.context).hasPrefix("<error expanding template: "))
    }

    @Test("Deep nesting is refused, not followed")
    func nesting() {
        let brackets = "{{ " + String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000) + " }}"
        let conditions = String(repeating: "{{ if true }}", count: 5_000)
        #expect(throws: TemplateError.self) { try AlertTemplate(brackets) }
        #expect(throws: TemplateError.self) { try AlertTemplate(conditions) }
    }

    @Test(
        "Numbers print as Go prints them",
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (0.1, "0.1"), (100_000, "100000"), (1e6, "1e+06"), (1e21, "1e+21"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"), (-2.5, "-2.5"), (123_456_789, "1.23456789e+08"), (.infinity, "+Inf"),
        ] as [(Double, String)])
    func numbers(number: Double, text: String) { #expect(TemplateValue.goText(number) == text) }
}
