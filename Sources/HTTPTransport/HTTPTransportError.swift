/// Why a request got no answer.
///
/// The sentences name scheme, host and port but never path or query of the URL, as webhook addresses carry secrets there
/// and errors end in logs.
public enum HTTPTransportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The URL has no host, another scheme than http(s), or is no URL.
    case invalidURL(reason: String)
    /// A method or header field that HTTP does not allow.
    case invalidRequest(reason: String)
    /// No connection came about: nobody listens, the name is unknown, the network is down.
    case cannotConnect(origin: String, reason: String)
    /// TLS was refused by either side.
    case tls(origin: String, reason: String)
    /// The answer was not complete in time.
    case deadlineExceeded(origin: String, seconds: Double)
    /// The connection broke before the answer was complete.
    case connectionLost(origin: String, reason: String)
    /// The answer's body is longer than the caller takes.
    case answerTooLarge(origin: String, byteLimit: Int)
    /// A file that the transport needs cannot be used.
    case unusableFile(path: String, reason: String)
    /// The transport has been shut down.
    case closed

    /// Whether the same request may succeed later.
    public var isRetryable: Bool {
        switch self {
        case .cannotConnect, .deadlineExceeded, .connectionLost: true
        case .invalidURL, .invalidRequest, .tls, .answerTooLarge, .unusableFile, .closed: false
        }
    }

    /// The sentence for the user.
    public var description: String {
        switch self {
        case .invalidURL(let reason): "The URL cannot be used: \(reason)."
        case .invalidRequest(let reason): "The request cannot be sent: \(reason)."
        case .cannotConnect(let origin, let reason):
            "Cannot connect to \(origin) (\(reason)). Is the server running, and is the address right?"
        case .tls(let origin, let reason):
            "No secure connection to \(origin): \(reason). Does the certificate match the name, and is its authority trusted?"
        case .deadlineExceeded(let origin, let seconds): "\(origin) did not answer within \(seconds) s."
        case .connectionLost(let origin, let reason):
            "The connection to \(origin) broke before the answer was complete (\(reason))."
        case .answerTooLarge(let origin, let byteLimit): "The answer of \(origin) is longer than the \(byteLimit) bytes expected."
        case .unusableFile(let path, let reason): "The file \(path) cannot be used: \(reason)."
        case .closed: "The HTTP client has been shut down."
        }
    }
}
