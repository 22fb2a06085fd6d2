import Foundation

/// From evidence to a decision: pure, so that every path can be tested.
///
/// The rule: what is not measured decides nothing. A service that is held up by its database is never scaled out, because
/// more instances would only send the database more at once. A service is scaled out when its hosts are short of CPU and its
/// own work is what takes the time.
public enum DecisionRule {
    /// How the verdict follows, for whoever reads the event.
    static let formula =
        "hold if a measurement is missing; throttle if p95 > goal and database >= cause; scale_out if cpu >= goal and self >= cause and database < cause; else hold"

    /// What the evidence says under a policy.
    public static func decide(_ evidence: ScalingEvidence, _ policy: ScalingPolicy) -> ScalingDecision {
        var decision = ScalingDecision(
            verdict: .hold, confidence: 0, formula: formula, inputs: inputs(evidence, policy), evidence: [], rejected: [],
            currentInstances: evidence.instances, desiredInstances: min(max(evidence.instances, policy.minimum), policy.maximum))
        let missing = missing(evidence)
        if !missing.isEmpty {
            decision.evidence = missing
            decision.rejected = [ScalingDecision.Verdict.scaleOut, .throttle].map {
                ScalingDecision.Rejection(verdict: $0, reason: "Without these measurements it would be a guess.")
            }
            return decision
        }
        decision.evidence = reasons(evidence, policy).sorted { ($0.weight, $1.text) > ($1.weight, $0.text) }
        choose(&decision, evidence, policy)
        return decision
    }

    private static func choose(_ decision: inout ScalingDecision, _ evidence: ScalingEvidence, _ policy: ScalingPolicy) {
        let cpu = evidence.cpuUtilization ?? 0
        let own = evidence.selfShare ?? 0
        let database = evidence.databaseShare
        let goals = policy.goals
        let isSlow = goals.p95Seconds.map { (evidence.p95Seconds ?? 0) > $0 } ?? false
        let isHeldUp = database >= goals.causeShare
        if isSlow, isHeldUp {
            decision.verdict = .throttle
            decision.confidence = min(
                1, 0.5 + (database - goals.causeShare) / 2 + overshoot(evidence.p95Seconds, goals.p95Seconds) / 4)
            decision.rejected = [
                .init(
                    verdict: .scaleOut,
                    reason: "The database takes \(percent(database)) of the time; more instances would only make it slower."),
                .init(verdict: .hold, reason: "The latency goal is missed."),
            ]
        } else if cpu >= goals.cpuUtilization, own >= goals.causeShare, !isHeldUp {
            decision.verdict = .scaleOut
            decision.confidence = min(1, 0.5 + (cpu - goals.cpuUtilization) + (own - goals.causeShare) / 2)
            let wanted = (Double(max(evidence.instances, 1)) * cpu / goals.cpuUtilization).rounded(.up)
            let target = max(evidence.instances + 1, Int(min(wanted, 1e6)))
            decision.desiredInstances = min(max(target, policy.minimum), policy.maximum)
            decision.rejected = [
                .init(verdict: .throttle, reason: "The database takes only \(percent(database)) of the time."),
                .init(
                    verdict: .hold,
                    reason: "The hosts use \(percent(cpu)) of their CPU, the goal is \(percent(goals.cpuUtilization))."),
            ]
            if decision.desiredInstances <= evidence.instances {
                decision.verdict = .hold
                decision.rejected = [
                    .init(verdict: .scaleOut, reason: "The policy's maximum of \(policy.maximum) instances is reached.")
                ]
            }
        } else {
            decision.confidence = 0.5
            decision.rejected = whyNot(cpu: cpu, own: own, isSlow: isSlow, isHeldUp: isHeldUp, evidence, goals)
        }
    }

    private static func whyNot(
        cpu: Double, own: Double, isSlow: Bool, isHeldUp: Bool, _ evidence: ScalingEvidence, _ goals: ScalingPolicy.Goals
    ) -> [ScalingDecision.Rejection] {
        let outReason =
            isHeldUp
            ? "The database takes \(percent(evidence.databaseShare)) of the time; more instances would only make it slower."
            : cpu < goals.cpuUtilization
                ? "The hosts use \(percent(cpu)) of their CPU, below the goal of \(percent(goals.cpuUtilization))."
                : "Its own work is only \(percent(own)) of the critical path."
        let throttleReason =
            isSlow
            ? "The database takes only \(percent(evidence.databaseShare)) of the time."
            : "The latency goal is met or not set."
        return [.init(verdict: .scaleOut, reason: outReason), .init(verdict: .throttle, reason: throttleReason)]
    }

