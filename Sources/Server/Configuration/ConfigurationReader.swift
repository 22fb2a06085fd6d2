import Foundation
import StrictYAML

/// Puts a configuration together: flags win over variables, variables over the file, the file over defaults.
public struct ConfigurationReader {
    /// Values of flags by ``ConfigurationKey/dashed``; `config` names the file.
    public var flags: [String: [String]]
    /// The variables of the process.
    public var environment: [String: String]
    /// Whether the process may use the system's folders.
    public var isRoot: Bool

    /// Reads from flags and variables; by default those of this process.
    public init(
        flags: [String: [String]], environment: [String: String] = ProcessInfo.processInfo.environment,
        isRoot: Bool = geteuid() == 0
    ) {
        self.flags = flags
        self.environment = environment
        self.isRoot = isRoot
    }

    /// The configuration; throws ``ConfigurationError`` or ``YAMLProblem`` with a sentence for the first mistake.
    public func read() throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.data = isRoot ? "/var/lib/headrope" : userFolder("XDG_DATA_HOME", ".local/share")
        try readFile(into: &configuration)
        for key in ConfigurationKey.all {
            if let text = environment[key.variable] {
                try apply(key, key.isList ? Self.parts(text) : [text], from: key.variable, to: &configuration)
            }
            if let values = flags[key.dashed], !values.isEmpty {
                try apply(key, key.isList ? values.flatMap(Self.parts) : values, from: key.flag, to: &configuration)
            }
        }
        try Self.check(configuration)
        return configuration
    }

    private static func parts(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    private func apply(
        _ key: ConfigurationKey, _ values: [String], from place: String, to configuration: inout ServerConfiguration
    ) throws {
        do {
            try key.set(&configuration, values)
        } catch {
            throw ConfigurationError("\(place) must be \(error.wanted), not '\(values.joined(separator: ","))'.")
        }
    }

    private func userFolder(_ variable: String, _ fallback: String) -> String {
        if let folder = environment[variable], folder.hasPrefix("/") { return folder + "/headrope" }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/\(fallback)/headrope"
    }

    // MARK: - The file

    private func readFile(into configuration: inout ServerConfiguration) throws {
        let named = flags["config"]?.last ?? environment["HEADROPE_CONFIG"]
        let path = named ?? (isRoot ? "/etc/headrope/headrope.yaml" : userFolder("XDG_CONFIG_HOME", ".config") + "/headrope.yaml")
        guard let data = FileManager.default.contents(atPath: path) else {
            if named == nil { return }
            throw ConfigurationError("The configuration file \(path) cannot be read: is it there, and may this user read it?")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError("The configuration file \(path) is not UTF-8 text.")
        }
        configuration.file = path
        configuration.fileText = text
        var root = try YAMLValue.parse(text, file: path).mapping()
        try readKeys(of: &root, prefix: "", into: &configuration)
        for section in ["tls", "limits", "query", "sampling", "retention"] {
            guard let value = root.take(section) else { continue }
            var mapping = try value.mapping()
            try readKeys(of: &mapping, prefix: section + ".", into: &configuration)
            try mapping.finish()
        }
        // Read in detail by the rooms that they belong to: see ActionSetup.
        for section in ["alerting", "scaling"] { _ = root.take(section) }
        try root.finish()
    }

    private func readKeys(of mapping: inout YAMLMapping, prefix: String, into configuration: inout ServerConfiguration) throws {
        for key in ConfigurationKey.all where key.name.hasPrefix(prefix) {
            let name = String(key.name.dropFirst(prefix.count))
            guard !name.contains("."), let value = mapping.take(name) else { continue }
            let texts = key.isList ? try value.list().map { try $0.string() } : [try value.string()]
            do {
                try key.set(&configuration, texts)
            } catch {
                throw value.problem("'\(key.name)' must be \(error.wanted), not '\(texts.joined(separator: ", "))'.")
            }
        }
    }

    // MARK: - What only the whole shows

    /// What is coarser is there to outlive what is finer.
    private static func checkRetention(_ configuration: ServerConfiguration) throws {
        let kept = [
            ("retention_time", configuration.retentionTime), ("retention_5m", configuration.retention5m),
            ("retention_1h", configuration.retention1h),
        ].filter { $0.1 > 0 }
        for (finer, coarser) in zip(kept, kept.dropFirst()) where coarser.1 < finer.1 {
            throw ConfigurationError("\(coarser.0) must not be shorter than \(finer.0), which it is there to outlive.")
        }
    }

    private static func check(_ configuration: ServerConfiguration) throws {
        let tls = configuration.tls
        if tls.certificate.isEmpty != tls.key.isEmpty {
            throw ConfigurationError("tls.certificate and tls.key must be given together, and only one of them is.")
        }
        if configuration.queries.maxHeavy >= configuration.queries.maxConcurrency {
            throw ConfigurationError("query.max_heavy must be less than query.max_concurrency, or light queries have no place.")
        }
        try checkRetention(configuration)
        _ = try configuration.sampling.overridePolicies()
        guard configuration.tokenFile.isEmpty else { return }
        for listener in configuration.listeners where !listener.address.isLoopback {
            throw ConfigurationError(
                """
                \(listener.address) can be reached from other machines, and no tokens are asked for. Give --token-file, \
                or listen on 127.0.0.1.
                """)
        }
    }
}
