import Alerting
import Answers
import Ingest
import Logging
import Platform
import StateStore
import Storage

/// What the handlers and background services work with. Everything can be another thing in tests.
struct ServerDependencies: Sendable {
    /// What was configured.
    var configuration: ServerConfiguration
    /// Where telemetry is kept.
    var store: any Store
    /// Takes telemetry in.
    var intake: IngestPipeline
    /// Evaluates PromQL over the store, with the configured limits.
    var queries: QueryRunner
    /// Evaluates rules and knows the alerts.
    var alerting: AlertingService
    /// Which metrics are asked for.
    var usage: MetricUsage
    /// What is remembered over restarts beside the telemetry.
    var state: StateStore
    /// The threads for everything that blocks: the store, pages and rules, compression of large replies.
    var pool: BlockingPool
    /// The threads for the store's upkeep, which may take minutes.
    var upkeep: BlockingPool
    /// The clock.
    var time: any TimeSource
    /// The log.
    var logger: Logger
    /// What the server counts about itself.
    var metrics: ServerMetrics
    /// Whether the server can do its duty at the moment.
    var readiness: Readiness
}

extension ServerDependencies {
    /// The analysis, whose questions about metrics are counted.
    var answers: AnswerEngine { answers(traces: store, rollups: store) }

    /// The analysis for one client's questions, which end with them.
    func answers(_ queries: TraceQueries) -> AnswerEngine { answers(traces: queries, rollups: queries) }

    private func answers(traces: any TraceReader, rollups: any RollupReader) -> AnswerEngine {
        AnswerEngine(
            traces: traces, rollups: rollups, metrics: CountedReader(reader: store, usage: usage, asker: .pages), time: time)
    }
}
