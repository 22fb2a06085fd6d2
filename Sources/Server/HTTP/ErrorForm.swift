import Foundation
import Hummingbird
import NIOCore
import WireFormats

/// How an error is told: each family of clients knows its own form.
enum ErrorForm: Sendable {
    /// `{"error":{"code":"…","message":"…","where":"…"}}`: our own API.
    case headrope
    /// `{"status":"error","errorType":"…","error":"…"}`: Prometheus.
    case prometheus
    /// `{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":400,"msg":"…"}]}`: Jaeger.
    case jaeger
    /// `{"error":{"httpCode":400,"message":"…"}}`: Jaeger's API version 3.
    case jaegerV3
    /// `google.rpc.Status` in the encoding of the request: OTLP.
    case otlp
    /// The sentence as plain text: Zipkin, and Prometheus's federation.
    case text

    private struct Own: Encodable {
        struct Body: Encodable {
            var code: String
            var message: String
            var `where`: String
        }
        var error: Body
    }

    /// The reply that tells an error to whoever sent `request`.
    func response(_ error: APIError, to request: Request) -> Response {
        var response: Response =
            switch self {
            case .headrope:
                .json(Own(error: .init(code: error.code, message: error.message, where: error.place)), status: error.status)
            case .prometheus:
                .json(bytes: PrometheusJSON.failure(error), status: error.status)
            case .jaeger:
                .json(bytes: JaegerEncoder.failure(code: error.status.code, error.message), status: error.status)
            case .jaegerV3:
                .json(bytes: JaegerV3Encoder.failure(code: error.status.code, error.message), status: error.status)
            case .otlp:
                .otlp(error, OTLPResponse.Encoding(contentType: request.headers[.contentType]) ?? .json)
            case .text:
                .text(error.message, status: error.status)
            }
        for field in error.headers { response.headers[field.name] = field.value }
        return response
    }
}

extension Response {
    fileprivate static func otlp(_ error: APIError, _ encoding: OTLPResponse.Encoding) -> Response {
        let body = OTLPResponse.failure(error.otlpCode, error.message, encoding)
        return Response(
            status: error.status, headers: [.contentType: encoding.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension APIError {
    /// The code of `google.rpc.Code` for errors of this kind.
    fileprivate var otlpCode: OTLPResponse.Code {
        switch status.code {
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 405, 501: .unimplemented
        case 413, 429: .resourceExhausted
        case 503: .unavailable
        case 400..<500: .invalidArgument
        default: .internalError
        }
    }

    /// The name that Prometheus's API documentation gives to errors of this kind.
    var prometheusType: String {
        switch (status.code, code) {
        case (_, "cancelled"): "canceled"
        case (_, "timeout"): "timeout"
        case (422, _): "execution"
        case (404, _): "not_found"
        case (503, _): "unavailable"
        case (400..<500, _): "bad_data"
        default: "internal"
        }
    }
}
