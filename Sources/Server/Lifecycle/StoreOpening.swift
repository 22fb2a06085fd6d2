import EmbeddedStorage
import Storage

/// Opens the store that a configuration describes.
enum StoreOpening {
    /// Opens the embedded store in the configured folder; blocks.
    static func open(_ configuration: ServerConfiguration) throws -> any Store {
        var options = EmbeddedStoreOptions()
        options.durability = configuration.durability
        options.retentionTime = configuration.retentionTime
        options.retention5m = configuration.retention5m
        options.retention1h = configuration.retention1h
        options.retentionSize = configuration.retentionSize
        options.metrics.sourceSeriesLimit = configuration.limits.sourceSeries
        return try EmbeddedStore.open(directory: configuration.data, options: options)
    }
}
