import Logging
import Platform
import StateStore
import Storage
import TelemetryModel

/// Evaluates rules, keeps what they give, and puts what is to be told into the outbox. One task runs it.
public actor AlertingService {
    /// How often things happen.
    public struct Options: Sendable {
        /// How often groups are evaluated that do not say it themselves, milliseconds.
        public var defaultInterval: Int64 = 60_000
        /// How often the service looks what is due, nanoseconds.
        public var tickNanoseconds: UInt64 = 500_000_000
        /// Where people find this server.
        public var externalURL = "http://127.0.0.1:9777"

        /// The defaults.
        public init() {}
    }

    private let options: Options
    private let query: RuleQuery
    private let writer: any MetricWriter
    private let state: StateStore
    private let pool: BlockingPool
    private let time: any TimeSource
    private let logger: Logger
    private var evaluators: [GroupEvaluator]
    private var dispatcher: Dispatcher?
    private var isRestored = false

    /// Makes the service; ``run()`` starts it. Without `configuration` rules are evaluated and nobody is told.
    public init(
        groups: [RuleGroup], configuration: AlertingConfiguration?, query: @escaping RuleQuery, writer: any MetricWriter,
        state: StateStore,
        pool: BlockingPool, time: any TimeSource, options: Options = Options(), logger: Logger
    ) {
        self.options = options
        self.query = query
        self.writer = writer
        self.state = state
        self.pool = pool
        self.time = time
        self.logger = logger
        evaluators = groups.map { GroupEvaluator($0, externalURL: options.externalURL) }
        dispatcher = configuration.map { Dispatcher($0, externalURL: options.externalURL) }
    }

    /// Works until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                try await tick()
                try await time.sleep(nanoseconds: options.tickNanoseconds)
            } catch is CancellationError {
                return
            } catch {
                logger.error("rules could not be evaluated", metadata: ["error": "\(error)"])
                try? await time.sleep(nanoseconds: options.tickNanoseconds)
            }
        }
    }

    /// The groups with their alerts as they are now.
    public var snapshot: [GroupEvaluator] { evaluators }

    /// Evaluates the groups that are due, and tells what is to be told.
    public func tick() async throws {
        if !isRestored { try await restore() }
        let now = time.nowMilliseconds()
        for index in evaluators.indices where isDue(evaluators[index], now) { try await evaluate(index, now) }
        try await tell(now)
    }

    private func isDue(_ evaluator: GroupEvaluator, _ now: Int64) -> Bool {
        guard let last = evaluator.lastEvaluation else { return true }
        return now - last >= evaluator.group.interval ?? options.defaultInterval
    }

    private static let alertKind = "alerts"
    private static let groupKind = "notification-group"

    private static func identity(_ group: RuleGroup) -> String { group.file + "\n" + group.name }

    private func restore() async throws {
        let (alerts, groups) = try await pool.run { [state] in
            try state.transaction { transaction in
                (
                    try transaction.documents([String: [String: Alert]].self, kind: Self.alertKind),
                    try transaction.documents(NotificationGroup.self, kind: Self.groupKind)
                )
            }
        }
        evaluators = evaluators.map { evaluator in
            let kept = alerts[Self.identity(evaluator.group)] ?? [:]
            var active: [Int: [String: Alert]] = [:]
            for (index, rule) in evaluator.group.rules.enumerated() { active[index] = kept["\(index) \(rule.name)"] }
            return GroupEvaluator(evaluator.group, active: active, externalURL: options.externalURL)
        }
        dispatcher = dispatcher.map { Dispatcher($0.configuration, groups: groups, externalURL: options.externalURL) }
        isRestored = true
    }

    private func evaluate(_ index: Int, _ now: Int64) async throws {
        let before = evaluators[index]
        let (after, errors) = try await pool.run { [query, writer, state, time] () -> (GroupEvaluator, [String]) in
            var evaluator = before
            var outcome = evaluator.evaluate(at: now, clock: time.monotonic, query: query)
            do {
                if !outcome.samples.series.isEmpty { _ = try writer.write(outcome.samples) }
            } catch {
                outcome.errors.append("group \(evaluator.group.name): the results could not be stored: \(error)")
            }
            if evaluator.active != before.active {
                try state.transaction { try Self.save(evaluator, $0) }
            }
            return (evaluator, outcome.errors)
        }
        evaluators[index] = after
        for error in errors { logger.warning("a rule could not be evaluated", metadata: ["error": "\(error)"]) }
    }

    private static func save(_ evaluator: GroupEvaluator, _ transaction: StateTransaction) throws {
        var document: [String: [String: Alert]] = [:]
        for (index, rule) in evaluator.group.rules.enumerated() {
            if let alerts = evaluator.active[index], !alerts.isEmpty { document["\(index) \(rule.name)"] = alerts }
        }
        try transaction.save(document, kind: alertKind, key: identity(evaluator.group))
    }

    private func tell(_ now: Int64) async throws {
        guard var dispatcher else { return }
        let alerts = evaluators.flatMap { $0.active.values.flatMap(\.values) }.filter { $0.state != .pending }
        let plan = try dispatcher.plan(alerts, now: now)
        if plan.isEmpty { return }
        try await pool.run { [state] in
            try state.transaction { transaction in
                for group in plan.changed { try transaction.save(group, kind: Self.groupKind, key: group.identity) }
                for identity in plan.removed { try transaction.remove(kind: Self.groupKind, key: identity) }
                for message in plan.messages { try transaction.enqueue(message, now: now) }
            }
        }
        // Only what has been written counts as told.
        self.dispatcher = dispatcher
    }
}