    private static func missing(_ evidence: ScalingEvidence) -> [ScalingDecision.Reason] {
        var sentences: [String] = []
        if evidence.requests == 0 { sentences.append("No request to the service was traced in the window.") }
        if evidence.instances == 0 { sentences.append("No instance of the service was seen in the window.") }
        if evidence.cpuUtilization == nil { sentences.append("No agent reported the CPU of its hosts.") }
        if evidence.requests > 0, evidence.selfShare == nil { sentences.append("The critical path of its requests is not known.") }
        return sentences.map { .init(kind: "missing", text: $0, weight: 1, traceIDs: []) }
    }

    private static func reasons(_ evidence: ScalingEvidence, _ policy: ScalingPolicy) -> [ScalingDecision.Reason] {
        var reasons: [ScalingDecision.Reason] = []
        if let cpu = evidence.cpuUtilization {
            reasons.append(
                .init(
                    kind: "cpu", text: "The busiest host uses \(percent(cpu)) of its CPU.", value: cpu,
                    baseline: policy.goals.cpuUtilization,
                    weight: min(1, cpu / policy.goals.cpuUtilization) * (evidence.selfShare ?? 0), host: evidence.busiestHost,
                    traceIDs: []))
        }
        for statement in evidence.statements.prefix(5) {
            reasons.append(
                .init(
                    kind: "statement", text: "A statement takes \(percent(statement.share)) of the time of its callers.",
                    value: statement.p95Seconds,
                    baseline: statement.baselineP95Seconds, weight: min(1, statement.share), fingerprint: statement.fingerprint,
                    host: statement.host.isEmpty ? nil : statement.host, traceIDs: statement.traceIDs))
        }
        for downstream in evidence.downstream.prefix(3) {
            reasons.append(
                .init(
                    kind: "downstream",
                    text: "\(percent(downstream.share)) of the critical path is spent in \(downstream.service).",
                    value: downstream.share, weight: min(1, downstream.share), traceIDs: []))
        }
        if let p95 = evidence.p95Seconds, let goal = policy.goals.p95Seconds {
            reasons.append(
                .init(
                    kind: "latency",
                    text: p95 > goal ? "The 95th percentile is above its goal." : "The 95th percentile is within its goal.",
                    value: p95,
                    baseline: goal, weight: min(1, overshoot(p95, goal)), traceIDs: evidence.traceIDs))
        }
        let before = Double(max(evidence.baselineRequests, 1))
        let growth = (Double(evidence.requests) - before) / before
        reasons.append(
            .init(
                kind: "rate", text: "\(evidence.requests) requests came, \(evidence.baselineRequests) in the window before.",
                value: Double(evidence.requests), baseline: Double(evidence.baselineRequests), weight: min(1, max(0, growth)) * 0.5,
                traceIDs: []))
        return reasons
    }

    private static func inputs(_ evidence: ScalingEvidence, _ policy: ScalingPolicy) -> [String: Double] {
        var inputs: [String: Double] = [
            "requests": Double(evidence.requests), "instances": Double(evidence.instances), "cpuGoal": policy.goals.cpuUtilization,
            "cause": policy.goals.causeShare,
        ]
        inputs["p95Seconds"] = evidence.p95Seconds
        inputs["p95GoalSeconds"] = policy.goals.p95Seconds
        inputs["cpu"] = evidence.cpuUtilization
        inputs["cpuPressure"] = evidence.cpuPressure
        inputs["self"] = evidence.selfShare
        if evidence.requests > 0 { inputs["database"] = evidence.databaseShare }
        return inputs
    }

    private static func overshoot(_ value: Double?, _ goal: Double?) -> Double {
        guard let value, let goal, goal > 0 else { return 0 }
        return max(0, value / goal - 1)
    }

    private static func percent(_ share: Double) -> String { String(format: "%.0f %%", share * 100) }
}
