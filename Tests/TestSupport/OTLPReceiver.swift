import ByteCoding
import Hummingbird
import Synchronization
import TelemetryModel
import WireFormats

/// A real HTTP server that takes OTLP traces and keeps them, or misbehaves as a test wants it to.
public final class OTLPReceiver: Sendable {
    /// What it does with a request.
    public enum Behaviour: Sendable {
        /// Keeps the spans and says so.
        case accept
        /// Keeps all but so many spans, and says how many it rejected.
        case reject(Int)
        /// Answers with this status and keeps nothing.
        case status(Int)
        /// Answers 503 with this `Retry-After`, in seconds, and keeps nothing.
        case unavailable(retryAfter: Int)
        /// Promises an answer and closes the connection in the middle of it.
        case closeHalfWay
        /// Never answers.
        case hang
    }

    private struct State {
        var behaviour = Behaviour.accept
        var spans: [Span] = []
        var requestCount = 0
        var headers: [String: String] = [:]
    }

    private let state = Mutex(State())

    private init() {}

    /// Runs a receiver on a free loopback port for as long as `body` runs.
    public static func run<Result: Sendable>(
        _ body: @escaping @Sendable (_ receiver: OTLPReceiver, _ origin: String) async throws -> Result
    ) async throws -> Result {
        let receiver = OTLPReceiver()
        let router = Router()
        router.post("/v1/traces") { request, _ in try await receiver.answer(request) }
        return try await withServer(router) { try await body(receiver, $0) }
    }

    /// The spans kept so far.
    public var spans: [Span] { state.withLock { $0.spans } }

    /// How many requests have come.
    public var requestCount: Int { state.withLock { $0.requestCount } }

    /// The header fields of the last request, by lower-case name.
    public var lastHeaders: [String: String] { state.withLock { $0.headers } }

    /// Changes what happens to the requests from now on.
    public func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }

    private func answer(_ request: Request) async throws -> Response {
        let collected = try await request.body.collect(upTo: 64 << 20)
        let behaviour = state.withLock { state -> Behaviour in
            state.requestCount += 1
            for field in request.headers { state.headers[field.name.canonicalName] = field.value }
            return state.behaviour
        }
        switch behaviour {
        case .status(let code): return Response(status: .init(code: code))
        case .unavailable(let seconds): return Response(status: .serviceUnavailable, headers: [.retryAfter: "\(seconds)"])
        case .closeHalfWay:
            let body = ResponseBody(contentLength: 100) { writer in
                try await writer.write(ByteBuffer(string: "half"))
                throw CancellationError()
            }
            return Response(status: .ok, body: body)
        case .hang:
            try await Task.sleep(for: .seconds(3_600))
            return Response(status: .ok)
        case .accept: return try keep(request, Array(collected.readableBytesView), rejecting: 0)
        case .reject(let count): return try keep(request, Array(collected.readableBytesView), rejecting: count)
        }
    }

    private func keep(_ request: Request, _ body: [UInt8], rejecting count: Int) throws -> Response {
        let isCompressed = request.headers[.contentEncoding] == "gzip"
        let bytes = isCompressed ? try Deflate.decompress(body, as: .gzip, limit: 64 << 20) : body
        let spans = try bytes.withUnsafeBytes { try OTLPTraceDecoder.decode($0) }.batch.spans
        state.withLock { $0.spans += spans.dropLast(count) }
        return Response(
            status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: OTLPResponse.success(.traces, .protobuf, rejected: count))))
    }
}
