import HTTPTransport
import Logging
import Platform
import Synchronization

/// Takes OTLP requests, keeps them in the spool and sends them to the server, in order, as long as it takes.
public final class Forwarder: Sendable {
    /// How requests are sent.
    public struct Options: Sendable {
        /// The server's URL without a path.
        public var serverURL: String
        /// The token that the server asks for, if any.
        public var token: String?
        /// Requests are joined up to this size, bytes before compression.
        public var batchByteLimit = 4 << 20
        /// How long the first request waits for others to join it.
        public var linger = Duration.milliseconds(200)
        /// How long one attempt may take.
        public var timeout = Duration.seconds(30)
        /// The pauses while the server is away.
        public var retry = RetryPolicy(attemptLimit: .max, firstPause: .seconds(1), longestPause: .seconds(30))
        /// How often what was taken is made to survive the loss of power.
        public var syncInterval = Duration.seconds(1)

        /// Sends to a server.
        public init(serverURL: String, token: String? = nil) {
            self.serverURL = serverURL.hasSuffix("/") ? String(serverURL.dropLast()) : serverURL
            self.token = token
        }
    }

    /// What happened since the start.
    public struct Statistics: Sendable, Equatable {
        /// Requests that the server took.
        public var sentCount: UInt64 = 0
        /// Attempts that have to be made again.
        public var retryCount: UInt64 = 0
        /// Requests that the server will never take.
        public var refusedCount: UInt64 = 0
        /// Spans and data points that the server refused in requests that it took.
        public var rejectedItemCount: UInt64 = 0
    }

    private struct State {
        var statistics = Statistics()
        var random: SeededRandom
        var isAway = false
    }

    /// How many requests may wait for the thread that writes them.
    public static let queueLimit = 256
    private static let answerByteLimit = 1 << 20
    private static let longestRetryAfter = Duration.seconds(300)

    private let options: Options
    private let spool: Spool
    private let transport: HTTPTransport
    private let time: any TimeSource
    private let logger: Logger
    private let pool: BlockingPool
    private let state: Mutex<State>
    private let wakeUp = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// A forwarder over an open spool.
    public init(_ options: Options, spool: Spool, transport: HTTPTransport, time: any TimeSource, seed: UInt64, logger: Logger) {
        self.options = options
        self.spool = spool
        self.transport = transport
        self.time = time
        self.logger = logger
        pool = BlockingPool(name: "spool", threadCount: 1, queueLimit: Self.queueLimit)
        state = Mutex(State(random: SeededRandom(seed: seed)))
        if spool.status.requestCount > 0 { wakeUp.continuation.yield() }
    }

    /// What happened since the start.
    public var statistics: Statistics { state.withLock { $0.statistics } }

    /// What waits in the spool, and what was lost.
    public var spoolStatus: Spool.Status { spool.status }

    /// Takes a request; when this returns it survives the end of the process. Throws ``FileError`` or ``PoolError``.
    public func accept(_ signal: ForwardedSignal, _ body: [UInt8]) async throws {
        if body.isEmpty { return }
        try await pool.run { [spool] in try spool.append(signal, body) }
        wakeUp.continuation.yield()
    }

