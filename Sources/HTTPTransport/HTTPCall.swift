/// A header field of a request or an answer.
public struct HTTPHeader: Hashable, Sendable {
    /// The name; compared without regard to case.
    public var name: String
    /// The value.
    public var value: String

    /// Puts name and value together.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One request, as ``HTTPTransport`` sends it.
public struct HTTPCall: Sendable {
    /// The method: `GET`, `POST`, …
    public var method: String
    /// The whole URL, `http` or `https`.
    public var url: String
    /// Header fields besides `Authorization`, `Content-Encoding`, `Content-Length` and `Host`, which are made here.
    public var headers: [HTTPHeader]
    /// The body, uncompressed; empty for none.
    public var body: [UInt8]
    /// Whether the body is sent compressed with gzip.
    public var compressesBody = false
    /// The token for `Authorization: Bearer`, if any.
    public var bearerToken: String?
    /// How long one attempt may take, connecting and the whole answer included.
    public var timeout: Duration
    /// How many bytes the answer's body may have; a longer one is refused.
    public var answerByteLimit: Int

    /// What an answer's body may have unless the caller says otherwise: 16 MiB.
    public static let defaultAnswerByteLimit = 16 << 20
    /// How long an attempt may take unless the caller says otherwise.
    public static let defaultTimeout = Duration.seconds(10)

    /// Describes a request.
    public init(
        method: String = "GET", url: String, headers: [HTTPHeader] = [], body: [UInt8] = [], bearerToken: String? = nil,
        timeout: Duration = HTTPCall.defaultTimeout, answerByteLimit: Int = HTTPCall.defaultAnswerByteLimit
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.bearerToken = bearerToken
        self.timeout = timeout
        self.answerByteLimit = answerByteLimit
    }
}

/// What came back.
public struct HTTPAnswer: Sendable {
    /// The status code.
    public var status: Int
    /// The header fields, in order.
    public var headers: [HTTPHeader]
    /// The body.
    public var body: [UInt8]

    /// Describes an answer.
    public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Whether the status is one of 200…299.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The body as UTF-8; what is no UTF-8 is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The value of the first field with this name, in whatever case it was written.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}
