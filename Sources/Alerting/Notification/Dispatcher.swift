import Foundation
import StateStore
import TelemetryModel

/// Decides who is told what, and when, by Alertmanager's rules: inhibition, routes, groups, waiting, repeating.
///
/// It sends nothing itself: it gives messages for the outbox together with the groups that they belong to.
struct Dispatcher {
    /// What is to be written in one transaction.
    struct Plan {
        var messages: [OutboxMessage] = []
        var changed: [NotificationGroup] = []
        var removed: [String] = []

        var isEmpty: Bool { messages.isEmpty && changed.isEmpty && removed.isEmpty }
    }

    private struct Membership {
        var route: AlertingConfiguration.Route
        var labels: [String: String]
        var alerts: [Alert] = []
    }

    let configuration: AlertingConfiguration
    let externalURL: String
    private(set) var groups: [String: NotificationGroup]

    init(_ configuration: AlertingConfiguration, groups: [String: NotificationGroup] = [:], externalURL: String) {
        self.configuration = configuration
        self.externalURL = externalURL
        self.groups = groups
    }

    /// What is to be told at `now`, given all alerts that fire or have ceased lately.
    mutating func plan(_ alerts: [Alert], now: Int64) throws -> Plan {
        var plan = Plan()
        let members = memberships(uninhibited(alerts))
        for (identity, membership) in members.sorted(by: { $0.key < $1.key }) {
            let before = groups[identity]
            var group = before ?? newGroup(membership, now)
            if group.dueAt <= now { try tell(&group, membership, now, &plan) }
            if group != before {
                groups[identity] = group
                plan.changed.append(group)
            }
        }
        // A group whose alerts are all over and forgotten has nothing left to say.
        for identity in groups.keys.sorted() where members[identity] == nil {
            groups[identity] = nil
            plan.removed.append(identity)
        }
        return plan
    }

    private func newGroup(_ membership: Membership, _ now: Int64) -> NotificationGroup {
        NotificationGroup(
            receiver: membership.route.receiver, key: Self.key(membership), labels: membership.labels,
            dueAt: now + membership.route.groupWait)
    }

    private static func key(_ membership: Membership) -> String {
        let labels = membership.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }.joined(
            separator: ", ")
        return "\(membership.route.key):{\(labels)}"
    }

    /// A value in quotes must not be able to look like the end of it and another label.
    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private mutating func tell(_ group: inout NotificationGroup, _ membership: Membership, _ now: Int64, _ plan: inout Plan) throws
    {
        group.dueAt = now + membership.route.groupInterval
        let firing = membership.alerts.filter { $0.state == .firing }
        // An alert that is over is told once, and only to somebody who has been told that it fired.
        let resolved = membership.alerts.filter { $0.state == .resolved && group.toldFiring.contains($0.fingerprint) }
        let firingPrints = Set(firing.map(\.fingerprint))
        let resolvedPrints = Set(resolved.map(\.fingerprint))
        guard
            group.isNews(firing: firingPrints, resolved: resolvedPrints, repeatInterval: membership.route.repeatInterval, now: now)
        else { return }
        group.sequence += 1
        group.lastSent = now
        group.toldFiring = firingPrints.sorted()
        group.toldResolved = resolvedPrints.sorted()
        plan.messages += try messages(group, firing: firing, resolved: resolved)
    }

    private func messages(_ group: NotificationGroup, firing: [Alert], resolved: [Alert]) throws -> [OutboxMessage] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var messages: [OutboxMessage] = []
        for (index, webhook) in (configuration.receiver(group.receiver)?.webhooks ?? []).enumerated() {
            let alerts = webhook.sendsResolved ? firing + resolved : firing
            if alerts.isEmpty { continue }
            let payload = WebhookPayload(group, alerts, limit: webhook.alertLimit, externalURL: externalURL)
            var headers = ["Content-Type": "application/json", "User-Agent": "Headrope"]
            if let token = webhook.bearerToken { headers["Authorization"] = "Bearer \(token)" }
            let print = Alert.fingerprint(["group": group.identity])
            // The moment is in the key as well: a group that was forgotten starts counting again.
            let key = "alert-\(print)-\(group.lastSent ?? 0)-\(group.sequence)-\(index)"
            messages.append(OutboxMessage(key: key, url: webhook.url, headers: headers, body: Array(try encoder.encode(payload))))
        }
        return messages
    }

    // MARK: - Routes

    private func memberships(_ alerts: [Alert]) -> [String: Membership] {
        var members: [String: Membership] = [:]
        for alert in alerts.sorted(by: { $0.fingerprint < $1.fingerprint }) {
            for route in Self.routes(configuration.route, alert.labels) {
                let labels = route.groupBy.map { names in alert.labels.filter { names.contains($0.key) } } ?? alert.labels
                let membership = Membership(route: route, labels: labels)
                members[route.receiver + "\n" + Self.key(membership), default: membership].alerts.append(alert)
            }
        }
        return members
    }

    /// The deepest routes that take an alert: the first child that matches, and further ones after `continue`.
    private static func routes(_ route: AlertingConfiguration.Route, _ labels: [String: String]) -> [AlertingConfiguration.Route] {
        guard holds(route.matchers, labels) else { return [] }
        var found: [AlertingConfiguration.Route] = []
        for child in route.routes {
            let below = routes(child, labels)
            found += below
            if !below.isEmpty, !child.continues { break }
        }
        return found.isEmpty ? [route] : found
    }

    private static func holds(_ matchers: [LabelMatcher], _ labels: [String: String]) -> Bool {
        matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") }
    }

    private func uninhibited(_ alerts: [Alert]) -> [Alert] {
        alerts.filter { alert in
            !configuration.inhibitions.contains { rule in
                guard Self.holds(rule.target, alert.labels) else { return false }
                let isSource = Self.holds(rule.source, alert.labels)
                return alerts.contains { other in
                    other.state == .firing && Self.holds(rule.source, other.labels)
                        && !(isSource && Self.holds(rule.target, other.labels))
                        && rule.equal.allSatisfy { (other.labels[$0] ?? "") == (alert.labels[$0] ?? "") }
                }
            }
        }
    }
}
