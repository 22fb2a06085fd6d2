import AsyncHTTPClient
import ByteCoding
import NIOCore
import NIOHTTP1
import Platform
import Synchronization

/// The one HTTP client: connections are kept and shared, every call has a deadline and a bound on its answer.
///
/// Redirects are not followed, as a token must not travel to an address that nobody configured. The client's own tracing
/// is switched off, or exporting spans would make spans.
public final class HTTPTransport: Sendable {
    /// What is the same for all calls.
    public struct Options: Sendable {
        /// Whom to trust.
        public var tls: TLSOptions
        /// How many connections to one host are open at once; further calls wait for one.
        public var connectionsPerHost: Int
        /// How long connecting may take.
        public var connectTimeout: Duration
        /// Where the jitter of the pauses starts.
        public var seed: UInt64

        /// Describes a client.
        public init(
            tls: TLSOptions = TLSOptions(), connectionsPerHost: Int = 8, connectTimeout: Duration = .seconds(5),
            seed: UInt64 = UInt64.random(in: 0 ... .max)
        ) {
            self.tls = tls
            self.connectionsPerHost = connectionsPerHost
            self.connectTimeout = connectTimeout
            self.seed = seed
        }
    }

    private let client: HTTPClient
    private let time: any TimeSource
    private let random: Mutex<SeededRandom>
    private let isClosed = Atomic<Bool>(false)

    /// Makes a client. Throws ``HTTPTransportError/unusableFile(path:reason:)`` when the authority file cannot be used.
    public init(_ options: Options = Options(), time: any TimeSource = SystemTime()) throws(HTTPTransportError) {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try options.tls.configuration(), redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(options.connectTimeout)),
            connectionPool: .init(
                idleTimeout: .seconds(30), concurrentHTTP1ConnectionsPerHostSoftLimit: options.connectionsPerHost))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.tracing.tracer = nil
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.time = time
        random = Mutex(SeededRandom(seed: options.seed))
    }

    deinit {
        // The client insists on being shut down, and whoever forgot it cannot be asked any more.
        if !isClosed.load(ordering: .acquiring) { client.shutdown { _ in } }
    }

    /// Closes all connections; calls that are under way fail, later ones throw ``HTTPTransportError/closed``.
    public func shutdown() async {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // It fails only where it has been shut down before.
        try? await client.shutdown()
    }

    /// Sends a request, tries again as the policy says, and returns the last answer, whatever its status.
    /// Throws ``HTTPTransportError``, or `CancellationError` when the task is cancelled.
    public func send(_ call: HTTPCall, retry: RetryPolicy = .never) async throws -> HTTPAnswer {
        let request = try Self.request(call)
        var attempts = 0
        while true {
            attempts += 1
            let pause: Duration?
            do {
                let answer = try await attempt(request, call)
                guard retry.isRetryable(answer.status) else { return answer }
                pause = nextPause(retry, attempts, answer.retryAfter(now: time.now()))
                if pause == nil { return answer }
            } catch let error as HTTPTransportError where error.isRetryable {
                pause = nextPause(retry, attempts, nil)
                if pause == nil { throw error }
            }
            if let pause { try await time.sleep(for: pause) }
        }
    }

    private func nextPause(_ retry: RetryPolicy, _ attempts: Int, _ retryAfter: Duration?) -> Duration? {
        random.withLock { retry.pause(afterAttempts: attempts, retryAfter: retryAfter, random: &$0) }
    }

    private static func request(_ call: HTTPCall) throws(HTTPTransportError) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: call.url)
        request.method = HTTPMethod(rawValue: call.method)
        request.headers = HTTPHeaders(call.headers.map { ($0.name, $0.value) })
        if let token = call.bearerToken { request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
        if call.body.isEmpty { return request }
        if call.compressesBody {
            request.headers.replaceOrAdd(name: "Content-Encoding", value: "gzip")
            request.body = .bytes(ByteBuffer(bytes: try compress(call.body)))
        } else {
            request.body = .bytes(ByteBuffer(bytes: call.body))
        }
        return request
    }

    /// gzip at its fastest level: the link is rarely the bottleneck, the sender's processor may be.
    private static func compress(_ body: [UInt8]) throws(HTTPTransportError) -> [UInt8] {
        do throws(ByteCodingError) {
            return try Deflate.compress(body, as: .gzip, level: 1)
        } catch {
            throw .invalidRequest(reason: error.message)
        }
    }

    /// One attempt against the clock: whichever of answer and deadline comes first ends the other.
    private func attempt(_ request: HTTPClientRequest, _ call: HTTPCall) async throws -> HTTPAnswer {
        if isClosed.load(ordering: .acquiring) { throw HTTPTransportError.closed }
        let failures = TransportFailure(call)
        return try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
            group.addTask { [client] in
                do {
                    return try await Self.exchange(request, client, call)
                } catch {
                    throw failures.translate(error)
                }
            }
            group.addTask { [time] in
                try await time.sleep(for: call.timeout)
                throw failures.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    private static func exchange(_ request: HTTPClientRequest, _ client: HTTPClient, _ call: HTTPCall) async throws -> HTTPAnswer {
        let response = try await client.execute(request, timeout: TimeAmount(call.timeout))
        let body = try await response.body.collect(upTo: call.answerByteLimit)
        // A cancelled body just ends; half an answer must not pass for a whole one.
        try Task.checkCancellation()
        return HTTPAnswer(
            status: Int(response.status.code), headers: response.headers.map { HTTPHeader($0.name, $0.value) },
            body: Array(body.readableBytesView))
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) { self = .nanoseconds(Int64(clamping: duration.wholeNanoseconds)) }
}
