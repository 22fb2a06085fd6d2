import Foundation

/// A fixed number of threads for work that blocks: files, SQLite, compaction, query evaluation.
///
/// The cooperative pool has as many threads as the machine has cores and must never wait for a disk. The queue is
/// bounded: work beyond the limit is refused at once with ``PoolError``.
public final class BlockingPool: Sendable {
    private let queue: WorkQueue

    /// Starts `threadCount` threads; at most `queueLimit` pieces of work wait for one.
    public init(name: String, threadCount: Int, queueLimit: Int) {
        precondition(threadCount > 0 && queueLimit > 0, "a pool needs a thread and a queue")
        let queue = WorkQueue(limit: queueLimit)
        self.queue = queue
        for index in 0..<threadCount {
            let thread = Thread {
                while let work = queue.next() { work() }
            }
            thread.name = "\(name)-\(index)"
            thread.stackSize = Self.stackByteCount
            thread.start()
        }
    }

    deinit { queue.close() }

    /// The stack of each thread, for recursive evaluation.
    static let stackByteCount = 4 << 20

    /// Lets the threads end when the queue is empty; work that comes later is refused.
    public func close() { queue.close() }

    /// How many pieces of work wait for a thread.
    public var queueDepth: Int { queue.depth }

    /// Runs `body` on one of the threads and returns what it returns. Throws ``PoolError`` when the queue is full.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try submit { continuation.resume(with: Swift.Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Queues `body` without waiting for it. Throws ``PoolError`` when the queue is full.
    public func submit(_ body: @escaping @Sendable () -> Void) throws(PoolError) { try queue.add(body) }
}

/// What the threads of a pool share: work in order of arrival.
// Unchecked: every access to the stored properties is made with the condition's lock held. A condition variable is what
// lets idle threads sleep, and Mutex has none.
private final class WorkQueue: @unchecked Sendable {
    typealias Work = @Sendable () -> Void

    private let condition = NSCondition()
    private let limit: Int
    /// What was handed out leaves nil behind, until that is so much that the rest moves up.
    private var waiting: [Work?] = []
    private var first = 0
    private var closed = false

    init(limit: Int) { self.limit = limit }

    var depth: Int { condition.withLock { waiting.count - first } }

    func add(_ work: @escaping Work) throws(PoolError) {
        condition.lock()
        defer { condition.unlock() }
        if closed { throw .closed }
        if waiting.count - first >= limit { throw .full(limit: limit) }
        waiting.append(work)
        condition.signal()
    }

    func close() {
        condition.withLock {
            closed = true
            condition.broadcast()
        }
    }

    /// The next piece of work, waiting for it; nil when the queue is closed and empty.
    func next() -> Work? {
        condition.lock()
        defer { condition.unlock() }
        while first == waiting.count {
            if closed { return nil }
            condition.wait()
        }
        let work = waiting[first]
        waiting[first] = nil
        first += 1
        // A queue that never runs dry must not grow for ever.
        if first == waiting.count || first > limit {
            waiting.removeFirst(first)
            first = 0
        }
        return work
    }
}

/// Why a ``BlockingPool`` did not take a piece of work.
public enum PoolError: Error, Equatable, Sendable, CustomStringConvertible {
    /// As much work as the pool's limit allows is waiting already.
    case full(limit: Int)
    /// The pool has been closed.
    case closed

    /// The sentence for the caller.
    public var description: String {
        switch self {
        case .full(let limit): "The server is busy: \(limit) requests are waiting already. Try again in a moment."
        case .closed: "The server is shutting down and takes no more work."
        }
    }
}
