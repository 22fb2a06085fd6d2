import ByteCoding
import Platform
import Storage
import WireFormats

/// What a body is, and so how it is read.
public enum IngestFormat: Sendable, Equatable {
    /// An OTLP request of a signal.
    case otlp(OTLPResponse.Signal, OTLPResponse.Encoding)
    /// A list of Zipkin's spans in one of its forms.
    case zipkin(ZipkinFormat)
    /// A request of Prometheus remote write.
    case remoteWrite(RemoteWriteVersion)

    var signal: TelemetrySignal {
        switch self {
        case .otlp(.traces, _), .zipkin: .traces
        case .otlp(.metrics, _), .remoteWrite: .metrics
        case .otlp(.logs, _): .logs
        }
    }

    var wireProtocol: TelemetryProtocol {
        switch self {
        case .otlp: .otlp
        case .zipkin: .zipkin
        case .remoteWrite: .remoteWrite
        }
    }
}

/// How a body is compressed.
public enum BodyCompression: Sendable, Equatable {
    /// Not at all.
    case identity
    /// RFC 1952.
    case gzip
    /// RFC 1950.
    case deflate
    /// A Snappy block.
    case snappy
    /// A frame of RFC 8878.
    case zstd
}

/// The one way of telemetry from a body to a sink: bounded, decompressed, checked, counted.
public final class IngestPipeline: Sendable {
    /// What is taken at most.
    public let limits: IngestLimits
    /// What came in.
    public let counters = IngestCounters()
    private let sink: any TelemetrySink
    private let pool: BlockingPool

    /// Hands bodies to `sink`; decompresses on the threads of `pool`.
    public init(sink: any TelemetrySink, limits: IngestLimits = IngestLimits(), pool: BlockingPool) {
        self.sink = sink
        self.limits = limits
        self.pool = pool
    }

    /// Writes into a store, on the threads of `pool`; `time` says what the future is.
    public convenience init(
        spans: any SpanWriter, metrics: any MetricWriter, limits: IngestLimits = IngestLimits(), pool: BlockingPool,
        time: any TimeSource = SystemTime()
    ) {
        let sink = StoreSink(spans: spans, metrics: metrics, limits: limits, pool: pool, time: time)
        self.init(sink: sink, limits: limits, pool: pool)
    }

    // MARK: - Back-pressure

    /// Makes room for bytes of a body that are about to be held; whoever calls gives them back by ``release(_:)``.
    /// Throws `unavailable` when too much is being worked on already.
    public func reserve(_ byteCount: Int) throws(IngestError) {
        if !counters.reserve(byteCount, limit: limits.inFlightByteCount) {
            throw IngestError(
                .unavailable,
                "More than \(limits.inFlightByteCount) bytes of telemetry are being worked on. Try again in \(limits.retryAfterSeconds) s."
            )
        }
    }

    /// Gives room back.
    public func release(_ byteCount: Int) { counters.release(byteCount) }

    // MARK: - Bodies

    /// Takes a body whose bytes the caller has reserved. Throws when nothing of it was taken; what was refused item by
    /// item stands in the outcome. Both are counted.
    public func take(
        _ body: [UInt8], _ format: IngestFormat, _ compression: BodyCompression
    ) async throws(IngestError) -> IngestOutcome {
        counters.received(byteCount: body.count)
        var expandedByteCount = 0
        defer { release(expandedByteCount) }
        do {
            var prepared = Prepared(bytes: body)
            if compression != .identity || format.isJSON {
                prepared = try await pool.run { [limits] in try Self.prepare(body, format, compression, limits) }
                try reserve(prepared.bytes.count)
                expandedByteCount = prepared.bytes.count
            }
            var outcome = try await hand(prepared.bytes, format)
            outcome.add(prepared.refusals)
            counters.count(outcome, format.signal, format.wireProtocol)
            return outcome
        } catch {
            let error = IngestError.wrap(error)
            refuse(error, format)
            throw error
        }
    }

    /// Counts a request that did not come as far as ``take(_:_:_:)``.
    public func refuse(_ error: IngestError, _ format: IngestFormat) {
        counters.count(error, format.signal, format.wireProtocol)
    }

    private func hand(_ bytes: [UInt8], _ format: IngestFormat) async throws -> IngestOutcome {
        switch format {
        case .otlp(.traces, _): return try await sink.takeTraces(bytes)
        case .otlp(.metrics, _): return try await sink.takeMetrics(bytes)
        case .otlp(.logs, _): return try await refuseLogs(bytes)
        case .zipkin(let form): return try await sink.takeZipkin(bytes, form)
        case .remoteWrite(let version): return try await sink.takeRemoteWrite(bytes, version)
        }
    }

    private func refuseLogs(_ request: [UInt8]) async throws -> IngestOutcome {
        let count = try await pool.run {
            try Self.decoding("OTLP request") { try request.withUnsafeBytes { try OTLPLogCounter.count($0) } }
        }
        var outcome = IngestOutcome()
        outcome.refuse("no_log_store", count: count, "no log store yet")
        return outcome
    }

    // MARK: - Preparing

    private struct Prepared: Sendable {
        var bytes: [UInt8]
        var refusals = WireRefusals()
    }

    private static func prepare(
        _ body: [UInt8], _ format: IngestFormat, _ compression: BodyCompression, _ limits: IngestLimits
    ) throws -> Prepared {
        let bytes = try decoding("body") { try decompress(body, compression, limits.bodyByteCount) }
        guard case .otlp(let signal, .json) = format, !bytes.isEmpty else { return Prepared(bytes: bytes) }
        let result = try decoding("OTLP/JSON request") {
            try bytes.withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, signal) }
        }
        return Prepared(bytes: result.bytes, refusals: result.refusals)
    }

    private static func decompress(_ body: [UInt8], _ compression: BodyCompression, _ limit: Int) throws -> [UInt8] {
        if body.isEmpty { return [] }
        switch compression {
        case .identity: return body
        case .gzip: return try Deflate.decompress(body, as: .gzip, limit: limit)
        case .deflate: return try Deflate.decompress(body, as: .zlib, limit: limit)
        case .snappy: return try body.withUnsafeBytes { try SnappyBlock.decompress($0, limit: limit) }
        case .zstd: return try Zstd.decompress(body, limit: limit)
        }
    }

    /// Runs a decoder; what it throws becomes a sentence about `what`.
    static func decoding<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ByteCodingError {
            throw IngestError(error, reading: what)
        }
    }
}

extension IngestFormat {
    /// Whether the body must be transcoded before a sink takes it.
    fileprivate var isJSON: Bool {
        if case .otlp(_, .json) = self { true } else { false }
    }
}
