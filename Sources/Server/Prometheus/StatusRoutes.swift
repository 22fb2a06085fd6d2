import ByteCoding
import Foundation
import Hummingbird
import StrictYAML
import TelemetryModel

/// The part of Prometheus's HTTP API that tells about the server itself.
struct StatusRoutes: RouteGroup {
    /// The version of Prometheus whose API this is; Grafana and others decide by it what they may ask.
    static let compatibleVersion = "3.5.0"

    let server: ServerDependencies
    private let startTime: UInt64

    init(server: ServerDependencies) {
        self.server = server
        startTime = server.time.now()
    }

    var routes: [Route] {
        [
            .told("/api/v1/status/buildinfo") { _ in buildInformation() },
            .told("/api/v1/status/runtimeinfo") { _ in
                try await server.pool.run { runtimeInformation() }
            },
            .told("/api/v1/status/flags") { _ in flags() },
            .told("/api/v1/status/config") { _ in
                let text = try ConfigurationText.yaml(server.configuration)
                return .json(bytes: PrometheusJSON.success { $0.object { $0.member("yaml", text) } })
            },
            .told("/api/v1/status/walreplay") { _ in replay() },
            // Nothing that people must know of comes up after the start: a file that is wrong ends it.
            .told("/api/v1/notifications") { _ in .json(bytes: PrometheusJSON.success { $0.array { _ in } }) },
        ]
    }

    private func buildInformation() -> Response {
        .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in
                    writer.member("version", Self.compatibleVersion)
                    for name in ["revision", "branch", "buildUser", "buildDate", "goVersion"] { writer.member(name, "") }
                }
            })
    }

    /// Members that are about Go's runtime have values that stand for "none". Blocks: the store says how it is.
    private func runtimeInformation() -> Response {
        let configuration = server.configuration
        let damages = server.store.status().damages.count
        return .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in
                    writer.member("startTime", RFC3339.text(nanoseconds: startTime))
                    writer.member("CWD", FileManager.default.currentDirectoryPath)
                    writer.member("hostname", ProcessInfo.processInfo.hostName)
                    writer.member("serverTime", RFC3339.text(nanoseconds: server.time.now()))
                    writer.member("reloadConfigSuccess", true)
                    writer.member("lastConfigTime", RFC3339.text(nanoseconds: startTime))
                    writer.member("corruptionCount", damages)
                    writer.member("goroutineCount", 0)
                    writer.member("GOMAXPROCS", ProcessInfo.processInfo.activeProcessorCount)
                    writer.member("GOMEMLIMIT", 0)
                    writer.member("GOGC", "")
                    writer.member("GODEBUG", "")
                    writer.member("storageRetention", Self.retention(configuration))
                }
            })
    }

    private static func retention(_ configuration: ServerConfiguration) -> String {
        var parts: [String] = []
        if configuration.retentionTime > 0 { parts.append(TextUnits.text(milliseconds: configuration.retentionTime)) }
        if configuration.retentionSize > 0 { parts.append(TextUnits.text(byteCount: configuration.retentionSize)) }
        return parts.joined(separator: " or ")
    }

    private func flags() -> Response {
        .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in
                    for key in ConfigurationKey.all.sorted(by: { $0.dashed < $1.dashed }) {
                        writer.member(key.dashed, ConfigurationText.value(of: key, server.configuration))
                    }
                }
            })
    }

    /// The log has been read before anybody is answered.
    private func replay() -> Response {
        .json(
            bytes: PrometheusJSON.success { writer in
                writer.object { writer in for name in ["min", "max", "current"] { writer.member(name, 0) } }
            })
    }
}
