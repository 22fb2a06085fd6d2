import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where every part of Headrope takes the time from, so that tests decide what time it is.
public protocol TimeSource: Sendable {
    /// Nanoseconds since 1970, as the wall clock says.
    func now() -> UInt64
    /// Nanoseconds of a clock that never goes back, from an arbitrary zero.
    func monotonic() -> UInt64
    /// Waits without blocking a thread; throws `CancellationError` when the task is cancelled.
    func sleep(nanoseconds: UInt64) async throws
}

extension TimeSource {
    /// Milliseconds since 1970, the unit of metric samples.
    public func nowMilliseconds() -> Int64 { Int64(now() / 1_000_000) }
}

/// The clocks of this machine.
public struct SystemTime: TimeSource {
    /// The clocks of this machine.
    public init() {}

    /// `CLOCK_REALTIME` in nanoseconds.
    public func now() -> UInt64 { Self.read(CLOCK_REALTIME) }

    /// `CLOCK_MONOTONIC` in nanoseconds.
    public func monotonic() -> UInt64 { Self.read(CLOCK_MONOTONIC) }

    /// Suspends the task.
    public func sleep(nanoseconds: UInt64) async throws { try await Task.sleep(nanoseconds: nanoseconds) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

/// A clock that stands still until a test moves it. Sleepers wake when it has been moved far enough.
public final class ManualTime: TimeSource {
    private struct State {
        var now: UInt64
        var monotonic: UInt64 = 0
        var nextID = 0
        var sleepers: [Int: (deadline: UInt64, wake: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    /// A clock that stands at `now`, nanoseconds since 1970.
    public init(now: UInt64) { state = Mutex(State(now: now)) }

    /// Where the wall clock stands.
    public func now() -> UInt64 { state.withLock { $0.now } }

    /// How far the clock has been moved.
    public func monotonic() -> UInt64 { state.withLock { $0.monotonic } }

    /// How many tasks are asleep; a test waits for them before it moves the clock.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves both clocks forward and wakes whoever has slept long enough.
    public func advance(nanoseconds: UInt64) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            state.now &+= nanoseconds
            state.monotonic &+= nanoseconds
            let due = state.sleepers.filter { $0.value.deadline <= state.monotonic }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.wake)
        }
        for wake in woken { wake.resume() }
    }

    /// Suspends the task until the clock has been moved far enough.
    public func sleep(nanoseconds: UInt64) async throws {
        let id = state.withLock { state -> Int in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
                let refused = state.withLock { state -> Bool in
                    if state.cancelled.remove(id) != nil { return true }
                    state.sleepers[id] = (state.monotonic &+ nanoseconds, wake)
                    return false
                }
                if refused { wake.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let wake = state.withLock { state -> CheckedContinuation<Void, any Error>? in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper.wake }
                state.cancelled.insert(id)
                return nil
            }
            wake?.resume(throwing: CancellationError())
        }
    }
}
