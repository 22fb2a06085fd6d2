import Alerting
import ByteCoding
import Hummingbird
import QueryLanguages
import TelemetryModel

/// The part of Prometheus's HTTP API that tells about rules and alerts.
struct RuleRoutes: RouteGroup {
    let alerting: AlertingService

    var routes: [Route] {
        [
            Route(.get, "/api/v1/rules", scope: .query, errors: .prometheus) { [alerting] request in
                let kind = request.query["type"]
                guard [nil, "alert", "record"].contains(kind) else {
                    throw APIError(.badRequest, code: "bad_data", "'type' must be alert or record.", where: "type")
                }
                return .json(bytes: Self.rules(await alerting.snapshot, kind: kind))
            },
            Route(.get, "/api/v1/alerts", scope: .query, errors: .prometheus) { [alerting] _ in
                .json(bytes: Self.alerts(await alerting.snapshot))
            },
        ]
    }

    // MARK: - Alerts

    private static func alerts(_ groups: [GroupEvaluator]) -> [UInt8] {
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
                object.member("value", alert.value.map(PromQLNumber.text) ?? "NaN")
            }
        }
    }

    // MARK: - Rules

    private static func rules(_ groups: [GroupEvaluator], kind: String?) -> [UInt8] {
        PrometheusJSON.success { data in
            data.object { data in
                data.key("groups")
                data.array { list in for group in groups { write(group, kind: kind, to: &list) } }
            }
        }
    }

    private static func write(_ evaluator: GroupEvaluator, kind: String?, to list: inout JSONWriter) {
        list.object { object in
            object.member("name", evaluator.group.name)
            object.member("file", evaluator.group.file)
            object.member("interval", Double(evaluator.group.interval ?? 0) / 1_000)
            object.member("limit", evaluator.group.limit)
            object.member("lastEvaluation", time(evaluator.lastEvaluation ?? 0))
            object.key("rules")
            object.array { rules in
                for index in evaluator.group.rules.indices { write(evaluator, index, kind: kind, to: &rules) }
            }
        }
    }

    private static func write(_ evaluator: GroupEvaluator, _ index: Int, kind: String?, to list: inout JSONWriter) {
        let rule = evaluator.group.rules[index]
        let error = evaluator.lastErrors[index]
        switch rule.kind {
        case .recording where kind != "alert":
            list.object { object in
                writeCommon(rule, error, evaluator, to: &object)
                object.member("type", "recording")
            }
        case .alerting(let details) where kind != "record":
            let alerts = open(evaluator, index)
            list.object { object in
                writeCommon(rule, error, evaluator, to: &object)
                object.member("type", "alerting")
                object.member("state", alerts.contains { $0.state == .firing } ? "firing" : alerts.isEmpty ? "inactive" : "pending")
                object.member("duration", Double(details.holdDuration) / 1_000)
                object.member("keepFiringFor", Double(details.keepFiringFor) / 1_000)
                write("annotations", details.annotations.mapValues(\.source), to: &object)
                object.key("alerts")
                object.array { write(alerts, to: &$0) }
            }
        default: break
        }
    }

    private static func writeCommon(
        _ rule: Rule, _ error: String?, _ evaluator: GroupEvaluator, to object: inout JSONWriter
    ) {
        object.member("name", rule.name)
        object.member("query", rule.expression)
        write("labels", rule.labels.mapValues(\.source), to: &object)
        object.member("health", error != nil ? "err" : evaluator.lastEvaluation == nil ? "unknown" : "ok")
        object.member("lastError", error ?? "")
        object.member("lastEvaluation", time(evaluator.lastEvaluation ?? 0))
    }

    private static func write(_ name: String, _ texts: [String: String], to object: inout JSONWriter) {
        object.key(name)
        object.object { object in for (key, value) in texts.sorted(by: { $0.key < $1.key }) { object.member(key, value) } }
    }

    private static func time(_ milliseconds: Int64) -> String {
        RFC3339.text(nanoseconds: UInt64(clamping: milliseconds) &* 1_000_000)
    }
}
