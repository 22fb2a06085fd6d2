import QueryLanguages
import StrictYAML

/// One setting: its name in the file, and from it the flag and the variable; what it means; how its text is read.
public struct ConfigurationKey: Sendable {
    /// Thrown by ``set`` when a text cannot be used; whoever knows where the text stood makes a sentence of it.
    struct Unreadable: Error {
        /// What it must be, such as `a duration such as 30s, 5m or 1h30m`.
        var wanted: String
    }

    /// The name in the file, with dots between the levels: `limits.drain_time`.
    public let name: String
    /// What it means, as one sentence.
    public let help: String
    /// Whether it has several values: a list in the file, commas elsewhere.
    public let isList: Bool
    /// Puts the values into a configuration.
    let set: @Sendable (inout ServerConfiguration, [String]) throws(Unreadable) -> Void
    /// The value in a configuration, written as ``set`` reads it; several with commas, "" for none.
    let text: @Sendable (ServerConfiguration) -> String

    /// The flag: `--limits-drain-time`.
    public var flag: String { "--" + dashed }
    /// The flag without its dashes, and the name of what it sets.
    public var dashed: String { String(name.map { "_.".contains($0) ? "-" : $0 }) }
    /// The variable: `HEADROPE_LIMITS_DRAIN_TIME`.
    public var variable: String { "HEADROPE_" + String(name.map { $0 == "." ? "_" : $0 }).uppercased() }

    /// A setting with one value.
    static func one<Value>(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Value> & Sendable, _ help: String, wanted: String,
        read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, help: help, isList: false) { (configuration, texts) throws(Unreadable) in
            guard let text = texts.last, texts.count == 1, let value = read(text) else { throw Unreadable(wanted: wanted) }
            configuration[keyPath: path] = value
        } text: {
            write($0[keyPath: path])
        }
    }

    static func text(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, String> & Sendable, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "text that is not empty", read: { $0.isEmpty ? nil : $0 }, write: { $0 })
    }

    static func port(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, ServerConfiguration.Port> & Sendable, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "an address such as 127.0.0.1:4318, or off") { text in
            text == "off" ? .off : ListenAddress(text).map { .at($0) }
        } write: { port in
            switch port {
            case .unset: ""
            case .off: "off"
            case .at(let address): address.description
            }
        }
    }

    static func duration(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Int64> & Sendable, _ help: String,
        in range: ClosedRange<Int64> = 0...Int64.max
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "a duration such as 30s, 5m, 1h30m or 30d\(range.lowerBound > 0 ? ", longer than 0" : "")") {
            TextUnits.duration($0).flatMap { range.contains($0) ? $0 : nil }
        } write: {
            TextUnits.text(milliseconds: $0)
        }
    }

    static func size(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Int> & Sendable, _ help: String
    ) -> ConfigurationKey {
        one(
            name, path, help, wanted: "a size such as 512MB or 10GB", read: { TextUnits.byteCount($0) },
            write: { TextUnits.text(byteCount: $0) })
    }

    static func count(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Int> & Sendable, _ range: ClosedRange<Int>, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        } write: {
            String($0)
        }
    }

    /// A number from 0 to 1.
    static func share(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Double> & Sendable, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "a number from 0 to 1", read: { Double($0).flatMap { (0...1).contains($0) ? $0 : nil } }) {
            $0 == $0.rounded() ? String(Int($0)) : String($0)
        }
    }

    static func choice<Value>(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Value> & Sendable, _ choices: KeyValuePairs<String, Value>,
        _ help: String
    ) -> ConfigurationKey where Value: Sendable & Equatable {
        let pairs = choices.map { ($0.key, $0.value) }
        return one(name, path, help, wanted: pairs.map(\.0).joined(separator: " or ")) { text in
            pairs.first { $0.0 == text }?.1
        } write: { value in
            pairs.first { $0.1 == value }?.0 ?? ""
        }
    }

    static func features(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, PromQLFeatures> & Sendable, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, help: help, isList: true) { (configuration, texts) throws(Unreadable) in
            do throws(PromQLFeatures.Unknown) { configuration[keyPath: path] = try PromQLFeatures(names: texts) } catch {
                let names = PromQLFeatures.allNames.joined(separator: ", ")
                throw Unreadable(wanted: "a list of \(names), which \"\(error.name)\" is not among")
            }
        } text: {
            $0[keyPath: path].names.joined(separator: ",")
        }
    }

    static func list(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, [String]> & Sendable, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, help: help, isList: true) { (configuration, texts) throws(Unreadable) in
            if texts.contains(where: \.isEmpty) { throw Unreadable(wanted: "a list of texts that are not empty") }
            configuration[keyPath: path] = texts
        } text: {
            $0[keyPath: path].joined(separator: ",")
        }
    }
}
