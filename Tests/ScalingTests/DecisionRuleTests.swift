import StrictYAML
import Testing

@testable import Scaling

@Suite("Scaling decisions")
struct DecisionRuleTests {
    static let policy: ScalingPolicy = {
        var policy = ScalingPolicy(name: "p", service: "orders", minimum: 1, maximum: 6, webhook: "http://127.0.0.1/")
        policy.goals.p95Seconds = 0.2
        return policy
    }()

    /// A service that is well.
    static var evidence: ScalingEvidence {
        var evidence = ScalingEvidence()
        evidence.requests = 1_000
        evidence.baselineRequests = 1_000
        evidence.p95Seconds = 0.1
        evidence.instances = 2
        evidence.cpuUtilization = 0.4
        evidence.busiestHost = "h1"
        evidence.selfShare = 0.7
        return evidence
    }

    static func statement(_ share: Double) -> ScalingEvidence.Statement {
        .init(
            fingerprint: "SELECT ?", system: "mysql", host: "db1", share: share, p95Seconds: 0.4, baselineP95Seconds: 0.01,
            traceIDs: ["ab"])
    }

    @Test("A service that is short of CPU by its own work is scaled out in proportion, within bounds")
    func scaleOut() {
        var evidence = Self.evidence
        evidence.cpuUtilization = 0.96
        let decision = DecisionRule.decide(evidence, Self.policy)
        #expect(decision.verdict == .scaleOut && decision.currentInstances == 2 && decision.desiredInstances == 3)
        #expect(decision.evidence.first?.kind == "cpu" && decision.evidence.first?.host == "h1")
        #expect(decision.rejected.map(\.verdict) == [.throttle, .hold])
        evidence.instances = 6
        let full = DecisionRule.decide(evidence, Self.policy)
        #expect(full.verdict == .hold && full.rejected.first?.reason.contains("maximum of 6") == true)
    }

    @Test("A service that is held up by a statement is throttled, even when its CPU is busy as well", arguments: [0.1, 0.99])
    func throttle(cpu: Double) {
        var evidence = Self.evidence
        evidence.p95Seconds = 0.9
        evidence.cpuUtilization = cpu
        evidence.statements = [Self.statement(0.8)]
        let decision = DecisionRule.decide(evidence, Self.policy)
        #expect(decision.verdict == .throttle)
        #expect(decision.evidence.first { $0.kind == "statement" }?.fingerprint == "SELECT ?")
        #expect(decision.rejected.first?.verdict == .scaleOut)
    }

    @Test("Whatever the numbers are, a service held up by its database is never scaled out, and confidence stays a share")
    func neverScaledOutForTheDatabase() {
        var seen: Set<ScalingDecision.Verdict> = []
        for cpu in stride(from: 0.0, through: 1, by: 0.1) {
            for own in stride(from: 0.0, through: 1, by: 0.1) {
                for database in stride(from: 0.0, through: 1.5, by: 0.1) {
                    for p95 in [0.01, 0.3, 90] {
                        var evidence = Self.evidence
                        (evidence.cpuUtilization, evidence.selfShare, evidence.p95Seconds) = (cpu, own, p95)
                        evidence.statements = [Self.statement(database)]
                        let decision = DecisionRule.decide(evidence, Self.policy)
                        seen.insert(decision.verdict)
                        #expect((0...1).contains(decision.confidence))
                        if database >= 0.5 { #expect(decision.verdict != .scaleOut) }
                    }
                }
            }
        }
        #expect(seen == Set(ScalingDecision.Verdict.allCases))
    }

    @Test("What is not measured gives hold and says what is missing")
    func missing() {
        for change in [\ScalingEvidence.cpuUtilization, \.selfShare] {
            var evidence = Self.evidence
            evidence.p95Seconds = 9
            evidence.statements = [Self.statement(0.9)]
            evidence[keyPath: change] = nil
            let decision = DecisionRule.decide(evidence, Self.policy)
            #expect(decision.verdict == .hold && decision.confidence == 0)
            #expect(decision.evidence.map(\.kind) == ["missing"])
        }
        #expect(DecisionRule.decide(ScalingEvidence(), Self.policy).evidence.count == 3)
    }

    @Test("A busy host with the time spent elsewhere gives hold")
    func elsewhere() {
        var evidence = Self.evidence
        evidence.cpuUtilization = 0.95
        evidence.selfShare = 0.2
        evidence.downstream = [.init(service: "payment", share: 0.8)]
        let decision = DecisionRule.decide(evidence, Self.policy)
        #expect(decision.verdict == .hold)
        #expect(decision.rejected.first?.reason.contains("Its own work is only 20 %") == true)
    }

    @Test("An action is told once it is stable, again only after its cool-down, and its end at once")
    func telling() {
        var state = ScalingService.PolicyState()
        var told: [String] = []
        let verdicts: [ScalingDecision.Verdict] = [
            .hold, .hold, .throttle, .hold, .throttle, .throttle, .throttle, .hold, .hold, .throttle, .throttle,
        ]
        for (index, verdict) in verdicts.enumerated() {
            let (next, isTold) = ScalingService.next(state, verdict, Self.policy, Int64(index) * 30_000)
            if isTold { told.append("\(index) \(verdict.rawValue)") }
            state = next
        }
        #expect(told == ["1 hold", "5 throttle", "8 hold"])
        let (_, isTold) = ScalingService.next(state, .throttle, Self.policy, 5 * 30_000 + Self.policy.coolDown)
        #expect(isTold)
    }

    @Test("A policy is read from the configuration")
    func configuration() throws {
        let text = """
            policies:
              - name: orders
                service: orders
                min: 2
                max: 8
                goals: {p95: 250ms, cpu_utilization: 0.7}
                webhook: http://127.0.0.1:8080/scale
            """
        let policy = try #require(try ScalingPolicy.policies(try YAMLValue.parse(text, file: "c")).first)
        #expect(policy.goals.p95Seconds == 0.25 && policy.goals.cpuUtilization == 0.7 && policy.minimum == 2)
        #expect(policy.webhook == "http://127.0.0.1:8080/scale")
    }

    @Test(
        "A policy with a mistake is refused",
        arguments: [
            ("policies: [{name: a, service: b, max: 1}]", "needs the key 'webhook'"),
            ("policies: [{name: a, service: b, min: 3, max: 1, webhook: 'http://x'}]", "'min' is above 'max'"),
            ("policies: [{name: a, service: b, max: 1, webhook: 'http://x', goals: {cpu: 0.5}}]", "'cpu' is no key"),
            ("policies: [{name: a, service: b, max: 1, webhook: 'ftp://x'}]", "no http or https address"),
            ("policies: [{name: a, service: b, max: 1, webhook: 'http://x', goals: {cpu_utilization: 80}}]", "at most 1"),
        ])
    func mistakes(text: String, sentence: String) {
        let problem = #expect(throws: YAMLProblem.self) { try ScalingPolicy.policies(try YAMLValue.parse(text, file: "c")) }
        #expect(problem?.description.contains(sentence) == true, "\(problem?.description ?? "nothing")")
    }
}
