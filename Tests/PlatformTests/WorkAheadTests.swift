import Foundation
import Synchronization
import Testing

@testable import Platform

@Suite("Work done ahead")
struct WorkAheadTests {
    private struct Broken: Error {}

    /// A pool of one thread that does nothing until it is let go.
    private static func heldPool() throws -> (pool: BlockingPool, letGo: @Sendable () -> Void) {
        let gate = DispatchSemaphore(value: 0)
        let pool = BlockingPool(name: "test", threadCount: 1, queueLimit: 100)
        try pool.submit { gate.wait() }
        return (pool, { gate.signal() })
    }

    @Test("results come in order, each once, whoever made them", arguments: [1, 2, 7])
    func order(helpers: Int) throws {
        let pool = BlockingPool(name: "test", threadCount: helpers, queueLimit: 100)
        let taken = Atomic<Int>(0)
        let work = WorkAhead<Int>(count: 500, limit: 4, helperLimit: helpers, pool: pool) { piece in
            // The one who needs it may have taken one more than it has told.
            #expect(piece < taken.load(ordering: .sequentiallyConsistent) + 1 + 4)
            return piece
        }
        var found: [Int] = []
        while let next = try work.next() {
            switch next {
            case .own(let piece), .done(let piece): found.append(piece)
            }
            taken.store(found.count, ordering: .sequentiallyConsistent)
        }
        work.end()
        #expect(found == Array(0..<500))
    }

    @Test("without helpers everything is left to the one who needs it")
    func alone() throws {
        let (pool, letGo) = try Self.heldPool()
        let work = WorkAhead<Int>(count: 5, limit: 4, helperLimit: 1, pool: pool) { _ in throw Broken() }
        var found: [Int] = []
        while case .own(let piece)? = try work.next() { found.append(piece) }
        #expect(found == Array(0..<5))
        work.end()
        letGo()
    }

    @Test("a helper takes one piece of each work in turn")
    func turns() throws {
        let (pool, letGo) = try Self.heldPool()
        let made = Mutex<[String]>([])
        let all = DispatchSemaphore(value: 0)
        let works = ["a", "b"].map { name in
            WorkAhead<Void>(count: 4, limit: 10, helperLimit: 1, pool: pool) { piece in
                let count = made.withLock { made in
                    made.append("\(name)\(piece)")
                    return made.count
                }
                if count == 8 { all.signal() }
            }
        }
        letGo()
        all.wait()
        #expect(made.withLock { $0 } == ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"])
        for work in works { work.end() }
    }

    @Test("what making a piece threw comes in its turn")
    func errors() throws {
        let (pool, letGo) = try Self.heldPool()
        let made = DispatchSemaphore(value: 0)
        let work = WorkAhead<Int>(count: 3, limit: 3, helperLimit: 1, pool: pool) { piece in
            if piece == 2 { made.signal() }
            if piece == 1 { throw Broken() }
            return piece
        }
        letGo()
        made.wait()
        guard case .done(0)? = try work.next() else { return #expect(Bool(false), "the first piece is there") }
        #expect(throws: Broken.self) { try work.next() }
        work.end()
    }

    @Test("the end waits for what is being done and lets nothing begin")
    func end() throws {
        let pool = BlockingPool(name: "test", threadCount: 1, queueLimit: 100)
        let begun = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let counts = Mutex((begun: 0, done: 0))
        let work = WorkAhead<Void>(count: 100_000, limit: 100_000, helperLimit: 1, pool: pool) { piece in
            counts.withLock { $0.begun += 1 }
            if piece == 0 {
                begun.signal()
                gate.wait()
            }
            counts.withLock { $0.done += 1 }
        }
        begun.wait()
        Thread.detachNewThread { gate.signal() }
        work.end()
        let atEnd = counts.withLock { $0 }
        #expect(atEnd.begun == atEnd.done && atEnd.done >= 1)
        // What the helper queued up for has its turn before this.
        let turn = DispatchSemaphore(value: 0)
        try pool.submit { turn.signal() }
        turn.wait()
        #expect(counts.withLock { $0 } == atEnd)
    }
}
