import HTTPTransport
import Logging
import Platform
import StateStore
import Synchronization

/// Sends what waits in the outbox: in order for each URL, again after failures, until it has arrived or is given up.
public actor OutboxSender {
    /// How often and how long sending is tried.
    public struct Limits: Sendable {
        /// Attempts before a message is given up.
        public var attemptLimit = 20
        /// The pause after the first failure; it doubles with each further one.
        public var firstPauseMilliseconds: Int64 = 1_000
        /// The longest pause.
        public var longestPauseMilliseconds: Int64 = 300_000
        /// Messages sent in one round.
        public var messagesPerRound = 16
        /// How many messages that are done with are remembered by their keys.
        public var remembered = 10_000
        /// How long one attempt may take.
        public var timeout = Duration.seconds(10)
        /// How often the outbox is looked at.
        public var idleNanoseconds: UInt64 = 500_000_000

        /// The defaults.
        public init() {}
    }

    private let store: StateStore
    private let transport: HTTPTransport
    private let pool: BlockingPool
    private let time: any TimeSource
    private let limits: Limits
    private let logger: Logger

    /// Makes a sender; ``run()`` starts it.
    public init(
        store: StateStore, transport: HTTPTransport, pool: BlockingPool, time: any TimeSource, limits: Limits = Limits(),
        logger: Logger
    ) {
        self.store = store
        self.transport = transport
        self.pool = pool
        self.time = time
        self.limits = limits
        self.logger = logger
    }

    /// Sends until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                if try await sendDue() == 0 { try await time.sleep(nanoseconds: limits.idleNanoseconds) }
            } catch is CancellationError {
                return
            } catch {
                logger.error("the outbox cannot be read", metadata: ["error": "\(error)"])
                try? await time.sleep(nanoseconds: limits.idleNanoseconds)
            }
        }
    }

    /// One round: sends what is due and returns how many messages were tried.
    public func sendDue() async throws -> Int {
        let now = time.nowMilliseconds()
        let due = try await pool.run { [store, limits] in try store.dueMessages(now: now, limit: limits.messagesPerRound) }
        for pending in due { try await send(pending) }
        if !due.isEmpty { try await pool.run { [store, limits] in try store.pruneOutbox(keeping: limits.remembered) } }
        return due.count
    }

    private func send(_ pending: PendingMessage) async throws {
        let id = pending.id
        switch try await attempt(pending.message) {
        case .delivered:
            try await pool.run { [store] in try store.markDelivered(id) }
        case .failed(let reason, let isFinal):
            let last = isFinal || pending.attempts + 1 >= limits.attemptLimit
            let retryAt = last ? nil : time.nowMilliseconds() + pause(afterAttempts: pending.attempts + 1)
            logger.warning(
                "a notification did not arrive",
                metadata: [
                    "url": "\(pending.message.url)", "key": "\(pending.message.key)", "error": "\(reason)", "given_up": "\(last)",
                ])
            try await pool.run { [store] in try store.markFailed(id, error: reason, retryAt: retryAt) }
        }
    }

    private enum Outcome {
        case delivered
        case failed(reason: String, isFinal: Bool)
    }

    private func attempt(_ message: OutboxMessage) async throws -> Outcome {
        var call = HTTPCall(method: "POST", url: message.url, body: message.body, timeout: limits.timeout)
        call.headers = message.headers.sorted { $0.key < $1.key }.map { HTTPHeader($0.key, $0.value) }
        call.headers.append(HTTPHeader("Idempotency-Key", message.key))
        do {
            let answer = try await transport.send(call)
            if (200..<300).contains(answer.status) { return .delivered }
            // A receiver that does not understand the message will not understand it later either.
            let isFinal = (400..<500).contains(answer.status) && answer.status != 408 && answer.status != 429
            return .failed(reason: "the receiver answered \(answer.status)", isFinal: isFinal)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .failed(reason: "\(error)", isFinal: false)
        }
    }

    private func pause(afterAttempts attempts: Int) -> Int64 {
        let doubled = limits.firstPauseMilliseconds << Int64(min(attempts - 1, 20))
        return min(doubled, limits.longestPauseMilliseconds)
    }
}
