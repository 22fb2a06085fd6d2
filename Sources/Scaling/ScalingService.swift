import Answers
import Logging
import Platform
import StateStore

/// Looks at each policy's service from time to time and tells its webhook what should be done. One task runs it.
public actor ScalingService {
    /// What is remembered of a policy over restarts.
    struct PolicyState: Codable, Equatable {
        /// The verdict that the last evaluations agree on, and how many they are.
        var candidate = ScalingDecision.Verdict.hold
        var agreeing = 0
        /// The verdict that was told last, and when; nil for never.
        var told: ScalingDecision.Verdict?
        var toldAt: Int64?
        var evaluatedAt: Int64?
    }

    private static let kind = "scaling-policy"
    private static let tickNanoseconds: UInt64 = 500_000_000

    private let policies: [ScalingPolicy]
    private let answers: AnswerEngine
    private let state: StateStore
    private let pool: BlockingPool
    private let time: any TimeSource
    private let logger: Logger
    private var states: [String: PolicyState] = [:]
    private var latest: [String: ScalingEvent] = [:]
    private var isRestored = false

    /// Makes the service; ``run()`` starts it.
    public init(
        policies: [ScalingPolicy], answers: AnswerEngine, state: StateStore, pool: BlockingPool, time: any TimeSource,
        logger: Logger
    ) {
        self.policies = policies
        self.answers = answers
        self.state = state
        self.pool = pool
        self.time = time
        self.logger = logger
    }

    /// The newest decision of each policy, told or not, in the policies' order.
    public var decisions: [ScalingEvent] { policies.compactMap { latest[$0.name] } }

    /// Works until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                try await tick()
                try await time.sleep(nanoseconds: Self.tickNanoseconds)
            } catch is CancellationError {
                return
            } catch {
                logger.error("a scaling policy could not be evaluated", metadata: ["error": "\(error)"])
                try? await time.sleep(nanoseconds: Self.tickNanoseconds)
            }
        }
    }

    /// Evaluates the policies that are due.
    public func tick() async throws {
        if !isRestored {
            states = try await pool.run { [state] in
                try state.transaction { try $0.documents(PolicyState.self, kind: Self.kind) }
            }
            isRestored = true
        }
        let now = time.nowMilliseconds()
        for policy in policies where now - (states[policy.name]?.evaluatedAt ?? .min / 2) >= policy.interval {
            try await evaluate(policy, now)
        }
    }

    private func evaluate(_ policy: ScalingPolicy, _ now: Int64) async throws {
        let before = states[policy.name] ?? PolicyState()
        let (after, event) = try await pool.run { [answers, state] () -> (PolicyState, ScalingEvent) in
            let evidence = try EvidenceCollector(answers: answers).collect(policy, now: now)
            let decision = DecisionRule.decide(evidence, policy)
            let (after, isTold) = Self.next(before, decision.verdict, policy, now)
            let event = ScalingEvent(decision, policy, stableFor: after.agreeing, now: now)
            try state.transaction { transaction in
                try transaction.save(after, kind: Self.kind, key: policy.name)
                if isTold { try transaction.enqueue(try event.message(policy), now: now) }
            }
            return (after, event)
        }
        states[policy.name] = after
        latest[policy.name] = event
    }

    /// What is remembered after an evaluation, and whether its verdict is told: when it is stable and either new or an action
    /// whose cool-down is over.
    static func next(
        _ before: PolicyState, _ verdict: ScalingDecision.Verdict, _ policy: ScalingPolicy, _ now: Int64
    ) -> (PolicyState, isTold: Bool) {
        var after = before
        after.evaluatedAt = now
        after.agreeing = verdict == before.candidate ? min(before.agreeing + 1, 1_000_000) : 1
        after.candidate = verdict
        let isStable = after.agreeing >= policy.stabilization
        let isCool = before.toldAt.map { now - $0 >= policy.coolDown } ?? true
        // A new action waits for the cool-down of the last one; that nothing is to be done any more can be said at once.
        let isTold = isStable && (verdict == .hold ? before.told != .hold : isCool)
        if isTold {
            after.told = verdict
            after.toldAt = verdict == .hold ? before.toldAt : now
        }
        return (after, isTold)
    }
}
