import ByteCoding
import Hummingbird
import QueryLanguages

/// The part of Prometheus's HTTP API that tells programs what this server can do, by Prometheus's names.
struct FeatureRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        [
            .told("/api/v1/features") { _ in
                .json(
                    bytes: PrometheusJSON.success { writer in
                        writer.object { writer in
                            for (name, features) in categories.sorted(by: { $0.key < $1.key }) {
                                writer.key(name)
                                Self.write(features, to: &writer)
                            }
                        }
                    })
            }
        ]
    }

    private static func write(_ features: [String: Bool], to writer: inout JSONWriter) {
        writer.object { writer in
            for (name, isOn) in features.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                writer.member(name, isOn)
            }
        }
    }

    private var categories: [String: [String: Bool]] {
        let features = server.configuration.queries.features
        let isExperimental = features.contains(.experimentalFunctions)
        var operators = Dictionary(uniqueKeysWithValues: PromQLOperator.allCases.map { ($0.rawValue, true) })
        for aggregation in PromQLAggregation.allCases {
            operators[aggregation.rawValue] = isExperimental || !aggregation.isExperimental
        }
        return [
            "api": Self.on(
                "admin", "exclude_alerts", "label_values_match", "otlp_write_receiver", "query_stats", "query_warnings",
                "remote_write_receiver", "time_range_labels", "time_range_series"),
            "promql": Self.on("at_modifier", "negative_offset", "per_step_stats").merging([
                "anchored": features.contains(.extendedRangeSelectors), "smoothed": features.contains(.extendedRangeSelectors),
                "duration_expr": features.contains(.durationExpressions), "delayed_name_removal": false,
            ]) { $1 },
            "promql_functions": PromQLFunction.byName.mapValues { isExperimental || !$0.isExperimental },
            "promql_operators": operators,
            "rules": Self.on("keep_firing_for", "query_offset"),
            "tsdb": ["exemplar_storage": true, "native_histograms": server.store.capabilities.nativeHistograms],
        ]
    }

    private static func on(_ names: String...) -> [String: Bool] { Dictionary(uniqueKeysWithValues: names.map { ($0, true) }) }
}
