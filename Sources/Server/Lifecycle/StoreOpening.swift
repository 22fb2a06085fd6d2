import EmbeddedStorage
import Platform
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
        options.spans.sampling = try configuration.sampling.policy()
        configuration.retention.apply(to: &options.spans)
        options.spans.cutPool = BlockingPool(name: "cut", threadCount: 1, queueLimit: 1)
        return try EmbeddedStore.open(directory: configuration.data, options: options)
    }
}
