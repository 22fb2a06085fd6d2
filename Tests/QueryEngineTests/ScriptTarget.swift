import Platform
import QueryEngine
import Storage
import TelemetryModel

/// What answers the queries of a test script.
protocol ScriptTarget {
    /// Forgets all series.
    mutating func clear() async throws
    /// Adds samples to what is there.
    mutating func load(_ series: [ScriptSeries]) async throws
    /// The answer to an evaluation's query, at one time or over its range. Throws ``ScriptFailure``.
    func answer(_ evaluation: PromQLScript.Evaluation) async throws -> ScriptAnswer
}

/// A series with the samples that a script loads.
struct ScriptSeries {
    var labels: Labels
    var points: [(time: Int64, value: Double)]
}

/// The answer to a query, wherever it comes from.
struct ScriptAnswer {
    var value: QueryValue
    /// The texts of warnings and infos.
    var warnings: [String]
    var infos: [String]
}

/// A query that has no answer, with the sentence that says why.
struct ScriptFailure: Error {
    var message: String
}

/// The engine over samples in memory.
struct EngineTarget: ScriptTarget {
    private var store = ScriptStore()

    mutating func clear() { store = ScriptStore() }

    mutating func load(_ series: [ScriptSeries]) { for one in series { store.add(one.labels, one.points) } }

    func answer(_ evaluation: PromQLScript.Evaluation) throws -> ScriptAnswer {
        let engine = PromQLEngine(reader: store, time: ManualTime(now: 0), features: .all)
        do {
            let result =
                try evaluation.isRange
                ? engine.range(evaluation.query, start: evaluation.start, end: evaluation.end, step: evaluation.step)
                : engine.instant(evaluation.query, at: evaluation.start)
            return ScriptAnswer(
                value: result.value, warnings: result.annotationTexts(.warning), infos: result.annotationTexts(.info))
        } catch {
            throw ScriptFailure(message: error.message)
        }
    }
}

/// A server, which gets the samples by remote write and the queries over HTTP.
struct ServerTarget: ScriptTarget {
    let server: QueryServer

    func clear() async throws { try await server.deleteAll() }

    func load(_ series: [ScriptSeries]) async throws { try await server.write(series) }

    func answer(_ evaluation: PromQLScript.Evaluation) async throws -> ScriptAnswer {
        try await server.answer(
            evaluation.query,
            evaluation.isRange
                ? .range(start: evaluation.start, end: evaluation.end, step: evaluation.step) : .instant(evaluation.start))
    }
}
