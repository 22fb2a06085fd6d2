import Alerting
import Answers
import Delivery
import HTTPTransport
import Platform
import QueryEngine
import Scaling
import ServiceLifecycle
import StateStore
import Logging
import Storage
import TelemetryModel

/// What acts on what the server knows: alerting and scaling, with the state database and the outbox that they share.
struct ActionServices: Sendable {
    /// Evaluates rules.
    let alerting: AlertingService
    /// Evaluates scaling policies.
    let scaling: ScalingService
    /// What both remember over restarts.
    let state: StateStore
    /// Everything that has to run, and gives its database up at the end.
    let services: [any Service]

    /// Makes the services over an open store. Blocks; throws `StateStoreError` when the state database cannot be used.
    init(
        _ setup: ActionSetup, _ configuration: ServerConfiguration, store: any Store, usage: MetricUsage, promql: PromQLEngine,
        pool: BlockingPool, time: any TimeSource, logger: Logger
    ) throws {
        // A server without a folder, as tests run it, keeps its state as long as it lives.
        let state = try configuration.data.isEmpty ? StateStore() : StateStore(path: "\(configuration.data)/\(StateStore.fileName)")
        try usage.load(state)
        let transport = try HTTPTransport(time: time)
        var options = AlertingService.Options()
        options.defaultInterval = configuration.evaluationInterval
        options.externalURL = configuration.publicURL
        let alerting = AlertingService(
            groups: setup.groups, configuration: setup.alerting, query: Self.query(promql), writer: store, state: state,
            pool: pool, time: time, options: options, logger: logger)
        let sender = OutboxSender(store: state, transport: transport, pool: pool, time: time, logger: logger)
        let scaling = ScalingService(
            policies: setup.policies, answers: AnswerEngine(store: store, time: time), state: state, pool: pool, time: time,
            logger: logger)
        self.alerting = alerting
        self.state = state
        self.scaling = scaling
        services = [
            BackgroundTask(name: "alerting") { await alerting.run() },
            BackgroundTask(name: "scaling") { await scaling.run() },
            BackgroundTask(name: "usage") { try await Self.keep(usage, state, pool, time) },
            BackgroundTask(name: "outbox") {
                await sender.run()
                await transport.shutdown()
            },
        ]
    }

    /// How often it is written which metrics were asked for, nanoseconds.
    private static let usageInterval: UInt64 = 60_000_000_000

    /// Writes now and then, and at the end, which metrics were asked for.
    private static func keep(
        _ usage: MetricUsage, _ state: StateStore, _ pool: BlockingPool, _ time: any TimeSource
    ) async throws {
        while true {
            var end: (any Error)?
            do { try await time.sleep(nanoseconds: usageInterval) } catch { end = error }
            // A task of its own, which is not cancelled with this one. A write that fails costs a minute of counting.
            await Task { _ = try? await pool.run { try usage.save(state) } }.value
            if let end { throw end }
        }
    }

    /// How a rule's expression is asked: what it gives must be numbers at one moment.
    private static func query(_ promql: PromQLEngine) -> RuleQuery {
        { expression, time in
            switch try promql.instant(expression, at: time).value {
            case .vector(let samples): samples.map { RuleSample(labels: $0.labels, value: $0.value) }
            case .scalar(let value, _): [RuleSample(labels: .empty, value: value)]
            case .string, .matrix:
                throw QueryError(.invalid, "A rule needs an expression that gives one value a series at each moment.")
            }
        }
    }
}

/// A named piece of work that goes on until its task is cancelled.
struct BackgroundTask: Service, CustomStringConvertible {
    /// What it is, for the log.
    let name: String
    let body: @Sendable () async throws -> Void

    init(name: String, _ body: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.body = body
    }

    /// Does the work.
    func run() async throws { try await body() }

    /// The name.
    var description: String { name }
}
