extension HeadropeTracer {
    /// What a tracer needs to know. Everything but the name of the service has a default.
    public struct Configuration: Sendable {
        /// `service.name`.
        public var serviceName: String
        /// Where OTLP over HTTP is taken, without the path: `http://127.0.0.1:4318`.
        public var endpoint: String
        /// More about this process, as resource attributes: `service.version`, `deployment.environment.name`, …
        public var resourceAttributes: [String: String] = [:]
        /// A token for `Authorization: Bearer`.
        public var bearerToken: String?
        /// Further header fields of every request, name and value.
        public var headers: [(String, String)] = []
        /// A PEM file with the authorities to trust instead of the system's.
        public var authorityFile: String?
        /// In which header fields the current span goes out.
        public var propagation = [Propagation.traceContext]
        /// Which traces are recorded.
        public var sampler = Sampler.parentBased()
        /// How much one span may hold.
        public var spanLimits = SpanLimits()
        /// How many spans may wait or be on their way; the newest beyond that are dropped and counted.
        public var queueSpanLimit = 8_192
        /// How many bytes of spans may wait or be on their way, by estimate.
        public var queueByteLimit = 32 << 20
        /// How many spans of ``FastSpan`` may be open or wait to be taken up (from then on they count as the others do);
        /// rounded up to a power of two in each of eight parts.
        public var fastSpanLimit = 4_096
        /// How many spans go into one request.
        public var batchSpanLimit = 512
        /// How long a span waits at most until its batch is sent.
        public var batchInterval = Duration.seconds(1)
        /// How long one attempt to send may take.
        public var exportTimeout = Duration.seconds(10)
        /// How often a batch is tried before it is given up; with ten, a server may be away for about a minute.
        public var exportAttemptLimit = 10

        /// Header fields in which a span travels; all of them are read.
        public enum Propagation: Sendable, Hashable {
            /// `traceparent` and `tracestate` of W3C Trace Context.
            case traceContext
            /// `b3`.
            case b3
            /// `X-B3-TraceId`, `X-B3-SpanId`, `X-B3-Sampled`.
            case b3Multiple
        }

        /// Where Headrope, and most OTLP receivers, listen on the same host.
        public static let defaultEndpoint = "http://127.0.0.1:4318"

        /// Describes the tracing of one service.
        public init(serviceName: String, endpoint: String = Configuration.defaultEndpoint) {
            self.serviceName = serviceName
            self.endpoint = endpoint
        }

        /// Where batches are posted.
        var tracesURL: String { (endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint) + "/v1/traces" }
    }
}
