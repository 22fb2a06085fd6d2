import CollectorKit
import Foundation
import Logging
import StrictYAML
import TelemetryModel

/// Puts a configuration together: flags win over variables, variables over the file, the file over defaults.
public struct AgentConfigurationReader {
    /// Values of flags by their names: `server`, `data`, `config`, `token-file`, `intake`, `log-level`, `tls-authority`.
    public var flags: [String: String]
    /// The variables of the process; `HEADROPE_AGENT_SERVER` is `--server`.
    public var environment: [String: String]
    /// Whether the process may use the system's folders.
    public var isRoot: Bool

    /// Reads from flags and variables; by default those of this process.
    public init(
        flags: [String: String], environment: [String: String] = ProcessInfo.processInfo.environment, isRoot: Bool = geteuid() == 0
    ) {
        self.flags = flags
        self.environment = environment
        self.isRoot = isRoot
    }

    /// The configuration; throws ``AgentConfigurationError`` or `YAMLProblem` with a sentence for the first mistake.
    public func read() throws -> AgentConfiguration {
        var configuration = AgentConfiguration()
        configuration.data = isRoot ? "/var/lib/headrope-agent" : userFolder("XDG_DATA_HOME", ".local/share") + "/headrope-agent"
        try readFile(into: &configuration)
        for (name, set) in Self.settings {
            let variable = "HEADROPE_AGENT_" + name.uppercased()
            let flag = name.replacing("_", with: "-")
            for (place, text) in [(variable, environment[variable]), ("--" + flag, flags[flag])] {
                guard let text else { continue }
                if let wanted = set(&configuration, text) {
                    throw AgentConfigurationError("\(place) must be \(wanted), not '\(text)'.")
                }
            }
        }
        if configuration.server.isEmpty {
            throw AgentConfigurationError(
                "The agent needs the server's URL: --server http://127.0.0.1:9777, or 'server' in the configuration file.")
        }
        if let intake = configuration.intake, !intake.isLoopback {
            throw AgentConfigurationError(
                "The intake has no token, so it opens on the loopback address only, such as 127.0.0.1:9778, not on \(intake.host).")
        }
        return configuration
    }

    /// The settings that are texts everywhere, with how they are taken; what comes back is what the text should have been.
    static let settings: [(name: String, set: @Sendable (inout AgentConfiguration, String) -> String?)] = [
        (
            "server",
            { configuration, text in
                guard ServiceAddress(url: text) != nil else { return "a URL such as http://127.0.0.1:9777" }
                configuration.server = text
                return nil
            }
        ),
        (
            "data",
            { configuration, text in
                configuration.data = text
                return text.hasPrefix("/") ? nil : "an absolute path"
            }
        ),
        (
            "token_file",
            { configuration, text in
                configuration.tokenFile = text
                return nil
            }
        ),
        (
            "intake",
            { configuration, text in
                configuration.intake = text == "off" ? nil : ServiceAddress(text, defaultPort: 9778)
                return text == "off" || configuration.intake != nil ? nil : "an address such as 127.0.0.1:9778, or off"
            }
        ),
        (
            "tls_authority",
            { configuration, text in
                configuration.tlsAuthority = text
                return nil
            }
        ),
        (
            "log_level",
            { configuration, text in
                configuration.logLevel = text
                return Logger.Level(rawValue: text) == nil ? "one of debug, info, notice, warning and error" : nil
            }
        ),
    ]

    private func userFolder(_ variable: String, _ fallback: String) -> String {
        if let folder = environment[variable], folder.hasPrefix("/") { return folder }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/" + fallback
    }

    // MARK: - The file

    private func readFile(into configuration: inout AgentConfiguration) throws {
        let named = flags["config"] ?? environment["HEADROPE_AGENT_CONFIG"]
        let path =
            named ?? (isRoot ? "/etc/headrope/agent.yaml" : userFolder("XDG_CONFIG_HOME", ".config") + "/headrope/agent.yaml")
        guard let data = FileManager.default.contents(atPath: path) else {
            if named == nil { return }
            throw AgentConfigurationError("The configuration file \(path) cannot be read: is it there, and may this user read it?")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw AgentConfigurationError("The configuration file \(path) is not UTF-8 text.")
        }
        var root = try YAMLValue.parse(text, file: path).mapping()
        for (name, set) in Self.settings {
            guard let value = root.take(name) else { continue }
            let text = try value.string()
            if let wanted = set(&configuration, text) { throw value.problem("'\(name)' must be \(wanted), not '\(text)'.") }
        }
        if let resource = root.take("resource") {
            configuration.resource = try resource.strings().sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) }
        }
        if let spool = root.take("spool") { try readSpool(spool, into: &configuration) }
        if let collectors = root.take("collectors") { try readCollectors(collectors, into: &configuration) }
        try root.finish()
    }

    private func readSpool(_ value: YAMLValue, into configuration: inout AgentConfiguration) throws {
        var spool = try value.mapping()
        if let size = spool.take("size") {
            configuration.spoolByteLimit = try size.byteCount()
            if configuration.spoolByteLimit < 1 << 20 { throw size.problem("'spool.size' must be at least 1MB.") }
        }
        try spool.finish()
    }

    private func readCollectors(_ value: YAMLValue, into configuration: inout AgentConfiguration) throws {
        var collectors = try value.mapping()
        if let host = collectors.take("host") {
            var keys = try host.mapping()
            try readCommon(&keys, into: &configuration.host)
            try keys.finish()
        }
        if let nginx = collectors.take("nginx") {
            var keys = try nginx.mapping()
            try readCommon(&keys, into: &configuration.nginx)
            try readEndpoints(&keys, into: &configuration.nginx, "a URL such as http://127.0.0.1/nginx_status") {
                ServiceAddress(url: $0) != nil
            }
            try keys.finish()
        }
        if let redis = collectors.take("redis") {
            var keys = try redis.mapping()
            try readCommon(&keys, into: &configuration.redis)
            try readEndpoints(&keys, into: &configuration.redis, "an address such as 127.0.0.1:6379") {
                ServiceAddress($0, defaultPort: 6379) != nil
            }
            configuration.redisLogin.username = try keys.take("username")?.string() ?? ""
            configuration.redisLogin.passwordFile = try keys.take("password_file")?.string() ?? ""
            try keys.finish()
        }
        try collectors.finish()
    }

    private func readCommon(_ keys: inout YAMLMapping, into settings: inout AgentConfiguration.CollectorSettings) throws {
        if let enabled = keys.take("enabled") { settings.isEnabled = try enabled.boolean() }
        if let interval = keys.take("interval") {
            settings.interval = try interval.duration()
            guard (1_000...3_600_000).contains(settings.interval) else {
                throw interval.problem("'\(interval.path)' must be between 1s and 1h.")
            }
        }
    }

    private func readEndpoints(
        _ keys: inout YAMLMapping, into settings: inout AgentConfiguration.CollectorSettings, _ wanted: String,
        _ isUsable: (String) -> Bool
    ) throws {
        guard let value = keys.take("endpoints") else { return }
        settings.endpoints = try value.list().map { item in
            let text = try item.string()
            guard isUsable(text) else { throw item.problem("'\(item.path)' must be \(wanted), not '\(text)'.") }
            return text
        }
        if settings.endpoints.count > EndpointDiscovery.endpointLimit {
            throw value.problem("'\(value.path)' may have at most \(EndpointDiscovery.endpointLimit) entries.")
        }
    }
}
