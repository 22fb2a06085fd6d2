import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import WireFormats

/// The handlers of everything that telemetry comes in by, for server and agent.
///
/// They read headers and body, hand the body to an ``IngestPipeline`` and put the outcome into the words of each protocol.
public struct IntakeHandlers: Sendable {
    private let pipeline: IngestPipeline

    /// Handlers in front of a pipeline.
    public init(pipeline: IngestPipeline) { self.pipeline = pipeline }

    // MARK: - OTLP

    /// `POST /v1/traces`.
    public func otlpTraces(_ request: Request) async throws -> Response { await otlp(request, .traces) }

    /// `POST /v1/metrics`.
    public func otlpMetrics(_ request: Request) async throws -> Response { await otlp(request, .metrics) }

    /// `POST /v1/logs`: all records are rejected by partial success until there is a log store.
    public func otlpLogs(_ request: Request) async throws -> Response { await otlp(request, .logs) }

    private func otlp(_ request: Request, _ signal: OTLPResponse.Signal) async -> Response {
        let named = OTLPResponse.Encoding(contentType: request.headers[.contentType])
        let encoding = named ?? .json
        let format = IngestFormat.otlp(signal, encoding)
        do throws(IngestError) {
            guard named != nil else {
                let error = IngestError(
                    .unsupportedMedia,
                    "OTLP comes as application/x-protobuf or application/json, not as "
                        + "\"\(IntakeBody.mediaType(request.headers[.contentType]))\".")
                pipeline.refuse(error, format)
                throw error
            }
            let outcome = try await take(request, format, allowing: [.identity, .gzip, .deflate, .zstd])
            let body = OTLPResponse.success(signal, encoding, rejected: outcome.refusedCount, message: outcome.refusalMessage)
            return response(.ok, encoding.contentType, body)
        } catch {
            return failure(error, encoding.contentType, OTLPResponse.failure(error.code, error.message, encoding))
        }
    }

    // MARK: - Zipkin

    /// `POST /api/v2/spans`, JSON or protobuf: 202; when spans were refused their reasons stand in the body, and when all
    /// were the status is 400.
    public func zipkinSpans(_ request: Request) async throws -> Response {
        await zipkin(request) { contentType throws(IngestError) in
            if contentType == "application/x-protobuf" { return .protobuf }
            if Self.jsonTypes.contains(contentType) { return .json }
            throw IngestError(
                .unsupportedMedia,
                "Spans of version 2 are taken as application/json or application/x-protobuf, not as \"\(contentType)\".")
        }
    }

    /// `POST /api/v1/spans`, JSON: answered as ``zipkinSpans(_:)``.
    public func zipkinV1Spans(_ request: Request) async throws -> Response {
        await zipkin(request) { contentType throws(IngestError) in
            if Self.jsonTypes.contains(contentType) { return .jsonV1 }
            throw IngestError(
                .unsupportedMedia,
                "Spans of version 1 are taken as application/json, not as \"\(contentType)\"; a reporter that speaks Thrift "
                    + "can mostly be told to speak JSON.")
        }
    }

    /// Zipkin's server takes whatever names no other type for JSON; these are what browsers and curl send unasked.
    private static let jsonTypes: Set<String> = ["", "application/json", "text/plain", "application/x-www-form-urlencoded"]

    private func zipkin(_ request: Request, _ form: (String) throws(IngestError) -> ZipkinFormat) async -> Response {
        let contentType = IntakeBody.mediaType(request.headers[.contentType])
        do throws(IngestError) {
            let format: IngestFormat
            do throws(IngestError) {
                format = .zipkin(try form(contentType))
            } catch {
                pipeline.refuse(error, .zipkin(.json))
                throw error
            }
            let outcome = try await take(request, format, allowing: [.identity, .gzip, .deflate])
            if outcome.refusedCount == 0 { return Response(status: .accepted) }
            return text(outcome.accepted > 0 ? .accepted : .badRequest, "\(outcome.accepted) accepted. \(outcome.refusalMessage)")
        } catch {
            return failure(error, Self.plainText, Array((error.message + "\n").utf8))
        }
    }

    // MARK: - Remote write

