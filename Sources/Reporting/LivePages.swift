import ByteCoding
import Alerting
import Answers
import TelemetryModel

/// The pages that only a running server has, besides the query page.
extension ReportEngine {
    private static func name(_ labels: [String: String]) -> String { Labels(labels.map { Label($0.key, $0.value) }).description }

    /// The alerts page: what fires or is pending, and every rule with what it last gave.
    public func alertsPage(_ groups: [GroupEvaluator], _ request: AnswerRequest, links: PageLinks) -> String {
        let context = context(.overview, request, links)
        let active = groups.flatMap { group in group.active.values.flatMap(\.values) }.sorted {
            ($0.activeSince, $0.fingerprint) < ($1.activeSince, $1.fingerprint)
        }
        let alerts = Table(
            columns: [("Alert", .name), ("State", .name), ("Since", .name), ("Labels", .code), ("Text", .name)],
            rows: active.map { alert in
                let labels = alert.labels.filter { $0.key != "alertname" }
                return [
                    Table.Cell(alert.labels["alertname"] ?? ""),
                    Table.Cell(alert.state.rawValue, kind: alert.state == .firing ? .bad : .name),
                    Table.Cell(Self.text(alert.firingSince ?? alert.activeSince)), Table.Cell(Self.name(labels)),
                    Table.Cell(alert.annotations["summary"] ?? alert.annotations["description"] ?? ""),
                ]
            })
        let rules = groups.flatMap { group in
            group.group.rules.enumerated().map { index, rule in
                [
                    Table.Cell(group.group.name), Table.Cell(rule.name),
                    Table.Cell(rule.expression, href: "/query?expr=\(PercentEncoding.component(rule.expression))"),
                    Table.Cell(group.lastEvaluation.map(Self.text) ?? "not yet"),
                    group.lastErrors[index].map { Table.Cell($0, kind: .bad) } ?? Table.Cell("ok", kind: .name),
                ]
            }
        }
        let table = Table(
            columns: [("Group", .name), ("Rule", .name), ("Expression", .code), ("Evaluated", .name), ("Result", .name)],
            rows: rules)
        return frame(
            title: "Alerts", context,
            [PagePanel(title: "Alerts", html: context.table(alerts)), PagePanel(title: "Rules", html: context.table(table))],
            choices: nil)
    }

    private static func text(_ milliseconds: Int64) -> String {
        RFC3339.text(nanoseconds: UInt64(max(0, milliseconds)) * 1_000_000)
    }

    /// The page about reports: links to reports of the last hours, and how to write one to files.
    public func reportsPage(_ request: AnswerRequest, links: PageLinks) -> String {
        let context = context(.overview, request, links)
        let end = context.to / 1_000
        let ranges = [("the last hour", 3_600), ("the last 6 hours", 21_600), ("the last 24 hours", 86_400)] as [(String, Int64)]
        let items = ranges.map { name, seconds in
            "<p><a href=\"/reports/\(end - seconds)..\(end)/index.html\">Report of \(name)</a></p>"
        }
        let command = "headrope report --from 2026-01-31T09:00:00Z --to 2026-01-31T10:00:00Z --out incident/"
        let text = "<p>A report is a folder of pages that needs no server and no network:</p><p class=\"code\">\(command)</p>"
        return frame(
            title: "Reports", context,
            [PagePanel(title: "Reports", html: items.joined()), PagePanel(title: "As files", html: text)], choices: nil)
    }
}
