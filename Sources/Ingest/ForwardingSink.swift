import ByteCoding
import Platform
import TelemetryModel
import WireFormats

/// Checks OTLP bodies as a store would and hands them on, with attributes added to their resources: the agent's intake.
///
/// Spans that a server would refuse are left out here, so that their sender hears of them; metrics are handed on as they
/// came. Zipkin's spans go on as OTLP.
public struct ForwardingSink: TelemetrySink {
    /// Takes an OTLP request on its way; when it returns, the request is safe.
    public typealias Forward = @Sendable (TelemetrySignal, [UInt8]) async throws -> Void

    private let enricher: OTLPResourceEnricher
    private let limits: IngestLimits
    private let pool: BlockingPool
    private let forward: Forward

    /// Adds `attributes` to resources that lack them, and hands requests to `forward`.
    public init(
        adding attributes: [Attribute], limits: IngestLimits = IngestLimits(), pool: BlockingPool, forward: @escaping Forward
    ) {
        enricher = OTLPResourceEnricher(attributes)
        self.limits = limits
        self.pool = pool
        self.forward = forward
    }

    /// Takes an OTLP `ExportTraceServiceRequest`.
    public func takeTraces(_ request: [UInt8]) async throws -> IngestOutcome {
        try await send(.traces) {
            let decoded = try IngestPipeline.decoding("OTLP request") {
                try request.withUnsafeBytes { try OTLPTraceDecoder.decode($0, limits: limits.decoding) }
            }
            return (
                decoded.refusals.isEmpty ? request : OTLPTraceEncoder.encode(decoded.batch), decoded.batch.count, decoded.refusals
            )
        }
    }

    /// Takes an OTLP `ExportMetricsServiceRequest`.
    public func takeMetrics(_ request: [UInt8]) async throws -> IngestOutcome {
        try await send(.metrics) {
            let decoded = try IngestPipeline.decoding("OTLP request") {
                try request.withUnsafeBytes { try OTLPMetricsDecoder.decode($0, limits: limits.decoding) }
            }
            return (request, decoded.batch.samples.count, decoded.refusals)
        }
    }

    /// Takes a list of Zipkin's spans in one of its forms.
    public func takeZipkin(_ list: [UInt8], _ format: ZipkinFormat) async throws -> IngestOutcome {
        try await send(.traces) {
            let decoded = try IngestPipeline.decoding("list of spans") {
                try list.withUnsafeBytes { try ZipkinDecoder.decode($0, as: format, limits: limits.decoding) }
            }
            return (OTLPTraceEncoder.encode(decoded.batch), decoded.batch.count, decoded.refusals)
        }
    }

    /// Refuses: remote write has no form in OTLP that would keep its series as they are.
    public func takeRemoteWrite(_ request: [UInt8], _ version: RemoteWriteVersion) async throws -> IngestOutcome {
        throw IngestError(.notImplemented, "An agent takes no remote write; send it to the server.")
    }

    private func send(
        _ signal: TelemetrySignal, _ check: @escaping @Sendable () throws -> (body: [UInt8], count: Int, refusals: WireRefusals)
    ) async throws -> IngestOutcome {
        let (body, count, refusals) = try await pool.run { [enricher] in
            let checked = try check()
            if checked.count == 0 { return ([UInt8](), 0, checked.refusals) }
            let enriched = try IngestPipeline.decoding("OTLP request") {
                try checked.body.withUnsafeBytes { try enricher.enrich($0) }
            }
            return (enriched, checked.count, checked.refusals)
        }
        if count > 0 { try await forward(signal, body) }
        var outcome = IngestOutcome()
        outcome.accepted = count
        outcome.add(refusals)
        return outcome
    }
}
