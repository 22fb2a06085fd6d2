/// What a request to the server carries; the raw value is the record type in the spool.
public enum ForwardedSignal: UInt8, Sendable, CaseIterable {
    /// Spans: `ExportTraceServiceRequest`.
    case traces = 1
    /// Data points: `ExportMetricsServiceRequest`.
    case metrics = 2

    /// Where OTLP/HTTP takes it, relative to the server's URL.
    public var path: String {
        switch self {
        case .traces: "/v1/traces"
        case .metrics: "/v1/metrics"
        }
    }

    /// The name in the agent's own metrics.
    public var name: String {
        switch self {
        case .traces: "traces"
        case .metrics: "metrics"
        }
    }
}
