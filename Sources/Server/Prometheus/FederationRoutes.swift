import Hummingbird
import QueryEngine
import Storage
import TelemetryModel
import WireFormats

/// Prometheus's federation: the newest sample of each series that is asked for, as a text that Prometheus scrapes.
struct FederationRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        [
            Route(.get, "/federate", scope: .query, errors: .text) { request in
                let format = ExpositionFormat(accept: request.request.headers[.accept])
                return try await federate(PrometheusParameters(items: request.query), format)
            }
        ]
    }

    private func federate(_ parameters: PrometheusParameters, _ format: ExpositionFormat) async throws -> Response {
        let selectors = try parameters.selectors()
        let (store, now, byteLimit) = (server.store, server.time.nowMilliseconds(), server.configuration.queries.maxAnswerSize)
        let key = QueryKey(expression: parameters.items.all("match[]").joined(separator: " "))
        let bytes = try await server.queries.evaluate(key) { [reader = server.queries.reader] _, context in
            let newest = NewestSamples(at: now, context: context)
            let families = try FederatedFamilies(try newest.read(selectors, reader), format, store)
            return try families.write(format, byteLimit: byteLimit, context)
        }
        var response = Response.json(bytes: bytes)
        response.headers[.contentType] = format.contentType
        return response
    }
}

/// Reads the newest sample of series within the look-back.
struct NewestSamples {
    /// The newest sample of a series.
    struct Found {
        var labels: Labels
        var timestamp: Int64
        var value: Double
    }

    private let now: Int64
    private let context: QueryContext

    /// Reads as of a time in milliseconds since 1970.
    init(at now: Int64, context: QueryContext) {
        self.now = now
        self.context = context
    }

    /// What any of the selectors finds, each series once; series whose newest sample is a staleness marker are gone.
    func read(_ selectors: [[LabelMatcher]], _ reader: any MetricReader) throws -> [Found] {
        var found: [Found] = []
        var seen: Set<Labels> = []
        let lookback = context.limits.lookback
        let hint = ReadHint(function: nil, window: lookback, firstEnd: now, step: 0, count: 1)
        var visitedCount = 0
        for matchers in selectors {
            let query = context.ending(SeriesQuery(matchers, from: now - lookback + 1, through: now, hint: hint))
            try reader.scan(query) { series in
                visitedCount += 1
                if visitedCount % Self.checkInterval == 0 { try context.check() }
                guard let value = series.values.last, let timestamp = series.timestamps.last,
                    value.bitPattern != Sample.staleMarker.bitPattern
                else { return }
                let labels = series.labels
                try checkCount(found.count)
                if selectors.count > 1, !seen.insert(labels).inserted { return }
                found.append(Found(labels: labels, timestamp: timestamp, value: value))
            }
        }
        return found
    }

    /// The time is looked at once for so many series.
    private static let checkInterval = 128

    /// Each series is one sample.
    private func checkCount(_ count: Int) throws(QueryError) {
        if count >= context.limits.samples {
            throw QueryError(.tooManySamples, "There are more samples than the limit of \(context.limits.samples).")
        }
        if count >= context.limits.series {
            throw QueryError(.tooManySeries, "There are more series than the limit of \(context.limits.series).")
        }
    }
}
