import Alerting
import ByteCoding
import QueryLanguages
import TelemetryModel

/// Writes rules and alerts as Prometheus's HTTP API does.
enum RuleJSON {
    // MARK: - Alerts

    /// Every alert that is pending or firing.
    static func alerts(_ groups: [GroupEvaluator]) -> [UInt8] {
        PrometheusJSON.success { data in
            data.object { data in
                data.key("alerts")
                data.array { list in
                    for group in groups {
                        for index in group.group.rules.indices { write(open(group, index), to: &list) }
                    }
                }
            }
        }
    }

    /// The alerts of a rule that are pending or firing, in a fixed order.
    private static func open(_ group: GroupEvaluator, _ index: Int) -> [Alert] {
        (group.active[index] ?? [:]).sorted { $0.key < $1.key }.map(\.value).filter { $0.state != .resolved }
    }

    private static func write(_ alerts: [Alert], to list: inout JSONWriter) {
        for alert in alerts {
            list.object { object in
                write("labels", alert.labels, to: &object)
                write("annotations", alert.annotations, to: &object)
                object.member("state", alert.state.rawValue)
                object.member("activeAt", time(alert.activeSince))
                object.member("value", alert.value.map(PromQLNumber.scientificText) ?? "NaN")
            }
        }
    }

    // MARK: - Rules

    /// A group with those of its rules that are asked for.
    static func write(
        _ evaluator: GroupEvaluator, _ filter: RuleFilter, defaultInterval: Int64, to list: inout JSONWriter
    ) {
        let group = evaluator.group
        list.object { object in
            object.member("name", group.name)
            object.member("file", group.file)
            object.key("rules")
            object.array { rules in
                for index in group.rules.indices where filter.takes(group.rules[index]) {
                    write(evaluator, index, filter, to: &rules)
                }
            }
            seconds("interval", Double(group.interval ?? defaultInterval) / 1_000, to: &object)
            object.member("limit", group.limit)
            seconds("evaluationTime", evaluator.durations.values.reduce(0) { $0 + Double($1) } / 1e9, to: &object)
            object.member("lastEvaluation", time(evaluator.lastEvaluation))
        }
    }

    private static func write(_ evaluator: GroupEvaluator, _ index: Int, _ filter: RuleFilter, to list: inout JSONWriter) {
        let rule = evaluator.group.rules[index]
        list.object { object in
            switch rule.kind {
            case .recording:
                writeQuestion(rule, to: &object)
                if !rule.labels.isEmpty { write("labels", rule.labels.mapValues(\.source), to: &object) }
                writeOutcome(evaluator, index, type: "recording", to: &object)
            case .alerting(let details):
                let alerts = open(evaluator, index)
                object.member("state", state(evaluator, alerts))
                writeQuestion(rule, to: &object)
                seconds("duration", Double(details.holdDuration) / 1_000, to: &object)
                seconds("keepFiringFor", Double(details.keepFiringFor) / 1_000, to: &object)
                write("labels", rule.labels.mapValues(\.source), to: &object)
                write("annotations", details.annotations.mapValues(\.source), to: &object)
                object.key("alerts")
                if filter.tellsAlerts { object.array { write(alerts, to: &$0) } } else { object.null() }
                writeOutcome(evaluator, index, type: "alerting", to: &object)
            }
        }
    }

    private static func state(_ evaluator: GroupEvaluator, _ alerts: [Alert]) -> String {
        if evaluator.lastEvaluation == nil { return "unknown" }
        return alerts.contains { $0.state == .firing } ? "firing" : alerts.isEmpty ? "inactive" : "pending"
    }

    private static func writeQuestion(_ rule: Rule, to object: inout JSONWriter) {
        object.member("name", rule.name)
        object.member("query", (try? PromQLParser.parse(rule.expression, features: .all).description) ?? rule.expression)
    }

    private static func writeOutcome(_ evaluator: GroupEvaluator, _ index: Int, type: String, to object: inout JSONWriter) {
        let error = evaluator.lastErrors[index]
        object.member("health", error != nil ? "err" : evaluator.lastEvaluation == nil ? "unknown" : "ok")
        if let error { object.member("lastError", error) }
        seconds("evaluationTime", Double(evaluator.durations[index] ?? 0) / 1e9, to: &object)
        object.member("lastEvaluation", time(evaluator.lastEvaluation))
        object.member("type", type)
    }

    private static func write(_ name: String, _ texts: [String: String], to object: inout JSONWriter) {
        object.key(name)
        object.object { object in for (key, value) in texts.sorted(by: { $0.key < $1.key }) { object.member(key, value) } }
    }

    private static func seconds(_ name: String, _ value: Double, to object: inout JSONWriter) {
        object.key(name)
        object.raw(PromQLNumber.plainText(value))
    }

    /// A time, or for none the first moment of the year 1, which is Go's.
    private static func time(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return "0001-01-01T00:00:00Z" }
        return RFC3339.text(nanoseconds: UInt64(clamping: milliseconds) &* 1_000_000)
    }
}
