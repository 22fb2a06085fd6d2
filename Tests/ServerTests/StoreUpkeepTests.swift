import Logging
import Platform
import Storage
import Synchronization
import Testing

@testable import Server

@Suite("Upkeep of the store")
struct StoreUpkeepTests {
    /// A store of which only the upkeep is asked.
    private final class Upkept: Maintenance {
        let failure = Mutex<StorageError?>(nil)
        let refusal = Mutex<String?>(nil)
        let syncs = Mutex(0)

        func flush() throws {}
        func compact() throws {}
        func close() throws {}
        func maintain() throws {}

        func sync() throws {
            syncs.withLock { $0 += 1 }
            if let failure = failure.withLock({ $0 }) { throw failure }
        }

        func status() -> StoreStatus {
            var status = StoreStatus()
            status.writeRefusal = refusal.withLock { $0 }
            return status
        }
    }

    private func upkeep(_ store: Upkept, _ readiness: Readiness, time: any TimeSource) -> StoreUpkeep {
        StoreUpkeep(
            duty: .sync, store: store, pool: BlockingPool(name: "test", threadCount: 1, queueLimit: 10), time: time,
            readiness: readiness, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("a failed sync and a store that takes nothing in make the server not ready, until it is well again")
    func readiness() async {
        let store = Upkept()
        let readiness = Readiness()
        let upkeep = upkeep(store, readiness, time: ManualTime(now: 0))
        await upkeep.once()
        #expect(readiness.reasons.isEmpty)
        store.failure.withLock { $0 = StorageError(.unavailable, "The disk does not answer.") }
        await upkeep.once()
        #expect(readiness.reasons == ["The sync of the store failed: The disk does not answer."])
        store.failure.withLock { $0 = nil }
        store.refusal.withLock { $0 = "The disk is full." }
        await upkeep.once()
        #expect(readiness.reasons == ["The disk is full."])
        store.refusal.withLock { $0 = nil }
        await upkeep.once()
        #expect(readiness.reasons.isEmpty)
    }

    @Test("logs are synced once a second until the task is cancelled")
    func interval() async {
        let store = Upkept()
        let time = ManualTime(now: 0)
        let upkeep = upkeep(store, Readiness(), time: time)
        let task = Task { try await upkeep.run() }
        for second in 1...3 {
            while time.sleeperCount == 0 { await Task.yield() }
            #expect(store.syncs.withLock { $0 } == second - 1)
            time.advance(nanoseconds: 1_000_000_000)
        }
        while store.syncs.withLock({ $0 }) < 3 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