    /// Sends until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepSynced() }
            group.addTask { await self.keepSending() }
        }
    }

    /// Tries once to send everything that waits; for the end. What remains stays in the spool. Returns how many requests that is.
    public func flush() async -> Int {
        do {
            while let batch = try await nextBatch() {
                guard case .went = try await deliver(batch) else { break }
            }
            try await pool.run { [spool] in try spool.sync() }
        } catch {
            logger.warning("\(error)")
        }
        return spool.status.requestCount
    }

    private func keepSending() async {
        for await _ in wakeUp.stream {
            do {
                try await time.sleep(nanoseconds: options.linger.wholeNanoseconds)
                try await sendAll()
            } catch is CancellationError {
                return
            } catch {
                logger.error("\(error)")
                try? await time.sleep(nanoseconds: options.retry.longestPause.wholeNanoseconds)
                wakeUp.continuation.yield()
            }
        }
    }

    private func keepSynced() async {
        while true {
            do {
                try await time.sleep(nanoseconds: options.syncInterval.wholeNanoseconds)
                try await pool.run { [spool] in try spool.sync() }
            } catch is CancellationError {
                return
            } catch {
                logger.error("\(error)")
            }
        }
    }

    private func nextBatch() async throws -> Spool.Batch? {
        try await pool.run { [spool, limit = options.batchByteLimit] in try spool.next(byteLimit: limit) }
    }

    /// Sends batch after batch until nothing waits, with pauses while the server is away.
    private func sendAll() async throws {
        var failures = 0
        while let batch = try await nextBatch() {
            switch try await deliver(batch) {
            case .went: failures = 0
            case .waits(let retryAfter):
                // The pause stops growing long before.
                failures = min(failures + 1, 32)
                try await time.sleep(nanoseconds: pause(failures, retryAfter).wholeNanoseconds)
            }
        }
    }

    private func pause(_ failures: Int, _ retryAfter: Duration?) -> Duration {
        if let retryAfter { return min(retryAfter, Self.longestRetryAfter) }
        return state.withLock { options.retry.pause(afterAttempts: failures, random: &$0.random) } ?? options.retry.longestPause
    }

    // MARK: - One batch

    private enum Progress {
        case went
        case waits(retryAfter: Duration?)
    }

    /// Sends a batch as one request. One that is refused is sent again request by request, so that only the bad one is lost.
    private func deliver(_ batch: Spool.Batch) async throws -> Progress {
        switch try await send(batch.signal, batch.body) {
        case .accepted(let rejected, let message):
            noteAccepted(count: batch.requests.count, rejected: rejected, message: message)
        case .later(let reason, let retryAfter):
            noteAway(reason)
            return .waits(retryAfter: retryAfter)
        case .refused(let reason):
            if batch.requests.count > 1 {
                for request in batch.requests {
                    let progress = try await deliver(Spool.Batch(signal: batch.signal, requests: [request]))
                    guard case .went = progress else { return progress }
                }
                return .went
            }
            noteRefused(reason)
        }
        try await pool.run { [spool] in try spool.markDelivered(batch) }
        return .went
    }

    private func send(_ signal: ForwardedSignal, _ body: [UInt8]) async throws -> DeliveryOutcome {
        var call = HTTPCall(
            method: "POST", url: options.serverURL + signal.path, headers: [HTTPHeader("Content-Type", "application/x-protobuf")],
            body: body, bearerToken: options.token, timeout: options.timeout, answerByteLimit: Self.answerByteLimit)
        call.compressesBody = true
        do {
            return DeliveryOutcome(try await transport.send(call), now: time.now())
        } catch let error as HTTPTransportError {
            return .later(reason: "\(error)", retryAfter: nil)
        }
    }

    // MARK: - Counting

    private func noteAccepted(count: Int, rejected: Int, message: String) {
        let wasAway = state.withLock { state in
            defer { state.isAway = false }
            state.statistics.sentCount &+= UInt64(count)
            state.statistics.rejectedItemCount &+= UInt64(rejected)
            return state.isAway
        }
        if wasAway { logger.notice("The server takes telemetry again.", metadata: ["server": "\(options.serverURL)"]) }
        if rejected > 0 { logger.warning("The server refused \(rejected) items: \(message)") }
    }

    /// The log says once that the server is away, not at every attempt.
    private func noteAway(_ reason: String) {
        let wasAway = state.withLock { state in
            defer { state.isAway = true }
            state.statistics.retryCount &+= 1
            return state.isAway
        }
        if !wasAway {
            logger.warning(
                "The server does not take telemetry; it waits in the spool.",
                metadata: ["server": "\(options.serverURL)", "reason": "\(reason)"])
        }
    }

    private func noteRefused(_ reason: String) {
        state.withLock { $0.statistics.refusedCount &+= 1 }
        logger.error("The server will never take a request, which is therefore left out.", metadata: ["reason": "\(reason)"])
    }
}
