import Platform
import Storage

/// How the span half of a store behaves. The defaults are those of the server.
public struct SpanStoreOptions: Sendable {
    /// Blocks whose newest span started so long ago are deleted, nanoseconds; 0 keeps everything.
    public var retention: UInt64 = 0
    /// Traces with a span of status error stay so long after their newest span, nanoseconds, if that is longer than
    /// ``retention``.
    public var keepErrors: UInt64 = 0
    /// Traces with a span of at least ``slowDuration`` stay so long, nanoseconds, if that is longer than ``retention``.
    public var keepSlow: UInt64 = 0
    /// From when on a span is slow for ``keepSlow``, nanoseconds.
    public var slowDuration: UInt64 = 1_000_000_000
    /// Which traces keep their spans.
    public var sampling = SamplingPolicy()
    /// When a batch is acknowledged.
    public var durability = Durability.logged
    /// A trace is complete, as far as one can know, when nothing of it has arrived for so long, nanoseconds.
    public var idleTime: UInt64 = 30_000_000_000
    /// A trace does not wait longer than this for its end, nanoseconds.
    public var ageLimit: UInt64 = 300_000_000_000
    /// Complete traces wait for others to share a block with until there are so many spans of them.
    public var cutSpanCount = 50_000
    /// Complete traces wait no longer than this, nanoseconds.
    public var cutInterval: UInt64 = 120_000_000_000
    /// Memory of the head in bytes; beyond it the traces that have been idle longest are cut.
    public var headByteLimit = 64 << 20
    /// The log holds at most so many bytes that are in no block.
    public var logByteLimit = 64 << 20
    /// Memory for pages of blocks that have been read, bytes.
    public var pageCacheByteLimit = 32 << 20
    /// Blocks are merged into blocks of at most so many spans.
    public var blockSpanLimit = 4_000_000
    /// So many blocks of about one size are merged into one.
    public var mergeWidth = 8
    /// Where the head is cut when it has passed its bound; nil: by the writer that finds it so.
    public var cutPool: BlockingPool?

    /// The defaults.
    public init() {}
}
