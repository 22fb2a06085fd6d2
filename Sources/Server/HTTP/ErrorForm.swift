import Foundation
import Hummingbird

/// How an error is told: each family of clients knows its own form.
enum ErrorForm: Sendable {
    /// `{"error":{"code":"…","message":"…","where":"…"}}`: our own API.
    case headrope
    /// `{"status":"error","errorType":"…","error":"…"}`: Prometheus.
    case prometheus
    /// `{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":400,"msg":"…"}]}`: Jaeger.
    case jaeger
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

    private struct Jaeger: Encodable {
        struct Item: Encodable {
            var code: Int
            var msg: String
        }
        var data: String?
        var total = 0
        var limit = 0
        var offset = 0
        var errors: [Item]

        enum CodingKeys: CodingKey { case data, total, limit, offset, errors }

        // Written out because a synthesised one leaves `data` away instead of saying null.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeNil(forKey: .data)
            try container.encode(total, forKey: .total)
            try container.encode(limit, forKey: .limit)
            try container.encode(offset, forKey: .offset)
            try container.encode(errors, forKey: .errors)
        }
    }

    /// The reply that tells an error.
    func response(_ error: APIError) -> Response {
        var response: Response =
            switch self {
            case .headrope:
                .json(Own(error: .init(code: error.code, message: error.message, where: error.place)), status: error.status)
            case .prometheus:
                .json(bytes: PrometheusJSON.failure(error), status: error.status)
            case .jaeger:
                .json(Jaeger(errors: [.init(code: error.status.code, msg: error.message)]), status: error.status)
            case .text:
                .text(error.message, status: error.status)
            }
        for field in error.headers { response.headers[field.name] = field.value }
        return response
    }
}

extension APIError {
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
