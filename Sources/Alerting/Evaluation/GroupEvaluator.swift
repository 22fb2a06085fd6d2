import ByteCoding
import TelemetryModel

/// A series of an instant query's answer.
public struct RuleSample: Sendable, Equatable {
    /// The labels.
    public var labels: Labels
    /// The value.
    public var value: Double

    /// Puts labels and value together.
    public init(labels: Labels, value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// Asks an expression at a moment in milliseconds since 1970. It blocks.
public typealias RuleQuery = @Sendable (_ expression: String, _ at: Int64) throws -> [RuleSample]

/// One group of rules with the alerts that it knows. Pure but for the query: what is to be stored and told comes back.
public struct GroupEvaluator: Sendable {
    /// What an evaluation gave.
    public struct Outcome: Sendable {
        /// Results of recording rules, and the series `ALERTS` and `ALERTS_FOR_STATE`, staleness markers included.
        public var samples = MetricBatch()
        /// Alerts that fire, and those that have ceased since the last evaluation.
        public var alerts: [Alert] = []
        /// Rules that could not be evaluated, each as a sentence.
        public var errors: [String] = []
    }

    /// The rules.
    public let group: RuleGroup
    /// The alerts of each alerting rule, by rule and fingerprint.
    public private(set) var active: [Int: [String: Alert]]
    /// When it was evaluated last, milliseconds since 1970.
    public private(set) var lastEvaluation: Int64?
    /// What went wrong with each rule at its last evaluation.
    public private(set) var lastErrors: [Int: String] = [:]
    /// How long the last evaluation of each rule took, nanoseconds.
    public private(set) var durations: [Int: UInt64] = [:]

    private var written: [Int: Set<Labels>] = [:]
    private let externalURL: String

    /// A group with the alerts it had before the restart.
    public init(_ group: RuleGroup, active: [Int: [String: Alert]] = [:], externalURL: String = "") {
        self.group = group
        self.active = active
        self.externalURL = externalURL
    }

    /// How long an alert that is over is remembered, so that it is told more than once, milliseconds.
    static let resolvedRetention: Int64 = 15 * 60_000

    /// Evaluates every rule at `now`, and measures how long that takes by a clock of nanoseconds. A rule that fails leaves
    /// its alerts as they are.
    public mutating func evaluate(at now: Int64, clock: () -> UInt64 = { 0 }, query: RuleQuery) -> Outcome {
        var outcome = Outcome()
        lastEvaluation = now
        for (index, rule) in group.rules.enumerated() {
            let begin = clock()
            defer { durations[index] = clock() &- begin }
            do {
                let result = try query(rule.expression, now - group.queryOffset)
                if group.limit > 0, result.count > group.limit {
                    throw TemplateError("It gives \(result.count) series, above the group's limit of \(group.limit).")
                }
                switch rule.kind {
                case .recording: record(rule, index, result, now, &outcome)
                case .alerting(let details): alert(rule, details, index, result, now, &outcome)
                }
                lastErrors[index] = nil
            } catch {
                lastErrors[index] = "\(error)"
                outcome.errors.append("\(group.file): group \(group.name), rule \(rule.name): \(error)")
            }
        }
        return outcome
    }

    private mutating func record(_ rule: Rule, _ index: Int, _ result: [RuleSample], _ now: Int64, _ outcome: inout Outcome) {
        let added = rule.labels.map { Label($0.key, $0.value.source) } + [Label(Labels.nameLabel, rule.name)]
        write(index, result.map { (Labels($0.labels.list + added), $0.value) }, now, &outcome)
    }

    /// Stores samples, and a staleness marker for each series of the last evaluation that is gone.
    private mutating func write(_ index: Int, _ samples: [(Labels, Double)], _ now: Int64, _ outcome: inout Outcome) {
        for (labels, value) in samples { outcome.samples.append(labels, [Sample(timestamp: now, value: value)]) }
        let present = Set(samples.map(\.0))
        for gone in (written[index] ?? []).subtracting(present).sorted() {
            outcome.samples.append(gone, [Sample(timestamp: now, value: Sample.staleMarker)])
        }
        written[index] = present
    }

    private mutating func alert(
        _ rule: Rule, _ details: Rule.AlertingDetails, _ index: Int, _ result: [RuleSample], _ now: Int64, _ outcome: inout Outcome
    ) {
        var known = active[index] ?? [:]
        var held: Set<String> = []
        for sample in result {
            let found = self.alert(rule, details, sample, now)
            held.insert(found.fingerprint)
            known[found.fingerprint] = Self.continued(known[found.fingerprint], found)
        }
        for (fingerprint, old) in known {
            known[fingerprint] = Self.advanced(old, details, isHeld: held.contains(fingerprint), now)
        }
        active[index] = known
        let current = known.values.sorted { $0.fingerprint < $1.fingerprint }
        outcome.alerts += current.filter { $0.state != .pending }
        write(index, current.filter { $0.state != .resolved }.flatMap(Self.series), now, &outcome)
    }

    private func alert(_ rule: Rule, _ details: Rule.AlertingDetails, _ sample: RuleSample, _ now: Int64) -> Alert {
        let labels = Dictionary(
            sample.labels.list.filter { $0.name != Labels.nameLabel }.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        let context = AlertTemplate.Context(labels: labels, value: sample.value, externalURL: externalURL)
        var all = labels.merging(rule.labels.mapValues { $0.render(context) }) { $1 }
        all["alertname"] = rule.name
        all = all.filter { !$0.value.isEmpty }
        return Alert(
            labels: all, annotations: details.annotations.mapValues { $0.render(context) }, activeSince: now, lastHeld: now,
            value: sample.value.isFinite ? sample.value : nil,
            generatorURL: externalURL + "/query?expr=" + PercentEncoding.component(rule.expression))
    }

    private static func continued(_ old: Alert?, _ new: Alert) -> Alert {
        guard let old, old.state != .resolved else { return new }
        var alert = new
        alert.activeSince = old.activeSince
        alert.firingSince = old.firingSince
        return alert
    }

    /// What becomes of an alert at this evaluation; nil when it is forgotten.
    private static func advanced(_ old: Alert, _ details: Rule.AlertingDetails, isHeld: Bool, _ now: Int64) -> Alert? {
        var alert = old
        if isHeld {
            if alert.firingSince == nil, now - alert.activeSince >= details.holdDuration { alert.firingSince = now }
            return alert
        }
        switch alert.state {
        case .pending: return nil
        case .firing:
            if now - alert.lastHeld < details.keepFiringFor { return alert }
            alert.resolvedAt = now
            return alert
        case .resolved:
            return now - (alert.resolvedAt ?? 0) > resolvedRetention ? nil : alert
        }
    }

    /// The series by which alerts are queried, as Prometheus names them.
    private static func series(_ alert: Alert) -> [(Labels, Double)] {
        let labels = alert.labels.map { Label($0.key, $0.value) }
        return [
            (Labels(labels + [Label(Labels.nameLabel, "ALERTS"), Label("alertstate", alert.state.rawValue)]), 1),
            (Labels(labels + [Label(Labels.nameLabel, "ALERTS_FOR_STATE")]), Double(alert.activeSince) / 1_000),
        ]
    }
}
