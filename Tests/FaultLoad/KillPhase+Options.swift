import EmbeddedStorage

extension KillPhase {
    /// How the store is kept in this phase.
    public var storeOptions: EmbeddedStoreOptions {
        var options = EmbeddedStoreOptions()
        if self == .retention {
            options.retentionTime = FaultWorkload.steadyStep * 100
            // The writers do not go in step with the clock, and no merge may take the old blocks away.
            options.metrics.futureLimit = 1 << 40
            options.metrics.mergeWidth = 1_000_000
        }
        return options
    }
}
