import Platform
import QueryEngine
import TestSupport
import Testing

@testable import Server

@Suite("Places for queries")
struct QueryAdmissionTests {
    private let time = ManualTime(now: TestServer.now)

    private func admission(light: Int = 1, heavy: Int = 1, waiting: Int = 10) -> QueryAdmission {
        QueryAdmission(light: light, heavy: heavy, waitingLimit: waiting, time: time)
    }

    /// Begins to wait, and returns when it does.
    private func waiter(
        _ admission: QueryAdmission, _ places: [QueryAdmission.Place], nanoseconds: UInt64 = .max
    ) async -> Task<QueryAdmission.Place, any Error> {
        let before = admission.waitingCount
        let task = Task { try await admission.enter(places, waitingAtMost: nanoseconds) }
        while admission.waitingCount == before { await Task.yield() }
        return task
    }

    @Test("a heavy place is taken while one is free, then a light one; then queries wait in order")
    func order() async throws {
        let admission = admission()
        #expect(try await admission.enter([.heavy, .light], waitingAtMost: .max) == .heavy)
        #expect(try await admission.enter([.heavy, .light], waitingAtMost: .max) == .light)
        let heavy = await waiter(admission, [.heavy])
        let any = await waiter(admission, [.heavy, .light])
        #expect(admission.takenCount(.light) == 1 && admission.takenCount(.heavy) == 1 && admission.waitingCount == 2)
        admission.leave(.light)
        #expect(try await any.value == .light)
        admission.leave(.heavy)
        #expect(try await heavy.value == .heavy)
        admission.leave(.heavy)
        admission.leave(.light)
        #expect(admission.takenCount(.light) == 0 && admission.takenCount(.heavy) == 0 && admission.waitingCount == 0)
    }

    @Test("a query waits no longer than its time")
    func timeout() async throws {
        let admission = admission()
        _ = try await admission.enter([.heavy], waitingAtMost: .max)
        let late = await waiter(admission, [.heavy], nanoseconds: 5_000_000_000)
        while time.sleeperCount < 1 { await Task.yield() }
        time.advance(nanoseconds: 5_000_000_000)
        await #expect(throws: QueryError(.timeout, "query timed out in query queue")) { try await late.value }
        admission.leave(.heavy)
        #expect(admission.takenCount(.heavy) == 0)
    }

    @Test("a query that is given up does not wait on, and takes no place afterwards")
    func cancelled() async throws {
        let admission = admission()
        _ = try await admission.enter([.heavy], waitingAtMost: .max)
        let gone = await waiter(admission, [.heavy])
        gone.cancel()
        await #expect(throws: CancellationError.self) { try await gone.value }
        #expect(admission.waitingCount == 0)
        admission.leave(.heavy)
        #expect(try await admission.enter([.heavy], waitingAtMost: .max) == .heavy)
    }

    @Test("more than may wait are refused at once")
    func full() async throws {
        let admission = admission(waiting: 1)
        _ = try await admission.enter([.heavy], waitingAtMost: .max)
        let first = await waiter(admission, [.heavy])
        do {
            _ = try await admission.enter([.heavy], waitingAtMost: .max)
            Issue.record("it was let in")
        } catch let error as APIError {
            #expect(error.status.code == 503 && error.message.contains("1 queries are waiting already"))
        }
        first.cancel()
        _ = await first.result
    }
}
