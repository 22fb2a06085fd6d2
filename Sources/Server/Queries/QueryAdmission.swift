import Platform
import QueryEngine
import Synchronization

/// Decides which queries run and which wait, so that heavy ones cannot hold up the others.
///
/// There are two kinds of places. Whoever has a heavy one may use all that the limits of a query allow; a light one is for
/// queries that read little. A query takes a heavy place while one is free; else it begins in a light one, and when it turns
/// out to need more, it gives that back and waits for a heavy one. So the memory of all queries together is bounded by the
/// few heavy places, and light queries find a place however many heavy ones have come.
final class QueryAdmission: Sendable {
    /// A kind of place.
    enum Place: Sendable, Hashable, CaseIterable { case light, heavy }

    private struct Waiter {
        var places: [Place]
        var admit: CheckedContinuation<Place, any Error>
    }

    private struct State {
        var free: [Place: Int]
        /// In order of arrival, as the ids only grow.
        var waiting: [Int: Waiter] = [:]
        var nextID = 0
        /// Those that have come and not been answered; with the reason where they were given up before they began to wait.
        var arrived: [Int: (any Error)?] = [:]
    }

    private let capacity: [Place: Int]
    private let waitingLimit: Int
    private let time: any TimeSource
    private let state: Mutex<State>

    /// All places free; at most `waitingLimit` queries wait for one.
    init(light: Int, heavy: Int, waitingLimit: Int, time: any TimeSource) {
        capacity = [.light: light, .heavy: heavy]
        self.waitingLimit = waitingLimit
        self.time = time
        state = Mutex(State(free: [.light: light, .heavy: heavy]))
    }

    /// How many queries wait.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// How many places of a kind are taken.
    func takenCount(_ place: Place) -> Int { (capacity[place] ?? 0) - state.withLock { $0.free[place] ?? 0 } }

    /// Takes one of `places`, the first of them that is free, and waits at most so long for it. Throws ``QueryError`` of kind
    /// `timeout`, ``APIError`` when too many wait already, and `CancellationError` when the task is cancelled.
    func enter(_ places: [Place], waitingAtMost nanoseconds: UInt64) async throws -> Place {
        if let place = state.withLock({ Self.take(places, &$0) }) { return place }
        let id = state.withLock { state in
            state.nextID += 1
            state.arrived[state.nextID] = .some(nil)
            return state.nextID
        }
        let timer = Task { [self, time] in
            try await time.sleep(nanoseconds: nanoseconds)
            giveUp(id, QueryError(.timeout, "query timed out in query queue"))
        }
        defer {
            timer.cancel()
            state.withLock { _ = $0.arrived.removeValue(forKey: id) }
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(id, Waiter(places: places, admit: $0)) }
        } onCancel: {
            giveUp(id, CancellationError())
        }
    }

    private func wait(_ id: Int, _ waiter: Waiter) {
        let outcome = state.withLock { state -> Result<Place, any Error>? in
            if let error = state.arrived[id] ?? nil { return .failure(error) }
            if let place = Self.take(waiter.places, &state) { return .success(place) }
            if state.waiting.count >= waitingLimit { return .failure(busy) }
            state.waiting[id] = waiter
            return nil
        }
        if let outcome { waiter.admit.resume(with: outcome) }
    }

    private static func take(_ places: [Place], _ state: inout State) -> Place? {
        guard let place = places.first(where: { state.free[$0, default: 0] > 0 }) else { return nil }
        state.free[place, default: 0] -= 1
        return place
    }

    private func giveUp(_ id: Int, _ error: any Error) {
        let waiter = state.withLock { state in
            // A timer may come when the answer is there.
            if state.arrived[id] != nil { state.arrived[id] = .some(error) }
            return state.waiting.removeValue(forKey: id)
        }
        waiter?.admit.resume(throwing: error)
    }

    /// Gives a place back, to whoever has waited longest for one of its kind.
    func leave(_ place: Place) {
        let next = state.withLock { state -> Waiter? in
            let first = state.waiting.filter { $0.value.places.contains(place) }.keys.min()
            guard let first else {
                state.free[place, default: 0] += 1
                return nil
            }
            return state.waiting.removeValue(forKey: first)
        }
        next?.admit.resume(returning: place)
    }

    private var busy: APIError {
        APIError(
            .serviceUnavailable, code: "busy", "The server is busy: \(waitingLimit) queries are waiting already. Try again later."
        ).retryingSoon
    }
}
