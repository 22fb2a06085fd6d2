import TelemetryModel

/// What a store can do beyond the least. Whoever asks for more is refused, never given an approximation.
public struct StoreCapabilities: Sendable, Equatable {
    /// Holds native histograms.
    public var nativeHistograms = false
    /// Deletes series by matchers.
    public var deletion = false
    /// Makes snapshots.
    public var snapshots = false

    /// The least capable store.
    public init() {}
}

/// What a store keeps of samples beside themselves, at one resolution.
public struct DownsampledStatus: Sendable, Equatable {
    /// The resolution as people write it: `5m`.
    public var name: String
    /// Blocks of it.
    public var blocks: Int
    /// Their bytes.
    public var byteCount: Int

    /// Puts the counts of a resolution together.
    public init(name: String, blocks: Int, byteCount: Int) {
        self.name = name
        self.blocks = blocks
        self.byteCount = byteCount
    }
}

/// What a store says about itself.
public struct StoreStatus: Sendable, Equatable {
    /// Series in the head.
    public var headSeries = 0
    /// Samples in the head.
    public var headSamples = 0
    /// Exemplars.
    public var exemplars = 0
    /// Metrics of which type, help or unit are known.
    public var metadata = 0
    /// Spans in the head.
    public var headSpans = 0
    /// Blocks of metrics, those of aggregates included.
    public var metricBlocks = 0
    /// The blocks of aggregates by resolution, the finest first; those of which there are none are left out.
    public var downsampled: [DownsampledStatus] = []
    /// Blocks of spans.
    public var spanBlocks = 0
    /// Orders to delete samples whose bytes still stand in blocks.
    public var deletions = 0
    /// Copies of the store that were made and kept.
    public var snapshots = 0
    /// Bytes of these copies; a good part may be files that the store still has, too.
    public var snapshotByteCount = 0
    /// Damaged segments of logs that were set aside.
    public var damagedSegments = 0
    /// Bytes of all files but those of snapshots.
    public var byteCount = 0
    /// Blocks that were set aside because they are damaged, and torn log tails, each as a sentence.
    public var damages: [String] = []
    /// Why nothing can be taken in at the moment, or nil.
    public var writeRefusal: String?

    /// An empty store.
    public init() {}
}

/// What keeps a store in shape. Calls block.
public protocol Maintenance: Sendable {
    /// Writes everything in the head to blocks.
    func flush() throws
    /// Flushes, then merges blocks as far as that makes sense; returns when done. A second call joins the first.
    func compact() throws
    /// Syncs logs; called once an interval.
    func sync() throws
    /// Cuts what is due, deletes what retention lets go; called every few seconds.
    func maintain() throws
    /// What the store says about itself.
    func status() -> StoreStatus
    /// Flushes and closes; everything after that throws `closed`.
    func close() throws
}

/// A whole store: both signals.
public protocol Store: MetricWriter, MetricReader, MetricDeleter, ExemplarReader, MetadataReader, Snapshotter, SeriesInspector,
    SpanWriter,
    TraceReader, RollupReader, Maintenance
{
    /// What it can do beyond the least.
    var capabilities: StoreCapabilities { get }
}
