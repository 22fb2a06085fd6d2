import Storage
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

    /// The flag: `--limits-drain-time`.
    public var flag: String { "--" + dashed }
    /// The flag without its dashes, and the name of what it sets.
    public var dashed: String { String(name.map { "_.".contains($0) ? "-" : $0 }) }
    /// The variable: `HEADROPE_LIMITS_DRAIN_TIME`.
    public var variable: String { "HEADROPE_" + String(name.map { $0 == "." ? "_" : $0 }).uppercased() }

    /// A setting with one value.
    private static func one<Value>(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Value> & Sendable, _ help: String, wanted: String,
        _ read: @escaping @Sendable (String) -> Value?
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, help: help, isList: false) { (configuration, texts) throws(Unreadable) in
            guard let text = texts.last, texts.count == 1, let value = read(text) else { throw Unreadable(wanted: wanted) }
            configuration[keyPath: path] = value
        }
    }

    private static func text(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, String> & Sendable, _ help: String
    ) -> ConfigurationKey { one(name, path, help, wanted: "text that is not empty") { $0.isEmpty ? nil : $0 } }

    private static func port(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, ServerConfiguration.Port> & Sendable, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "an address such as 127.0.0.1:4318, or off") { text in
            text == "off" ? .off : ListenAddress(text).map { .at($0) }
        }
    }

    private static func duration(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Int64> & Sendable, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "a duration such as 30s, 5m, 1h30m or 30d") { TextUnits.duration($0) }
    }

    private static func size(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Int> & Sendable, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "a size such as 512MB or 10GB") { TextUnits.byteCount($0) }
    }

    private static func count(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Int> & Sendable, _ range: ClosedRange<Int>, _ help: String
    ) -> ConfigurationKey {
        one(name, path, help, wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static func choice<Value>(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, Value> & Sendable, _ choices: KeyValuePairs<String, Value>,
        _ help: String
    ) -> ConfigurationKey where Value: Sendable {
        let pairs = choices.map { ($0.key, $0.value) }
        return one(name, path, help, wanted: pairs.map(\.0).joined(separator: " or ")) { text in
            pairs.first { $0.0 == text }?.1
        }
    }

    private static func list(
        _ name: String, _ path: WritableKeyPath<ServerConfiguration, [String]> & Sendable, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, help: help, isList: true) { (configuration, texts) throws(Unreadable) in
            if texts.contains(where: \.isEmpty) { throw Unreadable(wanted: "a list of texts that are not empty") }
            configuration[keyPath: path] = texts
        }
    }
}

extension ConfigurationKey {
    /// Every setting that has a flag and a variable. The sections `alerting` and `scaling` stand in the file only.
    public static let all: [ConfigurationKey] = addresses + storage + service + bounds

    private static let addresses: [ConfigurationKey] = [
        one(
            "listen", \.listen, "The main address. Without it 127.0.0.1:9777 and the compatibility ports are opened.",
            wanted: "an address such as 127.0.0.1:9777"
        ) { ListenAddress($0).map(Optional.some) },
        port("otlp_http", \.otlpHTTP, "The port of OTLP over HTTP, or off."),
        port("otlp_grpc", \.otlpGRPC, "The port of OTLP over gRPC, or off; not built yet."),
        port("zipkin", \.zipkin, "The port of Zipkin, or off."),
        text("tls.certificate", \.tls.certificate, "The certificate chain in PEM form; serves HTTPS on every port."),
        text("tls.key", \.tls.key, "The private key that belongs to the certificate, in PEM form."),
        text("token_file", \.tokenFile, "The file with the tokens that clients must send."),
    ]

    private static let storage: [ConfigurationKey] = [
        text("data", \.data, "The folder of the store."),
        duration("retention_time", \.retentionTime, "How long telemetry is kept; 0 keeps it for ever."),
        duration(
            "retention_5m", \.retention5m, "How long aggregates of metrics over five minutes are kept; 0 makes none."),
        duration("retention_1h", \.retention1h, "How long aggregates of metrics over an hour are kept; 0 makes none."),
        size("retention_size", \.retentionSize, "How large the store may grow; 0 sets no bound."),
        choice(
            "durability", \.durability, ["interval": .logged, "always": .synced],
            "What an acknowledgement promises: interval survives the end of the process, always the loss of power as well."),
    ]

    private static let service: [ConfigurationKey] = [
        list("rule_files", \.ruleFiles, "Files with rules for alerts and recordings in Prometheus's form."),
        duration(
            "evaluation_interval", \.evaluationInterval, "How often rules are evaluated that do not say it themselves."),
        text("external_url", \.externalURL, "Where people find this server, for links in notifications."),
        choice(
            "self_store", \.selfStore, ["true": true, "false": false],
            "Whether the server's own metrics are written into its store."),
        choice(
            "log_level", \.logLevel, ["debug": "debug", "info": "info", "warning": "warning", "error": "error"],
            "The least severe level that is logged."),
    ]

    private static let bounds: [ConfigurationKey] = [
        count("limits.open_connections", \.limits.openConnections, 1...1_000_000, "Connections open at once on each port."),
        size("limits.header_size", \.limits.headerSize, "Bytes of all header fields of a request."),
        size("limits.body_size", \.limits.bodySize, "Bytes of one body of telemetry after decompression."),
        duration("limits.idle_timeout", \.limits.idleTimeout, "After what time without traffic a connection is closed."),
        duration("limits.drain_time", \.limits.drainTime, "How long requests under way may take when the server ends."),
        duration("limits.query_time", \.limits.queryTime, "How long a query may take."),
        count(
            "limits.query_samples", \.limits.querySamples, 1...1_000_000_000_000, "Samples that a query may read and make."),
        count(
            "limits.query_workers", \.limits.queryWorkers, 0...256,
            "Threads that may work on one query; 0: as many as there are cores."),
        count(
            "limits.source_series", \.limits.sourceSeries, 1...1_000_000_000,
            "Series that one source, a pair of job and instance, may have at a time; further ones are refused and counted."),
        count("limits.worker_threads", \.limits.workerThreads, 1...256, "Threads for the store and for evaluating queries."),
        count("limits.worker_queue", \.limits.workerQueue, 1...1_000_000, "Pieces of work that may wait for a thread."),
    ]
}
