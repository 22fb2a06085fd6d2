import Hummingbird
import QueryEngine

/// The part of Prometheus's HTTP API that evaluates expressions (https://prometheus.io/docs/prometheus/latest/querying/api/).
struct QueryRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        Route.asked("/api/v1/query", instant) + Route.asked("/api/v1/query_range", range)
    }

    private func instant(_ parameters: PrometheusParameters) async throws -> Response {
        let limit = try parameters.limit()
        let time = try parameters.time("time", default: server.time.nowMilliseconds())
        let query = parameters.text("query")
        return try await answer(parameters, QueryKey(expression: query), limit: limit) { engine, context throws(QueryError) in
            try engine.instant(query, at: time, context: context)
        }
    }

    private func range(_ parameters: PrometheusParameters) async throws -> Response {
        let limit = try parameters.limit()
        let start = try parameters.time("start")
        let end = try parameters.time("end")
        if end < start { throw PrometheusParameters.invalid("end", "end timestamp must not be before start time") }
        let step = try step(parameters)
        let query = parameters.text("query")
        let key = QueryKey(expression: query, span: end - start, step: step)
        return try await answer(parameters, key, limit: limit) { engine, context throws(QueryError) in
            try engine.range(query, start: start, end: end, step: step, context: context)
        }
    }

    /// The step in milliseconds.
    private func step(_ parameters: PrometheusParameters) throws -> Int64 {
        let nanoseconds = try parameters.duration("step")
        if nanoseconds <= 0 {
            throw PrometheusParameters.invalid(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        // Steps are whole milliseconds. A shorter one is told as what it mostly is: too many steps.
        return max(1, nanoseconds / 1_000_000)
    }

    private func answer(
        _ parameters: PrometheusParameters, _ key: QueryKey, limit: Int,
        _ evaluate: @escaping @Sendable (PromQLEngine, QueryContext) throws(QueryError) -> QueryResult
    ) async throws -> Response {
        let (timeout, lookback) = (try parameters.timeout(), try parameters.lookback())
        let byteLimit = server.configuration.queries.maxAnswerSize
        return try await server.queries.evaluate(key, measuring: try parameters.measures()) {
            $0.nanoseconds = min($0.nanoseconds, timeout)
            $0.lookback = lookback ?? $0.lookback
        } work: { engine, context in
            let result = try evaluate(engine, context)
            let writer = PrometheusAnswerWriter(limit: limit, byteLimit: byteLimit, context: context)
            return .json(bytes: try writer.write(result))
        }
    }
}
