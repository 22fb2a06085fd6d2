import Storage

/// How an embedded store behaves. The defaults are those of the server.
public struct EmbeddedStoreOptions: Sendable {
    /// When a batch is acknowledged. Between syncs that nobody waits for, `sync()` is called once an interval.
    public var durability = Durability.logged
    /// Telemetry older than this is deleted, milliseconds; 0 keeps everything.
    public var retentionTime: Int64 = 0
    /// Aggregates of metrics over five minutes are made and kept so long, milliseconds; 0 makes none.
    public var retention5m: Int64 = 0
    /// Aggregates of metrics over an hour are made and kept so long, milliseconds; 0 makes none.
    public var retention1h: Int64 = 0
    /// The oldest blocks are deleted while all of them have more bytes than this; 0 keeps everything.
    public var retentionSize = 0
    /// The metric half. What stands above wins over what stands here.
    public var metrics = MetricStoreOptions()
    /// The span half. What stands above wins over what stands here.
    public var spans = SpanStoreOptions()

    /// The defaults.
    public init() {}

    var metricOptions: MetricStoreOptions {
        var options = metrics
        options.durability = durability
        options.retentionTime = retentionTime
        options.retention5m = retention5m
        options.retention1h = retention1h
        return options
    }

    var spanOptions: SpanStoreOptions {
        var options = spans
        options.durability = durability
        options.retention = UInt64(clamping: retentionTime).multipliedReportingOverflow(by: 1_000_000).partialValue
        return options
    }
}
