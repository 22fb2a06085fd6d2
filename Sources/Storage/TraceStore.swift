import TelemetryModel

/// Takes spans. Calls block (one log write) and may come from several threads at once.
public protocol SpanWriter: Sendable {
    /// Logs the batch and makes it visible to readers; whatever the receipt counts as stored is acknowledged.
    ///
    /// A span's identity is (trace id, span id, side). Identity and content known: a duplicate, counted once. Identity
    /// known with other content: the first durable one stays and the other is counted as a conflict.
    /// Throws ``StorageError`` of kind `unavailable` or `closed` when nothing of the batch was taken.
    func write(_ batch: SpanBatch) throws -> WriteReceipt
}

/// A condition on traces. All parts that are set must hold; service, operation, durations, tags and error must hold
/// together on one span.
public struct TraceQuery: Sendable {
    /// `service.name` of the span.
    public var service: String?
    /// The span's name.
    public var operation: String?
    /// The span's kind.
    public var kind: SpanKind?
    /// The span took at least this long, nanoseconds.
    public var minimumDuration: UInt64?
    /// The span took at most this long, nanoseconds.
    public var maximumDuration: UInt64?
    /// Each of these stands on the span, its resource, its scope, an event or a link, compared by the value's text
    /// form. `error=true` is status error.
    public var tags: [(key: String, value: String)]
    /// Each of these keys stands there with any value, or is the name of an event.
    public var keys: [String]
    /// A span of the trace starts at or after this, nanoseconds since 1970.
    public var from: UInt64
    /// A span of the trace starts at or before this, nanoseconds since 1970.
    public var through: UInt64
    /// At most so many traces, those with the latest start first.
    public var limit: Int
    /// Called now and then by the thread that searches; what it throws ends the search and is thrown on.
    public var checkpoint: @Sendable () throws -> Void = {}

    /// Describes traces in a closed range of nanoseconds since 1970.
    public init(
        service: String? = nil, operation: String? = nil, kind: SpanKind? = nil, minimumDuration: UInt64? = nil,
        maximumDuration: UInt64? = nil, tags: [(key: String, value: String)] = [], keys: [String] = [], from: UInt64 = 0,
        through: UInt64 = .max, limit: Int = 20
    ) {
        self.service = service
        self.operation = operation
        self.kind = kind
        self.minimumDuration = minimumDuration
        self.maximumDuration = maximumDuration
        self.tags = tags
        self.keys = keys
        self.from = from
        self.through = through
        self.limit = limit
    }
}

/// Answers questions about traces. Calls block and may come from several threads at once.
public protocol TraceReader: Sendable {
    /// All spans of each trace, by rising start, over head and blocks; an id that is unknown gives an empty batch.
    func traces(_ ids: [TraceID]) throws -> [SpanBatch]

    /// The ids of the traces that satisfy the query, latest start first. The start of a trace is that of its earliest span.
    func search(_ query: TraceQuery) throws -> [TraceID]

    /// Calls `body` with batches that together hold every span that starts in the closed range, each span once and all
    /// spans of a trace that start in the range in one batch. What `body` throws ends the scan and is thrown on. Of each span
    /// at least the parts that the projection names are there.
    func scan(
        from: UInt64, through: UInt64, _ projection: SpanProjection, _ body: (SpanBatch) throws -> Void
    ) throws

    /// With what probability a trace was kept that chance has kept; 1 for every other one.
    func samplingProbability(of id: TraceID) throws -> Double

    /// Calls `body` with batches that together hold every trace of which a span starts in the closed range, whole and once;
    /// other traces may come too, each whole and once. What `body` throws ends the scan and is thrown on.
    func scanTraces(from: UInt64, through: UInt64, _ body: (SpanBatch) throws -> Void) throws

    /// The spans that start in a range added up by the value of an attribute: what ``scan(from:through:_:_:)`` would give,
    /// without making spans of it.
    func tallies(_ query: SpanValueQuery) throws -> SpanValueTallies
}

extension TraceReader {
    /// A store without sampling keeps every trace.
    public func samplingProbability(of id: TraceID) throws -> Double { 1 }

    /// A store that cannot do with less scans.
    public func tallies(_ query: SpanValueQuery) throws -> SpanValueTallies {
        var tallies = SpanValueTallies(query)
        try scan(from: query.from, through: query.through, query.projection) { batch in
            try query.checkpoint()
            tallies.add(batch, query)
        }
        return tallies
    }

    /// A scan of everything that spans carry.
    public func scan(from: UInt64, through: UInt64, _ body: (SpanBatch) throws -> Void) throws {
        try scan(from: from, through: through, .everything, body)
    }
}

/// Answers from sums that were kept, without looking at spans.
public protocol RollupReader: Sendable {
    /// The rows of the whole minutes (since 1970) in the closed range, added up over head and blocks, of the tables
    /// asked for. They are those of the
    /// spans of each trace, wherever its parts are. The longest, the shortest and the most often called of a row whose spans
    /// turned out to belong to another one may be off: see ``RollupRow/settled()``.
    func rollups(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable

    /// The same rows summed over the range, all under minute 0, and only the tables that are asked for.
    func sums(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable

    /// Every operation of every service of which there are rows, whenever that was.
    func operationNames() throws -> Set<OperationName>
}

extension RollupReader {
    /// All tables of whole minutes.
    public func rollups(minutes: ClosedRange<Int64>) throws -> RollupTable { try rollups(minutes: minutes, parts: .all) }

    /// The sums of the rows. A store that keeps sums of longer times answers with less work.
    public func sums(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        try rollups(minutes: minutes, parts: parts).summed { _ in 0 }
    }

    /// The names among the rows of all minutes. A store that keeps its names apart answers with less work.
    public func operationNames() throws -> Set<OperationName> {
        Set(try sums(minutes: 0...OperationName.lastMinute, parts: .operations).operations.keys.map(OperationName.init))
    }
}

/// An operation without a time.
public struct OperationName: Hashable, Sendable {
    /// `service.name`.
    public var service: String
    /// The span's name.
    public var operation: String
    /// The part it plays.
    public var kind: SpanKind

    /// Puts the parts together.
    public init(service: String, operation: String, kind: SpanKind) {
        self.service = service
        self.operation = operation
        self.kind = kind
    }

    /// The name in a row's key.
    public init(_ key: OperationKey) { self.init(service: key.service, operation: key.operation, kind: key.kind) }

    /// The last minute that nanoseconds in 64 bits reach.
    public static let lastMinute = Int64(UInt64.max / 60_000_000_000)
}
