import ByteCoding
import Hummingbird
import QueryLanguages
import Storage

/// The part of Prometheus's HTTP API that tells what it scrapes and whom it notifies. Headrope scrapes nothing: whoever has
/// something to tell sends it. So there are no targets, and alerts are sent by itself instead of an Alertmanager.
struct TargetRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        [
            .told("/api/v1/targets", targets), .told("/api/v1/targets/metadata", metadata),
            .told("/api/v1/scrape_pools") { _ in Self.emptyLists("scrapePools") },
            .told("/api/v1/alertmanagers") { _ in Self.emptyLists("activeAlertmanagers", "droppedAlertmanagers") },
        ]
    }

    private static func emptyLists(_ names: String...) -> Response {
        .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in
                    for name in names {
                        writer.key(name)
                        writer.array { _ in }
                    }
                }
            })
    }

    private func targets(_ parameters: PrometheusParameters) -> Response {
        let showsDropped = ["", "any", "dropped"].contains(parameters.text("state").lowercased())
        return .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in
                    for name in ["activeTargets", "droppedTargets"] {
                        writer.key(name)
                        writer.array { _ in }
                    }
                    writer.key("droppedTargetCounts")
                    if showsDropped { writer.object { _ in } } else { writer.null() }
                }
            })
    }

    private func metadata(_ parameters: PrometheusParameters) throws -> Response {
        _ = try parameters.count("limit")
        let target = parameters.text("match_target")
        if !target.isEmpty {
            do throws(PromQLError) {
                _ = try PromQLParser.parseSelector(target)
            } catch {
                throw PrometheusParameters.invalid("match_target", error.description)
            }
        }
        return .json(bytes: PrometheusJSON.success { writer in writer.array { _ in } })
    }
}
