import TelemetryModel

/// Alerts that are told together, and what has been told of them. Kept in the state store.
struct NotificationGroup: Codable, Equatable, Sendable {
    /// The receiver's name.
    var receiver: String
    /// The route's key and the group's labels, in Alertmanager's form: `{}:{alertname="X"}`.
    var key: String
    /// The labels that the alerts have in common because they are grouped by them.
    var labels: [String: String]
    /// When the next look at it is due, milliseconds since 1970.
    var dueAt: Int64
    /// When it was told last; nil for never.
    var lastSent: Int64?
    /// How often it was told: part of the messages' keys.
    var sequence = 0
    /// The fingerprints of the alerts that were told as firing.
    var toldFiring: [String] = []
    /// The fingerprints of the alerts that were told as over.
    var toldResolved: [String] = []

    /// What identifies it in the state store.
    var identity: String { receiver + "\n" + key }

    /// Whether these alerts are news, by Alertmanager's rules.
    func isNews(firing: Set<String>, resolved: Set<String>, repeatInterval: Int64, now: Int64) -> Bool {
        guard let lastSent else { return !firing.isEmpty }
        if !firing.isSubset(of: toldFiring) { return true }
        if firing.isEmpty { return !toldFiring.isEmpty }
        if !resolved.isSubset(of: toldResolved) { return true }
        return now - lastSent >= repeatInterval
    }
}

/// The body of a webhook: version 4, as Alertmanager's documentation of `webhook_config` describes it.
struct WebhookPayload: Encodable {
    struct AlertEntry: Encodable {
        var status: String
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: String
        var endsAt: String
        var generatorURL: String
        var fingerprint: String
    }

    var version = "4"
    var groupKey: String
    var truncatedAlerts: Int
    var status: String
    var receiver: String
    var groupLabels: [String: String]
    var commonLabels: [String: String]
    var commonAnnotations: [String: String]
    var externalURL: String
    var alerts: [AlertEntry]

    /// Go's zero time, which Alertmanager sends for an end that is not known.
    private static let noTime = "0001-01-01T00:00:00Z"

    init(_ group: NotificationGroup, _ alerts: [Alert], limit: Int, externalURL: String) {
        groupKey = group.key
        receiver = group.receiver
        groupLabels = group.labels
        status = alerts.contains { $0.state == .firing } ? "firing" : "resolved"
        let shown = limit > 0 ? Array(alerts.prefix(limit)) : alerts
        truncatedAlerts = alerts.count - shown.count
        commonLabels = Self.common(alerts.map(\.labels))
        commonAnnotations = Self.common(alerts.map(\.annotations))
        self.externalURL = externalURL
        self.alerts = shown.map { alert in
            AlertEntry(
                status: alert.state.rawValue, labels: alert.labels, annotations: alert.annotations,
                startsAt: Self.text(alert.firingSince) ?? Self.noTime, endsAt: Self.text(alert.resolvedAt) ?? Self.noTime,
                generatorURL: alert.generatorURL, fingerprint: alert.fingerprint)
        }
    }

    private static func text(_ milliseconds: Int64?) -> String? {
        milliseconds.map { RFC3339.text(nanoseconds: UInt64(max(0, $0)) * 1_000_000) }
    }

    private static func common(_ sets: [[String: String]]) -> [String: String] {
        guard var common = sets.first else { return [:] }
        for set in sets.dropFirst() { common = common.filter { set[$0.key] == $0.value } }
        return common
    }
}
