import Storage
import StrictYAML
import TelemetryModel

extension ConfigurationKey {
    /// Every setting that has a flag and a variable. The sections `alerting` and `scaling` stand in the file only.
    public static let all: [ConfigurationKey] = addresses + storage + spans + service + bounds + queries

    private static let addresses: [ConfigurationKey] = [
        one(
            "listen", \.listen, "The main address. Without it 127.0.0.1:9777 and the compatibility ports are opened.",
            wanted: "an address such as 127.0.0.1:9777", read: { ListenAddress($0).map(Optional.some) },
            write: { $0?.description ?? "" }),
        port("otlp_http", \.otlpHTTP, "The port of OTLP over HTTP, or off."),
        port("otlp_grpc", \.otlpGRPC, "The port of OTLP over gRPC, or off; not built yet."),
        port("zipkin", \.zipkin, "The port of Zipkin, or off."),
        list(
            "zipkin_autocomplete_keys", \.zipkinAutocompleteKeys, "Tags whose values Zipkin's API offers for completion."),
        choice(
            "zipkin_strict_trace_id", \.zipkinStrictTraceID, ["true": true, "false": false],
            "Whether Zipkin's API tells traces apart whose ids agree in the lower 64 bits only."),
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

    private static let spans: [ConfigurationKey] = [
        share("sampling.probability", \.sampling.probability, "The probability with which a trace is kept that no rule keeps."),
        choice(
            "sampling.keep_errors", \.sampling.keepErrors, ["true": true, "false": false],
            "Whether sampling keeps every trace with an error."),
        duration(
            "sampling.slower_than", \.sampling.slowerThan,
            "How long a span takes at least so that sampling keeps its trace; 0 sets no such rule."),
        share(
            "sampling.slower_than_quantile", \.sampling.slowerThanQuantile,
            "Sampling keeps a trace with a span above this quantile of its operation in the last hour; 0 sets no such rule."),
        count(
            "sampling.rare_calls", \.sampling.rareCalls, 0...1_000_000,
            "Sampling keeps the traces of operations with fewer calls than this in their minute; 0 sets no such rule."),
        list(
            "sampling.overrides", \.sampling.overrides,
            "Other probabilities, as SERVICE=P or SERVICE/OPERATION=P; of those that fit a trace the highest counts."),
        duration(
            "sampling.hold_time", \.sampling.holdTime,
            "How long spans that sampling does not keep are held back, so that replays and late spans find them."),
        duration(
            "retention.keep_errors", \.retention.keepErrors,
            "How long traces with errors are kept, where that is longer than retention_time."),
        duration(
            "retention.keep_slow", \.retention.keepSlow, "How long slow traces are kept, where that is longer than retention_time."),
        duration(
            "retention.slow_threshold", \.retention.slowThreshold, "How long a span takes at least so that its trace is slow.",
            in: 1...year),
    ]

    private static let service: [ConfigurationKey] = [
        list("rule_files", \.ruleFiles, "Files with rules for alerts and recordings in Prometheus's form."),
        duration(
            "evaluation_interval", \.evaluationInterval, "How often rules are evaluated that do not say it themselves."),
        text("external_url", \.externalURL, "Where people find this server, for links in notifications."),
        one(
            "cors_origin", \.corsOrigin, "The pattern of origins whose scripts may ask questions of Prometheus's API, or off.",
            wanted: "a pattern such as .* or https://grafana[.]example, or off",
            read: { $0 == "off" ? "" : (try? LabelPattern($0)) == nil ? nil : $0 }, write: { $0.isEmpty ? "off" : $0 }),
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
        count(
            "limits.source_series", \.limits.sourceSeries, 1...1_000_000_000,
            "Series that one source, a pair of job and instance, may have at a time; further ones are refused and counted."),
        count("limits.worker_threads", \.limits.workerThreads, 1...256, "Threads for the store, pages, rules and compression."),
        count("limits.worker_queue", \.limits.workerQueue, 1...1_000_000, "Pieces of work that may wait for a thread."),
    ]

    private static let queries: [ConfigurationKey] = [
        features("enable_feature", \.queries.features, "What of PromQL is on beyond what is stable, by Prometheus's names."),
        duration("query.timeout", \.queries.timeout, "How long a query may take, its time in the queue included.", in: 1...year),
        count("query.max_samples", \.queries.maxSamples, 1...1_000_000_000_000, "Samples that a query may read and make."),
        count("query.max_series", \.queries.maxSeries, 1...1_000_000_000, "Series that the selectors of a query may read."),
        count("query.max_steps", \.queries.maxSteps, 1...10_000_000, "Steps of a range query after its first time."),
        duration("query.lookback_delta", \.queries.lookbackDelta, "How far an instant selector looks back.", in: 1...year),
        count("query.max_concurrency", \.queries.maxConcurrency, 2...256, "Queries that are evaluated at once."),
        count(
            "query.max_heavy", \.queries.maxHeavy, 1...255,
            "Of the queries that are evaluated at once, those that may use more than query.light_samples."),
        count(
            "query.light_samples", \.queries.lightSamples, 1...1_000_000_000_000,
            "Samples that a query may read and make without one of the places of query.max_heavy."),
        count(
            "query.workers", \.queries.workers, 0...256, "Threads that may work on one query; 0: as many as there are cores."),
        count("query.max_queued", \.queries.maxQueued, 1...1_000_000, "Queries that may wait for a place."),
        size("query.max_form_size", \.queries.maxFormSize, "Bytes of a form with a query."),
        size("query.max_answer_size", \.queries.maxAnswerSize, "Bytes of an answer."),
    ]

    private static let year: Int64 = 31_536_000_000
}
