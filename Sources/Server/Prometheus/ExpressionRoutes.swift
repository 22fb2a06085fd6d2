import Hummingbird
import QueryLanguages

/// The part of Prometheus's HTTP API that reads expressions without evaluating them
/// (https://prometheus.io/docs/prometheus/latest/querying/api/).
struct ExpressionRoutes: RouteGroup {
    /// What of PromQL is on beyond what is stable.
    let features: PromQLFeatures

    var routes: [Route] { Route.asked("/api/v1/format_query", format) + Route.asked("/api/v1/parse_query", parse) }

    /// The expression in its canonical form, on several lines where it is long.
    private func format(_ parameters: PrometheusParameters) throws -> Response {
        let text = try expression(parameters).formatted
        return .json(bytes: PrometheusJSON.success { $0.string(text) })
    }

    /// The expression as a tree.
    private func parse(_ parameters: PrometheusParameters) throws -> Response {
        let expression = try expression(parameters)
        return .json(bytes: PrometheusJSON.success { ExpressionJSON.write(expression, to: &$0) })
    }

    private func expression(_ parameters: PrometheusParameters) throws -> PromQLExpression {
        try parameters.expression { text throws(PromQLError) in try PromQLParser.parse(text, features: features) }
    }
}
