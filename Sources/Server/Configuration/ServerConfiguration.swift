import QueryLanguages
import Storage
import StrictYAML

/// Every setting of `headrope serve`. ``ConfigurationKey/all`` says how each is written.
public struct ServerConfiguration: Sendable, Equatable {
    /// A port beside the main address.
    public enum Port: Sendable, Equatable {
        /// Nobody said anything: open when the main address is the default, and only if the port is free.
        case unset
        /// Never open.
        case off
        /// Open here, or do not start.
        case at(ListenAddress)
    }

    /// Certificate and key for TLS, as files in PEM form.
    public struct TLSFiles: Sendable, Equatable {
        /// The certificate, followed by those that lead to a root.
        public var certificate = ""
        /// The private key.
        public var key = ""
    }

    /// What bounds the use of connections and threads.
    public struct Limits: Sendable, Equatable {
        /// Connections that are open at once on each port; more wait to be accepted.
        public var openConnections = 1_024
        /// Bytes of all header fields of a request.
        public var headerSize = 64 << 10
        /// Bytes of one body of telemetry after decompression.
        public var bodySize = 64 << 20
        /// Milliseconds after which a connection that neither sends nor waits for an answer is closed.
        public var idleTimeout: Int64 = 60_000
        /// Milliseconds that requests under way get to finish when the server is told to end.
        public var drainTime: Int64 = 10_000
        /// Series that one source, a pair of `job` and `instance`, may have at a time.
        public var sourceSeries = 100_000
        /// Threads for the store and for evaluating queries.
        public var workerThreads = 4
        /// Pieces of work that may wait for one of these threads.
        public var workerQueue = 1_000
    }

    /// What spans are kept beyond, or instead of, all of them.
    public struct Sampling: Sendable, Equatable {
        /// The probability with which a trace is kept that no rule keeps.
        public var probability = 1.0
        /// Whether traces with errors are kept.
        public var keepErrors = true
        /// Milliseconds from which on a span keeps its trace; 0: no such rule.
        public var slowerThan: Int64 = 0
        /// The quantile of its operation above which a span keeps its trace; 0: no such rule.
        public var slowerThanQuantile = 0.0
        /// Calls of an operation in a minute below which its traces are kept; 0: no such rule.
        public var rareCalls = 0
        /// Other probabilities, as `SERVICE=P` or `SERVICE/OPERATION=P`.
        public var overrides: [String] = []
        /// Milliseconds that spans which are not kept are held back for replays and late spans.
        public var holdTime: Int64 = 600_000
    }

    /// What outlives ``ServerConfiguration/retentionTime``.
    public struct Retention: Sendable, Equatable {
        /// Milliseconds that traces with errors are kept; 0: as long as others.
        public var keepErrors: Int64 = 0
        /// Milliseconds that slow traces are kept; 0: as long as others.
        public var keepSlow: Int64 = 0
        /// Milliseconds from which on a span makes its trace slow.
        public var slowThreshold: Int64 = 1_000
    }

    /// What bounds queries of metrics.
    public struct Queries: Sendable, Equatable {
        /// Milliseconds that a query may take, its time in the queue included.
        public var timeout: Int64 = 120_000
        /// Samples that a query may read and make.
        public var maxSamples = 50_000_000
        /// Series that the selectors of a query may read.
        public var maxSeries = 500_000
        /// Steps of a range query after its first time.
        public var maxSteps = 11_000
        /// Milliseconds that an instant selector looks back.
        public var lookbackDelta: Int64 = 300_000
        /// Queries that are evaluated at once.
        public var maxConcurrency = 20
        /// Of these, queries that may use more than ``lightSamples``.
        public var maxHeavy = 2
        /// Samples that a query may read and make without one of the places for heavy ones.
        public var lightSamples = 200_000
        /// Threads that may work on one query; 0: as many as there are cores.
        public var workers = 0
        /// Queries that may wait for a place.
        public var maxQueued = 1_000
        /// Bytes of a form with a query.
        public var maxFormSize = 1 << 20
        /// Bytes of an answer.
        public var maxAnswerSize = 128 << 20
        /// What of PromQL is on beyond what is stable.
        public var features: PromQLFeatures = []
    }

    /// The main address; nil is ``defaultListen`` together with the compatibility ports.
    public var listen: ListenAddress?
    /// OTLP over HTTP.
    public var otlpHTTP = Port.unset
    /// OTLP over gRPC, which is not built yet.
    public var otlpGRPC = Port.unset
    /// Zipkin.
    public var zipkin = Port.unset
    /// The tags whose values Zipkin's API offers for completion.
    public var zipkinAutocompleteKeys: [String] = []
    /// Whether Zipkin's API tells traces apart whose ids agree in the lower half only.
    public var zipkinStrictTraceID = true
    /// The folder of the store.
    public var data = ""
    /// The file with the tokens; "" takes requests without one.
    public var tokenFile = ""
    /// Milliseconds that telemetry is kept; 0 keeps it for ever.
    public var retentionTime: Int64 = 0
    /// Milliseconds that aggregates of metrics over five minutes are kept; 0 makes none.
    public var retention5m: Int64 = 0
    /// Milliseconds that aggregates of metrics over an hour are kept; 0 makes none.
    public var retention1h: Int64 = 0
    /// Bytes that the store may have; 0 sets no bound.
    public var retentionSize = 0
    /// What an acknowledgement promises.
    public var durability = Durability.logged
    /// Whether the server's own metrics are written into its store.
    public var selfStore = false
    /// Files of Prometheus's rules, with `*` for any part of a name.
    public var ruleFiles: [String] = []
    /// Milliseconds between two evaluations of rule groups that do not say it themselves.
    public var evaluationInterval: Int64 = 60_000
    /// Where people find this server, for links in notifications; "" means the main address.
    public var externalURL = ""
    /// The least severe level that is logged: `debug`, `info`, `warning` or `error`.
    public var logLevel = "info"
    /// Certificate and key of the main address; empty names serve plain HTTP.
    public var tls = TLSFiles()
    /// Bounds.
    public var limits = Limits()
    /// Which traces keep their spans.
    public var sampling = Sampling()
    /// Which traces keep them longer.
    public var retention = Retention()
    /// Bounds of queries.
    public var queries = Queries()
    /// The pattern of origins whose scripts may ask questions of Prometheus's API; "" lets none.
    public var corsOrigin = ".*"
    /// The file that was read, or "".
    public var file = ""
    /// What the file holds, for the sections that other rooms read: see ``section(_:)``.
    public var fileText = ""

    /// The main address when none is given.
    public static let defaultListen = ListenAddress(host: "127.0.0.1", port: 9777)

    /// The address for links in notifications, without a slash at the end.
    public var publicURL: String {
        guard externalURL.isEmpty else { return externalURL.hasSuffix("/") ? String(externalURL.dropLast()) : externalURL }
        return "\(tls.certificate.isEmpty ? "http" : "https")://\(listen ?? Self.defaultListen)"
    }

    /// Every setting at its default; the data folder is empty.
    public init() {}

    /// A section of the file that another room reads (`alerting`, `scaling`), or nil when it is not there.
    public func section(_ key: String) throws -> YAMLValue? {
        var root = try YAMLValue.parse(fileText, file: file).mapping()
        return root.take(key)
    }
}