    /// `POST /api/v1/write`: 204 only if every sample is stored or was there already, else 400 with counts; the good
    /// samples of the request are kept. In version 2.0 the same holds for exemplars, and headers tell what was written.
    public func remoteWrite(_ request: Request) async throws -> Response {
        do throws(IngestError) {
            guard let version = IntakeBody.remoteWriteVersion(request.headers[.contentType]) else {
                let error = IngestError(
                    .unsupportedMedia,
                    "Remote write is taken as application/x-protobuf with proto=\(RemoteWriteVersion.one.message) or "
                        + "proto=\(RemoteWriteVersion.two.message), not as \"\(request.headers[.contentType] ?? "")\".")
                pipeline.refuse(error, .remoteWrite(.one))
                throw error
            }
            let outcome = try await take(request, .remoteWrite(version), allowing: [.snappy])
            var response = remoteWriteResponse(outcome, version)
            if version == .two {
                response.headers[Self.samplesWritten] = String(outcome.accepted)
                response.headers[Self.histogramsWritten] = "0"
                response.headers[Self.exemplarsWritten] = String(outcome.exemplars.accepted)
            }
            return response
        } catch {
            return failure(error, Self.plainText, Array((error.message + "\n").utf8))
        }
    }

    private func remoteWriteResponse(_ outcome: IngestOutcome, _ version: RemoteWriteVersion) -> Response {
        // A sender of version 1.0 is told nothing of exemplars, as it could only repeat its samples.
        let exemplars = version == .two ? outcome.exemplars.refusals : IngestRefusals()
        if outcome.refusedCount == 0, exemplars.count == 0 { return Response(status: .noContent) }
        var sentence = "\(outcome.accepted) samples stored, \(outcome.refusedCount) not. \(outcome.refusalMessage)"
        if exemplars.count > 0 { sentence += " Exemplars: \(exemplars.message)" }
        return text(.badRequest, sentence)
    }

    private static let samplesWritten = written("Samples")
    private static let histogramsWritten = written("Histograms")
    private static let exemplarsWritten = written("Exemplars")

    private static func written(_ what: String) -> HTTPField.Name {
        guard let name = HTTPField.Name("X-Prometheus-Remote-Write-\(what)-Written") else {
            preconditionFailure("a header's name consists of letters and dashes")
        }
        return name
    }

    // MARK: - Common

    private static let plainText = "text/plain; charset=utf-8"

    private func take(
        _ request: Request, _ format: IngestFormat, allowing allowed: [BodyCompression]
    ) async throws(IngestError) -> IngestOutcome {
        var body = IntakeBody(pipeline: pipeline)
        defer { body.release() }
        let compression: BodyCompression
        do throws(IngestError) {
            compression = try IntakeBody.compression(request.headers[.contentEncoding], allowed)
            try await body.read(
                request, limit: compression == .identity ? pipeline.limits.bodyByteCount : pipeline.limits.compressedBodyByteCount)
        } catch {
            pipeline.refuse(error, format)
            throw error
        }
        return try await pipeline.take(body.bytes, format, compression)
    }

    private func failure(_ error: IngestError, _ contentType: String, _ body: [UInt8]) -> Response {
        var response = response(error.status, contentType, body)
        if error.kind == .unavailable { response.headers[.retryAfter] = String(pipeline.limits.retryAfterSeconds) }
        return response
    }

    private func text(_ status: HTTPResponse.Status, _ sentence: String) -> Response {
        response(status, Self.plainText, Array((sentence + "\n").utf8))
    }

    private func response(_ status: HTTPResponse.Status, _ contentType: String, _ body: [UInt8]) -> Response {
        Response(status: status, headers: [.contentType: contentType], body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension IngestError {
    /// The HTTP status that says it.
    fileprivate var status: HTTPResponse.Status {
        switch kind {
        case .malformed: .badRequest
        case .tooLarge: .contentTooLarge
        case .unsupportedMedia: .unsupportedMediaType
        case .notImplemented: .notImplemented
        case .unavailable: .serviceUnavailable
        }
    }

    /// The code of `google.rpc.Status` that says it.
    fileprivate var code: OTLPResponse.Code {
        switch kind {
        case .malformed, .unsupportedMedia: .invalidArgument
        case .tooLarge: .resourceExhausted
        case .notImplemented: .unimplemented
        case .unavailable: .unavailable
        }
    }
}
