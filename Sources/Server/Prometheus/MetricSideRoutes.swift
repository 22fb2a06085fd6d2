import ByteCoding
import Hummingbird
import QueryLanguages
import Storage
import TelemetryModel

/// The part of Prometheus's HTTP API that tells of exemplars and metadata
/// (https://prometheus.io/docs/prometheus/latest/querying/api/).
struct MetricSideRoutes: RouteGroup {
    /// The most exemplars in an answer.
    static let exemplarLimit = 500_000

    let server: ServerDependencies

    var routes: [Route] {
        Route.asked("/api/v1/query_exemplars", exemplars) + [.told("/api/v1/metadata", metadata)]
    }

    // MARK: - Exemplars

    /// The exemplars of all series that the expression selects; without a selector in it there is no data.
    private func exemplars(_ parameters: PrometheusParameters) async throws -> Response {
        let range = try parameters.risingRange()
        let selectors: [[LabelMatcher]]
        do throws(PromQLError) {
            selectors = try PromQLParser.parse(parameters.text("query"), features: server.queries.engine.features).selectors
        } catch {
            throw APIError(.badRequest, code: "bad_query", error.description, where: "query")
        }
        if selectors.isEmpty { return Response(status: .noContent) }
        return try await server.queries.lookUp { [store = server.store] _ in
            let found = try store.exemplars(
                selectors, from: range.lowerBound, through: range.upperBound, limit: Self.exemplarLimit + 1)
            let isCut = found.reduce(0) { $0 + $1.exemplars.count } > Self.exemplarLimit
            return .json(
                bytes: PrometheusJSON.success(warnings: isCut ? [PrometheusJSON.truncationWarning] : []) { writer in
                    writer.array { writer in for series in found { Self.write(series, to: &writer) } }
                })
        }
    }

    private static func write(_ series: SeriesExemplars, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("seriesLabels")
            PrometheusJSON.writeLabels(series.labels, to: &writer)
            writer.key("exemplars")
            writer.array { writer in
                for exemplar in series.exemplars {
                    writer.object { writer in
                        writer.key("labels")
                        PrometheusJSON.writeLabels(exemplar.labels, to: &writer)
                        writer.member("value", PromQLNumber.text(exemplar.value))
                        writer.key("timestamp")
                        writer.raw(capacity: PointText.capacity) { PointText.seconds(exemplar.timestamp, to: $0) }
                    }
                }
            }
        }
    }

    // MARK: - Metadata

    /// What is known of metrics. There is one entry a metric, as the store keeps what was said last.
    private func metadata(_ parameters: PrometheusParameters) async throws -> Response {
        let limit = try parameters.count("limit") ?? -1
        // One entry is within any limit per metric; 0 and less mean none. It is only checked.
        _ = try parameters.count("limit_per_metric")
        let metric = parameters.text("metric").isEmpty ? nil : parameters.text("metric")
        return try await server.pool.run { [store = server.store] in
            let found = try store.metadata(metric: metric, limit: limit < 0 ? .max : limit)
            return .json(
                bytes: PrometheusJSON.success { writer in
                    writer.object { writer in
                        for entry in found { Self.write(entry, to: &writer) }
                    }
                })
        }
    }

    private static func write(_ entry: MetricMetadata, to writer: inout JSONWriter) {
        writer.key(entry.metric)
        writer.array { writer in
            writer.object { writer in
                writer.member("type", entry.type.name)
                writer.member("help", entry.help)
                writer.member("unit", entry.unit)
            }
        }
    }
}
