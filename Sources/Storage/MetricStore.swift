import TelemetryModel

/// Takes samples. Calls block (one log write) and may come from several threads at once.
public protocol MetricWriter: Sendable {
    /// Logs the batch and makes it visible to readers; whatever the receipt counts as stored is acknowledged.
    ///
    /// Idempotent: the same batch again is counted as duplicates. Good items are kept when others are refused.
    /// Throws ``StorageError`` of kind `unavailable` or `closed` when nothing of the batch was taken.
    func write(_ batch: MetricBatch) throws -> WriteReceipt
}

/// Which series a question is about.
public struct SeriesQuery: Sendable {
    /// All of them must hold. At least one must not match the empty text.
    public var matchers: [LabelMatcher]
    /// The first millisecond of interest.
    public var from: Int64
    /// The last millisecond of interest.
    public var through: Int64

    /// Describes series in a closed range of milliseconds since 1970.
    public init(_ matchers: [LabelMatcher], from: Int64, through: Int64) {
        self.matchers = matchers
        self.from = from
        self.through = through
    }
}

/// The samples of one series in a range, by rising timestamp, none twice. Staleness markers are included.
public struct SeriesSamples: Sendable {
    /// The series.
    public var labels: Labels
    /// Milliseconds since 1970, strictly rising.
    public var timestamps: [Int64]
    /// The values, one for each timestamp.
    public var values: [Double]

    /// Puts labels and columns of equal length together.
    public init(labels: Labels, timestamps: [Int64], values: [Double]) {
        self.labels = labels
        self.timestamps = timestamps
        self.values = values
    }
}

/// Answers questions about series. Calls block and may come from several threads at once.
public protocol MetricReader: Sendable {
    /// Calls `body` once for each series that has a sample in the range, in the order of ``Labels``, with its samples in
    /// the range. What `body` throws ends the scan and is thrown on. Head and blocks are merged; a sample written before
    /// the call is seen.
    func scan(_ query: SeriesQuery, _ body: (SeriesSamples) throws -> Void) throws

    /// The series that have a sample in the range (a store may answer by whole blocks), in order, at most `limit`.
    func series(_ query: SeriesQuery, limit: Int) throws -> [Labels]

    /// The names of the labels of these series, sorted by bytes. No matchers: of all series.
    func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String]

    /// The values of one label among these series, sorted by bytes. No matchers: among all series.
    func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String]
}
