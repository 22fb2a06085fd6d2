import ByteCoding
import Platform
import Storage
import TelemetryModel
import WireFormats

/// Decodes bodies and writes them to a store, on the threads of a pool.
struct StoreSink: TelemetrySink {
    let spans: any SpanWriter
    let metrics: any MetricWriter
    let limits: IngestLimits
    let pool: BlockingPool
    let time: any TimeSource

    func takeTraces(_ request: [UInt8]) async throws -> IngestOutcome {
        try await write(request, "OTLP request") { try OTLPTraceDecoder.decode($0, limits: limits.decoding) }
    }

    func takeZipkin(_ list: [UInt8], _ format: ZipkinFormat) async throws -> IngestOutcome {
        try await write(list, "list of spans") { try ZipkinDecoder.decode($0, as: format, limits: limits.decoding) }
    }

    func takeMetrics(_ request: [UInt8]) async throws -> IngestOutcome {
        try await writeMetrics(request, "OTLP request") { body in
            try body.withUnsafeBytes { try OTLPMetricsDecoder.decode($0, limits: limits.decoding) }
        }
    }

    func takeRemoteWrite(_ request: [UInt8], _ version: RemoteWriteVersion) async throws -> IngestOutcome {
        try await writeMetrics(request, "remote-write request") { body in
            switch version {
            case .one: try RemoteWriteDecoder.decode(body, limits: limits.decoding)
            case .two: try body.withUnsafeBytes { try RemoteWrite2Decoder.decode($0, limits: limits.decoding) }
            }
        }
    }

    private func write(
        _ body: [UInt8], _ what: String, _ decode: @escaping @Sendable (UnsafeRawBufferPointer) throws -> DecodedSpans
    ) async throws -> IngestOutcome {
        try await pool.run { [self] in
            let decoded = try IngestPipeline.decoding(what) { try body.withUnsafeBytes(decode) }
            let (batch, futureCount) = withoutFuture(decoded.batch)
            var outcome = batch.isEmpty ? IngestOutcome() : IngestOutcome(try spans.write(batch))
            outcome.add(decoded.refusals)
            outcome.refuse(
                RefusalReason.tooFarInFuture.rawValue, count: futureCount,
                "A span starts more than \(limits.spanFutureNanoseconds / 1_000_000_000) s in the future.")
            return outcome
        }
    }

    /// The spans that start no later than a clock that is wrong by minutes may say, and how many the others are: one of the
    /// year 2100 would be found by no question and outlive all retention.
    private func withoutFuture(_ batch: SpanBatch) -> (SpanBatch, Int) {
        let (latest, overflow) = time.now().addingReportingOverflow(limits.spanFutureNanoseconds)
        if overflow || !batch.rows.contains(where: { $0.start > latest }) { return (batch, 0) }
        let rows = batch.rows.indices.filter { batch.rows[$0].start <= latest }
        var kept = SpanBatch()
        kept.append(rows: rows, of: batch)
        return (kept, batch.count - kept.count)
    }

    private func writeMetrics(
        _ body: [UInt8], _ what: String, _ decode: @escaping @Sendable ([UInt8]) throws -> DecodedMetrics
    ) async throws -> IngestOutcome {
        try await pool.run { [metrics] in
            let decoded = try IngestPipeline.decoding(what) { try decode(body) }
            var outcome = decoded.batch.isEmpty ? IngestOutcome() : IngestOutcome(try metrics.write(decoded.batch))
            outcome.add(decoded)
            return outcome
        }
    }
}
