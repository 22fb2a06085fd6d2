import Answers
import Hummingbird
import Platform
import QueryEngine
import Storage
import TelemetryModel

/// A refusal with its status, a code for programs, a sentence for people and the place of the mistake.
struct APIError: Error, Sendable, CustomStringConvertible {
    /// The status.
    var status: HTTPResponse.Status
    /// A word for programs, such as `bad_parameter`.
    var code: String
    /// What was wrong and what to do, as a sentence.
    var message: String
    /// The parameter, field or path that it is about; "" when it is about the whole request.
    var place: String
    /// Headers that belong to the refusal, such as `Allow`.
    var headers: HTTPFields = [:]

    /// Makes a refusal.
    init(_ status: HTTPResponse.Status, code: String, _ message: String, where place: String = "") {
        self.status = status
        self.code = code
        self.message = message
        self.place = place
    }

    /// The sentence.
    var description: String { message }

    /// The refusal that fits an error thrown by anything below; nil when the error is none that we foresaw.
    static func foreseen(_ error: any Error) -> APIError? {
        switch error {
        case let error as APIError: error
        case let error as StorageError: APIError(error)
        case let error as AnswerError: APIError(error)
        case let error as QueryError: APIError(error)
        case let error as PoolError: APIError(.serviceUnavailable, code: "busy", error.description).retryingSoon
        case let error as LabelPatternError: APIError(.badRequest, code: "bad_pattern", "\(error)")
        case is CancellationError: APIError(.clientClosedRequest, code: "cancelled", "The request was given up.")
        default: nil
        }
    }

    private init(_ error: AnswerError) {
        let status: HTTPResponse.Status =
            switch error.kind {
            case .badRequest: .badRequest
            case .notFound: .notFound
            }
        self.init(status, code: error.kind.rawValue, error.message, where: error.place)
    }

    private init(_ error: StorageError) {
        let (status, code): (HTTPResponse.Status, String) =
            switch error.kind {
            case .unavailable: (.serviceUnavailable, "store_unavailable")
            case .closed: (.serviceUnavailable, "shutting_down")
            case .limitExceeded: (.unprocessableContent, "limit_exceeded")
            case .unsupported: (.notImplemented, "not_supported")
            case .invalid: (.badRequest, "bad_request")
            case .unusable, .corrupt: (.internalServerError, "store_damaged")
            case .cancelled: (.clientClosedRequest, "cancelled")
            }
        self.init(status, code: code, error.message)
    }

    private init(_ error: QueryError) {
        switch error.kind {
        case .invalid: self = PrometheusParameters.invalid("query", error.message)
        case .tooManySteps: self.init(.badRequest, code: "too_many_steps", error.message, where: "step")
        case .execution, .tooManySamples, .tooManySeries, .unsupported:
            self.init(.unprocessableContent, code: "execution", error.message, where: "query")
        case .timeout: self.init(.serviceUnavailable, code: "timeout", error.message)
        case .cancelled: self.init(.clientClosedRequest, code: "cancelled", error.message)
        case .storage: self.init(.internalServerError, code: "store_failed", error.message)
        }
    }

    /// The same refusal with a hint that the next second may be better.
    var retryingSoon: APIError {
        var copy = self
        copy.headers[.retryAfter] = "1"
        return copy
    }
}

extension HTTPResponse.Status {
    /// What servers log, and nobody reads, when the client has gone before the answer.
    static var clientClosedRequest: Self { .init(code: 499, reasonPhrase: "Client Closed Request") }
}
