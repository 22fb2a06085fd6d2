import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Platform

/// Turns the errors of the libraries underneath into ours, for one call.
struct TransportFailure {
    private let call: HTTPCall

    init(_ call: HTTPCall) { self.call = call }

    /// Scheme, host and port of the URL.
    private var origin: String {
        guard let parts = URLComponents(string: call.url), let scheme = parts.scheme, let host = parts.host else {
            return "the server"
        }
        return "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }

    /// The time is up.
    var deadlineExceeded: HTTPTransportError {
        .deadlineExceeded(origin: origin, seconds: Double(call.timeout.wholeNanoseconds) / 1e9)
    }

    /// Ours for theirs; cancellation stays what it is.
    func translate(_ error: any Error) -> any Error {
        switch error {
        case is CancellationError: error
        case let error as HTTPTransportError: error
        case is NIOTooManyBytesError: HTTPTransportError.answerTooLarge(origin: origin, byteLimit: call.answerByteLimit)
        case let error as HTTPClientError: translate(client: error)
        case let error as NIOConnectionError: HTTPTransportError.cannotConnect(origin: origin, reason: Self.reason(error))
        case let error as ChannelError: translate(channel: error)
        case let error as NIOSSLError: HTTPTransportError.tls(origin: origin, reason: "\(error)")
        case let error as NIOSSLExtraError: HTTPTransportError.tls(origin: origin, reason: error.description)
        case let error as IOError: translate(system: error)
        default: HTTPTransportError.connectionLost(origin: origin, reason: "\(error)")
        }
    }

    /// Errors of the operating system that only connecting can meet; all others come later.
    private static let connectErrors: Set<Int32> = [
        ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL, EACCES, EPERM,
    ]

    private func translate(system error: IOError) -> HTTPTransportError {
        if Self.connectErrors.contains(error.errnoCode) { return .cannotConnect(origin: origin, reason: Self.sentence(error)) }
        return .connectionLost(origin: origin, reason: Self.sentence(error))
    }

    private func translate(channel error: ChannelError) -> HTTPTransportError {
        if case .connectTimeout = error { return .cannotConnect(origin: origin, reason: "nobody answered in time") }
        return .connectionLost(origin: origin, reason: "\(error)")
    }

    private func translate(client error: HTTPClientError) -> any Error {
        switch error {
        case .cancelled, .requestStreamCancelled: return CancellationError()
        case .alreadyShutdown: return HTTPTransportError.closed
        case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout: return deadlineExceeded
        case .connectTimeout: return HTTPTransportError.cannotConnect(origin: origin, reason: "nobody answered in time")
        case .tlsHandshakeTimeout: return HTTPTransportError.tls(origin: origin, reason: "the handshake took too long")
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath:
            return HTTPTransportError.invalidURL(reason: "it must look like http://host:port/path")
        default: break
        }
        let text = error.shortDescription
        return switch text {
        case "Unsupported scheme": HTTPTransportError.invalidURL(reason: "it must begin with http:// or https://")
        case "Invalid header field names", "Invalid header field values": HTTPTransportError.invalidRequest(reason: text)
        default: HTTPTransportError.connectionLost(origin: origin, reason: text)
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        for failure in error.connectionErrors {
            if let cause = failure.error as? IOError { return sentence(cause) }
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil { return "the name \(error.host) is unknown" }
        return "no address of \(error.host) answered"
    }

    private static func sentence(_ error: IOError) -> String { String(cString: strerror(error.errnoCode)).lowercased() }
}
