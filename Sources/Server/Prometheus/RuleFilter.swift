import Alerting
import TelemetryModel

/// Which rules are asked for: by name, group, file, type and labels.
struct RuleFilter {
    /// Whether alerts are told with the rules that raised them.
    let tellsAlerts: Bool
    private let names: Set<String>
    private let groups: Set<String>
    private let files: Set<String>
    private let type: String
    private let selectors: [[LabelMatcher]]

    init(_ parameters: PrometheusParameters) throws {
        names = Set(parameters.items.all("rule_name[]"))
        groups = Set(parameters.items.all("rule_group[]"))
        files = Set(parameters.items.all("file[]"))
        selectors = try parameters.selectors()
        type = parameters.text("type").lowercased()
        if !["", "alert", "record"].contains(type) {
            throw PrometheusParameters.invalid("type", "not supported value \(PrometheusTime.quoted(type))")
        }
        switch parameters.text("exclude_alerts").lowercased() {
        case "", "0", "f", "false": tellsAlerts = true
        case "1", "t", "true": tellsAlerts = false
        case let text:
            throw PrometheusParameters.invalid(
                "exclude_alerts",
                "error converting exclude_alerts: strconv.ParseBool: parsing \(PrometheusTime.quoted(text)): invalid syntax")
        }
    }

    /// Whether a group has rules that are asked for.
    func takes(_ evaluator: GroupEvaluator) -> Bool {
        let group = evaluator.group
        return (groups.isEmpty || groups.contains(group.name)) && (files.isEmpty || files.contains(group.file))
            && group.rules.contains(where: takes)
    }

    /// Whether a rule is asked for.
    func takes(_ rule: Rule) -> Bool {
        let isAlert = if case .alerting = rule.kind { true } else { false }
        if type == (isAlert ? "record" : "alert") { return false }
        if !names.isEmpty, !names.contains(rule.name) { return false }
        return selectors.isEmpty
            || selectors.contains { $0.allSatisfy { $0.matches(rule.labels[$0.name]?.source ?? "") } }
    }
}
