import Storage

/// How the metric half of a store behaves. The defaults are those of the server.
public struct MetricStoreOptions: Sendable {
    /// When a batch is acknowledged.
    public var durability = Durability.logged
    /// Blocks whose newest sample is so old are deleted, milliseconds; 0 keeps everything.
    public var retentionTime: Int64 = 0
    /// Aggregates of five minutes are made and kept so long, milliseconds; 0 makes none.
    public var retention5m: Int64 = 0
    /// Aggregates of an hour are made and kept so long, milliseconds; 0 makes none.
    public var retention1h: Int64 = 0
    /// A sample may be so much older than the newest of its series, milliseconds.
    public var outOfOrderWindow: Int64 = 3_600_000
    /// A sample may be so far in the future, milliseconds.
    public var futureLimit: Int64 = 600_000
    /// The head holds at most so many series.
    public var seriesLimit = 5_000_000
    /// The head holds at most so many series of one source, which is a pair of `job` and `instance`. A large exporter has
    /// ten thousand; ten times that are a mistake in somebody's labels, and must not take the memory of all others.
    public var sourceSeriesLimit = 100_000
    /// With so many samples the head is written to a block; with twice as many writes are refused until it has been.
    public var headSampleLimit = 4_000_000
    /// With so many bytes in the log the head is written to a block.
    public var logByteLimit = 64 << 20
    /// So many neighbouring blocks of about one size are merged into one.
    public var mergeWidth = 4
    /// Blocks are merged into blocks of at most so many samples.
    public var blockSampleLimit = 256_000_000
    /// So many bytes of what was read from blocks are kept in memory.
    public var pageCacheByteLimit = 48 << 20

    /// The defaults.
    public init() {}
}
