import Platform
import Synchronization

/// One call of a collector that can be given up without waiting for it.
final class CollectorRun: Sendable {
    typealias Outcome = Result<[ResourceMetrics], any Error>

    private struct State {
        var waiting: CheckedContinuation<Outcome, Never>?
        var outcome: Outcome?
        var hasEnded = false
    }

    private let collector: any Collector
    private let state = Mutex(State())

    init(_ collector: any Collector) { self.collector = collector }

    /// Whether the collector has returned, also when it did so too late.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// What the collector returns, or an error once the time is up or the task is cancelled.
    func result(at start: UInt64, time: any TimeSource, timeoutNanoseconds: UInt64) async -> Outcome {
        let name = collector.name
        let work = Task {
            let outcome: Outcome
            do { outcome = .success(try await collector.collect(at: start)) } catch { outcome = .failure(error) }
            state.withLock { $0.hasEnded = true }
            settle(outcome)
        }
        let timer = Task {
            try await time.sleep(nanoseconds: timeoutNanoseconds)
            settle(.failure(CollectorError.timedOut(collector: name, milliseconds: timeoutNanoseconds / 1_000_000)))
        }
        defer {
            timer.cancel()
            work.cancel()
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiting in
                let early = state.withLock { state -> Outcome? in
                    if state.outcome == nil { state.waiting = waiting }
                    return state.outcome
                }
                if let early { waiting.resume(returning: early) }
            }
        } onCancel: {
            settle(.failure(CollectorError.stopped(collector: name)))
        }
    }

    /// Keeps the first outcome and hands it to whoever waits; later ones are dropped.
    private func settle(_ outcome: Outcome) {
        let waiting = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: outcome)
    }
}
