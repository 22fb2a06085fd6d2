import Foundation

/// Numbered pieces of work whose results one thread needs in order, done ahead of it by the threads of a pool.
///
/// The thread that needs the results never depends on the others: what nobody has begun it does itself, and it waits only for
/// what is being done. Helpers take turns with the work of others after each piece, because they queue up in the pool anew.
/// At most `limit` pieces are begun or done and not taken, which bounds the memory.
///
/// Unchecked: every access to the variables is made with the condition's lock held. A condition lets the thread sleep.
public final class WorkAhead<Output: Sendable>: @unchecked Sendable {
    /// What comes next for the thread that needs the results.
    public enum Next {
        /// Nobody has begun the piece of this number, and nobody else will.
        case own(Int)
        /// The result of a piece.
        case done(Output)
    }

    private let condition = NSCondition()
    private let count: Int
    private let limit: Int
    private let pool: BlockingPool
    private let helperLimit: Int
    private let make: @Sendable (Int) throws -> Output
    /// The pieces that were made and not taken.
    private var outputs: [Int: Result<Output, any Error>] = [:]
    /// The first piece that was not taken, and the first that was not begun.
    private var nextTaken = 0
    private var nextBegun = 0
    /// Helpers that are in the pool's queue or at work, and those at work.
    private var helperCount = 0
    private var workingCount = 0
    private var isEnded = false

    /// Offers `count` pieces to at most `helperLimit` threads of a pool at a time.
    public init(
        count: Int, limit: Int, helperLimit: Int, pool: BlockingPool, _ make: @escaping @Sendable (Int) throws -> Output
    ) {
        self.count = count
        self.limit = limit
        self.helperLimit = helperLimit
        self.pool = pool
        self.make = make
        condition.withLock { callHelpers() }
    }

    /// What comes next, waiting for it; nil when there is nothing more. Throws what the making of a piece threw.
    public func next() throws -> Next? {
        condition.lock()
        defer { condition.unlock() }
        while nextTaken < count {
            if let output = outputs.removeValue(forKey: nextTaken) {
                nextTaken += 1
                callHelpers()
                return .done(try output.get())
            }
            if nextBegun == nextTaken {
                nextBegun += 1
                nextTaken += 1
                callHelpers()
                return .own(nextTaken - 1)
            }
            // Another thread is at it: meanwhile there may be something else to do.
            if let piece = begin() { work(on: piece) } else { condition.wait() }
        }
        return nil
    }

    /// Begins no more pieces, and returns when none is being worked on.
    public func end() {
        condition.lock()
        defer { condition.unlock() }
        isEnded = true
        while workingCount > 0 { condition.wait() }
        outputs.removeAll()
    }

    // MARK: With the lock held

    private var canBegin: Bool { !isEnded && nextBegun < count && nextBegun < nextTaken + limit }

    private func begin() -> Int? {
        if !canBegin { return nil }
        nextBegun += 1
        return nextBegun - 1
    }

    /// Makes a piece; the lock is not held meanwhile.
    private func work(on piece: Int) {
        workingCount += 1
        condition.unlock()
        let output = Result { try make(piece) }
        condition.lock()
        workingCount -= 1
        outputs[piece] = output
        condition.broadcast()
    }

    private func callHelpers() {
        while canBegin, helperCount < min(helperLimit, count - nextBegun) {
            do { try pool.submit { self.help() } } catch { return }
            helperCount += 1
        }
    }

    /// Makes one piece on a thread of the pool, and queues up for the next.
    private func help() {
        condition.lock()
        defer { condition.unlock() }
        if let piece = begin() {
            work(on: piece)
            if canBegin, (try? pool.submit { self.help() }) != nil { return }
        }
        helperCount -= 1
    }
}
