import WireFormats

/// Where checked bodies go: the store, or from the agent on to a server.
///
/// Bodies are decompressed, and OTLP/JSON is OTLP protobuf already. A sink may throw ``IngestError`` when nothing of a
/// body was taken; it does its blocking work on threads of its own.
public protocol TelemetrySink: Sendable {
    /// Takes an OTLP `ExportTraceServiceRequest`.
    func takeTraces(_ request: [UInt8]) async throws -> IngestOutcome
    /// Takes an OTLP `ExportMetricsServiceRequest`.
    func takeMetrics(_ request: [UInt8]) async throws -> IngestOutcome
    /// Takes a request of Prometheus remote write.
    func takeRemoteWrite(_ request: [UInt8], _ version: RemoteWriteVersion) async throws -> IngestOutcome
    /// Takes a list of Zipkin's spans in one of its forms.
    func takeZipkin(_ list: [UInt8], _ format: ZipkinFormat) async throws -> IngestOutcome
}
