import Foundation
import StrictYAML

/// The configuration as people may see it: every key with its value, and nothing that is secret.
enum ConfigurationText {
    /// What stands for something secret, as in Prometheus.
    static let secret = "<secret>"

    /// The value of a key; credentials in addresses are left out.
    static func value(of key: ConfigurationKey, _ configuration: ServerConfiguration) -> String {
        withoutCredentials(key.text(configuration))
    }

    /// A YAML document with every key that has a value, and the sections `alerting` and `scaling` of the file.
    static func yaml(_ configuration: ServerConfiguration) throws -> String {
        var lines: [String] = []
        var section = ""
        for key in ConfigurationKey.all {
            let value = value(of: key, configuration)
            let parts = key.name.split(separator: ".", maxSplits: 1).map(String.init)
            if value.isEmpty { continue }
            if parts.count == 2, parts[0] != section { lines.append("\(parts[0]):") }
            section = parts.count == 2 ? parts[0] : ""
            let written =
                key.isList ? "[\(value.split(separator: ",").map { quoted(String($0)) }.joined(separator: ", "))]" : quoted(value)
            lines.append("\(parts.count == 2 ? "  " : "")\(parts.last ?? ""): \(written)")
        }
        for name in ["alerting", "scaling"] {
            guard let value = try configuration.section(name) else { continue }
            lines.append("\(name):")
            try write(value, key: name, indent: 1, to: &lines)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Deeper nesting than this is left out: no section of ours is so deep.
    private static let depthLimit = 20

    private static func write(_ value: YAMLValue, key: String, indent: Int, to lines: inout [String]) throws {
        if indent > depthLimit { return }
        let space = String(repeating: "  ", count: indent)
        if var mapping = try? value.mapping() {
            for name in mapping.keys {
                guard let child = mapping.take(name) else { continue }
                try write(child, entry: "\(space)\(quoted(name)):", key: name, indent: indent, to: &lines)
            }
        } else if let list = try? value.list() {
            for child in list { try write(child, entry: "\(space)-", key: key, indent: indent, to: &lines) }
        }
    }

    private static func write(
        _ value: YAMLValue, entry: String, key: String, indent: Int, to lines: inout [String]
    ) throws {
        if let text = try? value.string() {
            lines.append("\(entry) \(quoted(isSecret(key) ? secret : withoutCredentials(text)))")
        } else {
            lines.append(entry)
            try write(value, key: key, indent: indent + 1, to: &lines)
        }
    }

    /// Whether what stands under a key is for nobody's eyes. Addresses of webhooks are often all that guards them.
    private static func isSecret(_ key: String) -> Bool {
        let key = key.lowercased()
        if key.hasSuffix("_file") { return false }
        return ["url", "webhook"].contains(key)
            || ["password", "credential", "secret", "token", "api_key"].contains { key.contains($0) }
    }

    /// A text without what stands between `://` and `@`.
    private static func withoutCredentials(_ text: String) -> String {
        text.replacing(#/://[^/@\s]*@/#) { _ in "://\(secret)@" }
    }

    private static func quoted(_ text: String) -> String {
        let plain = #/[A-Za-z0-9_.\/-]+/#
        if text.wholeMatch(of: plain) != nil { return text }
        return "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
    }
}
