import ArgumentParser
import Server

/// `headrope serve`: the flags of ``ConfigurationKey/all``, written out for the help and for completion.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the server.",
        discussion: """
            Every flag is also a key of the configuration file, with underscores, and a variable: --retention-time is \
            retention_time and HEADROPE_RETENTION_TIME. Flags win over variables, variables over the file.
            """)

    @Option(help: "The configuration file (default /etc/headrope/headrope.yaml, or below XDG_CONFIG_HOME).")
    var config: String?
    @Option(help: "The main address; without it 127.0.0.1:9777 and the compatibility ports are opened.")
    var listen: String?
    @Option(help: "The folder of the store (default /var/lib/headrope, or below XDG_DATA_HOME).")
    var data: String?
    @Option(help: "The file with the tokens that clients must send.")
    var tokenFile: String?
    @Option(help: "How long telemetry is kept, such as 30d; 0 keeps it for ever.")
    var retentionTime: String?
    @Option(
        name: .customLong("retention-5m"),
        help: "How long aggregates of metrics over five minutes are kept, such as 180d; 0 makes none.")
    var retention5m: String?
    @Option(
        name: .customLong("retention-1h"), help: "How long aggregates of metrics over an hour are kept, such as 3y; 0 makes none.")
    var retention1h: String?
    @Option(help: "How large the store may grow, such as 10GB; 0 sets no bound.")
    var retentionSize: String?
    @Option(help: "What an acknowledgement survives: interval (the end of the process) or always (the loss of power).")
    var durability: String?
    @Option(name: .customLong("otlp-http"), help: "The port of OTLP over HTTP, or off.")
    var otlpHTTP: String?
    @Option(name: .customLong("otlp-grpc"), help: "The port of OTLP over gRPC, or off; not built yet.")
    var otlpGRPC: String?
    @Option(help: "The port of Zipkin, or off.")
    var zipkin: String?
    @Option(help: "Files with rules in Prometheus's form, with commas between them.")
    var ruleFiles: [String] = []
    @Option(help: "How often rules are evaluated that do not say it themselves, such as 1m.")
    var evaluationInterval: String?
    @Option(help: "What of PromQL is on beyond what is stable, by Prometheus's names, with commas between them.")
    var enableFeature: [String] = []
    @Option(name: .customLong("external-url"), help: "Where people find this server, for links in notifications.")
    var externalURL: String?
    @Option(help: "The pattern of origins whose scripts may ask questions of Prometheus's API, or off (default .*).")
    var corsOrigin: String?
    @Option(help: "Whether the server's own metrics are written into its store: true or false.")
    var selfStore: String?
    @Option(help: "The least severe level that is logged: debug, info, warning or error.")
    var logLevel: String?
    @OptionGroup(title: "TLS")
    var tls: TLSFlags
    @OptionGroup(title: "Limits")
    var limits: LimitFlags
    @OptionGroup(title: "Traces")
    var traces: TraceFlags
    @OptionGroup(title: "Queries")
    var queries: QueryFlags

    /// Certificate and key.
    struct TLSFlags: ParsableArguments {
        @Option(help: "The certificate chain in PEM form; serves HTTPS on every port.")
        var tlsCertificate: String?
        @Option(help: "The private key that belongs to the certificate, in PEM form.")
        var tlsKey: String?
    }

    /// Bounds.
    struct LimitFlags: ParsableArguments {
        @Option(help: "Connections open at once on each port.")
        var limitsOpenConnections: String?
        @Option(help: "Bytes of all header fields of a request.")
        var limitsHeaderSize: String?
        @Option(help: "Bytes of one body of telemetry after decompression.")
        var limitsBodySize: String?
        @Option(help: "After what time without traffic a connection is closed.")
        var limitsIdleTimeout: String?
        @Option(help: "How long requests under way may take when the server ends.")
        var limitsDrainTime: String?
        @Option(help: "Series that one source, a pair of job and instance, may have at a time.")
        var limitsSourceSeries: String?
        @Option(help: "Threads for the store, pages, rules and compression.")
        var limitsWorkerThreads: String?
        @Option(help: "Pieces of work that may wait for a thread.")
        var limitsWorkerQueue: String?
    }

    /// Bounds of queries.
    struct QueryFlags: ParsableArguments {
        @Option(help: "How long a query may take, its time in the queue included.")
        var queryTimeout: String?
        @Option(help: "Samples that a query may read and make.")
        var queryMaxSamples: String?
        @Option(help: "Series that the selectors of a query may read.")
        var queryMaxSeries: String?
        @Option(help: "Steps of a range query after its first time.")
        var queryMaxSteps: String?
        @Option(help: "How far an instant selector looks back.")
        var queryLookbackDelta: String?
        @Option(help: "Queries that are evaluated at once.")
        var queryMaxConcurrency: String?
        @Option(help: "Of these, queries that may use more than --query-light-samples.")
        var queryMaxHeavy: String?
        @Option(help: "Samples that a query may read and make without a place for heavy ones.")
        var queryLightSamples: String?
        @Option(help: "Threads that may work on one query; 0: as many as there are cores.")
        var queryWorkers: String?
        @Option(help: "Queries that may wait for a place.")
        var queryMaxQueued: String?
        @Option(help: "Bytes of a form with a query.")
        var queryMaxFormSize: String?
        @Option(help: "Bytes of an answer.")
        var queryMaxAnswerSize: String?

        /// The values by the dashed names of their keys.
        var given: [String: String?] {
            [
                "query-timeout": queryTimeout, "query-max-samples": queryMaxSamples, "query-max-series": queryMaxSeries,
                "query-max-steps": queryMaxSteps, "query-lookback-delta": queryLookbackDelta,
                "query-max-concurrency": queryMaxConcurrency, "query-max-heavy": queryMaxHeavy,
                "query-light-samples": queryLightSamples, "query-workers": queryWorkers, "query-max-queued": queryMaxQueued,
                "query-max-form-size": queryMaxFormSize, "query-max-answer-size": queryMaxAnswerSize,
            ]
        }
    }

    private var flags: [String: [String]] {
        let given: [String: String?] = [
            "config": config, "listen": listen, "data": data, "token-file": tokenFile, "retention-time": retentionTime,
            "retention-5m": retention5m, "retention-1h": retention1h, "retention-size": retentionSize, "durability": durability,
            "otlp-http": otlpHTTP, "otlp-grpc": otlpGRPC,
            "zipkin": zipkin, "self-store": selfStore, "log-level": logLevel, "tls-certificate": tls.tlsCertificate,
            "tls-key": tls.tlsKey, "limits-open-connections": limits.limitsOpenConnections,
            "limits-header-size": limits.limitsHeaderSize, "limits-idle-timeout": limits.limitsIdleTimeout,
            "limits-drain-time": limits.limitsDrainTime, "limits-body-size": limits.limitsBodySize,
            "limits-source-series": limits.limitsSourceSeries,
            "evaluation-interval": evaluationInterval, "external-url": externalURL,
            "limits-worker-threads": limits.limitsWorkerThreads,
            "limits-worker-queue": limits.limitsWorkerQueue, "cors-origin": corsOrigin,
        ]
        let lists = [
            "rule-files": ruleFiles, "enable-feature": enableFeature, "sampling-overrides": traces.samplingOverrides,
            "zipkin-autocomplete-keys": traces.zipkinAutocompleteKeys,
        ]
        return given.merging(queries.given) { $1 }.merging(traces.given) { $1 }.compactMapValues { $0.map { [$0] } }.merging(lists)
        { $1 }
    }

    mutating func run() async throws {
        do {
            try await ServerProcess.run(try ConfigurationReader(flags: flags).read())
        } catch {
            Complaint.print(error)
            throw ExitCode.failure
        }
    }
}
