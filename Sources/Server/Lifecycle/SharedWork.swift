import Synchronization

/// A piece of work of which one runs at a time: whoever asks for it meanwhile gets the result of the one that runs.
final class SharedWork<Result: Sendable>: Sendable {
    private let running = Mutex<Task<Result, any Error>?>(nil)

    /// Begins the work or joins it, and waits for its end.
    func run(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = running.withLock { running in
            if let running { return running }
            let task = Task {
                defer { self.running.withLock { $0 = nil } }
                return try await body()
            }
            running = task
            return task
        }
        return try await task.value
    }
}
