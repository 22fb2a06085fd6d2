import StateStore
import Storage

extension ServerDependencies {
    /// Makes a snapshot of everything that the server keeps: telemetry, and what alerting and scaling remember.
    func makeSnapshot(includingHead: Bool) async throws -> SnapshotInfo {
        let (store, state) = (store, state)
        return try await upkeep.run {
            try store.snapshot(includingHead: includingHead) { folder in
                do throws(StateStoreError) {
                    try state.backUp(to: "\(folder)/\(StateStore.fileName)")
                } catch { throw StorageError(.unavailable, error.message) }
            }
        }
    }
}
