import TelemetryModel

/// Takes samples. Calls block (one log write) and may come from several threads at once.
public protocol MetricWriter: Sendable {
    /// Logs the batch and makes it visible to readers; whatever the receipt counts as stored is acknowledged. Exemplars and
    /// metadata are counted apart from the samples.
    ///
    /// Idempotent: the same batch again is counted as duplicates. Good items are kept when others are refused.
    /// Throws ``StorageError`` of kind `unavailable` or `closed` when the batch must be written again.
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
    /// What the samples are wanted for; nil: all of them are.
    public var hint: ReadHint?
    /// Called now and then while a store chooses series, which may take long; what it throws ends that and is passed on.
    public var checkpoint: @Sendable () throws -> Void = {}

    /// Describes series in a closed range of milliseconds since 1970.
    public init(_ matchers: [LabelMatcher], from: Int64, through: Int64, hint: ReadHint? = nil) {
        self.matchers = matchers
        self.from = from
        self.through = through
        self.hint = hint
    }
}

/// What the samples of a scan are wanted for: a function of windows that all have the same length and distance.
///
/// A store may leave out samples as long as no window's result changes; it need not look at the hint at all. Where it has only
/// aggregates of the samples, it may pass on what yields the same result: the largest samples for `max_over_time`, the
/// smallest for `min_over_time`, and sums of samples for `sum_over_time`, `count_over_time` and `avg_over_time`, see
/// ``SeriesView/counts``.
public struct ReadHint: Sendable, Equatable {
    /// PromQL's name of the function, such as `last_over_time`; nil: the last sample of each window, whatever its value.
    public var function: String?
    /// How long a window is, milliseconds; it does not include its first millisecond, but its last.
    public var window: Int64
    /// Where the first window ends, milliseconds since 1970.
    public var firstEnd: Int64
    /// How far windows lie apart, milliseconds.
    public var step: Int64
    /// How many windows there are.
    public var count: Int

    /// Describes windows by their length, the end of the first, their distance and their number.
    public init(function: String?, window: Int64, firstEnd: Int64, step: Int64, count: Int) {
        self.function = function
        self.window = window
        self.firstEnd = firstEnd
        self.step = step
        self.count = count
    }
}

/// One series with its samples in a range, by rising timestamp, none twice. Staleness markers are included.
///
/// Everything is lent by the store and gone when the call ends that it was given to; ``labels`` and ``SeriesSamples`` copy.
public struct SeriesView {
    /// The canonical bytes of the labels, see ``Labels``.
    public let labelBytes: UnsafeRawBufferPointer
    /// Milliseconds since 1970, strictly rising.
    public let timestamps: UnsafeBufferPointer<Int64>
    /// The values, one for each timestamp.
    public let values: UnsafeBufferPointer<Double>
    /// How many samples each value is the sum of, for the functions that need it; nil: each value is a sample. With counts
    /// there are no staleness markers.
    public let counts: UnsafeBufferPointer<Double>?

    /// Puts borrowed labels and columns of equal length together.
    @inlinable
    public init(
        labelBytes: UnsafeRawBufferPointer, timestamps: UnsafeBufferPointer<Int64>, values: UnsafeBufferPointer<Double>,
        counts: UnsafeBufferPointer<Double>? = nil
    ) {
        self.labelBytes = labelBytes
        self.timestamps = timestamps
        self.values = values
        self.counts = counts
    }

    /// A copy of the labels.
    public var labels: Labels { Labels(canonicalBytes: Array(labelBytes)) }
}

/// The samples of one series, by rising timestamp, none twice.
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

    /// Copies what a store lends.
    public init(_ view: SeriesView) {
        self.init(labels: view.labels, timestamps: Array(view.timestamps), values: Array(view.values))
    }

    /// Lends the series for the length of a call.
    public func withView<Result>(_ body: (SeriesView) throws -> Result) rethrows -> Result {
        try labels.bytes.withUnsafeBytes { labelBytes in
            try timestamps.withUnsafeBufferPointer { timestamps in
                try values.withUnsafeBufferPointer { values in
                    try body(SeriesView(labelBytes: labelBytes, timestamps: timestamps, values: values))
                }
            }
        }
    }
}

/// A part of time for which a store has only one sample of each series in every `resolution` milliseconds.
public struct CoarseRange: Sendable, Hashable {
    /// How far samples lie apart, milliseconds.
    public var resolution: Int64
    /// The resolution as people write it: `5m`.
    public var name: String
    /// The last millisecond of the range.
    public var through: Int64

    /// Describes a range up to a time.
    public init(resolution: Int64, name: String, through: Int64) {
        self.resolution = resolution
        self.name = name
        self.through = through
    }
}

/// Answers questions about series. Calls block and may come from several threads at once.
public protocol MetricReader: Sendable {
    /// Calls `body` once for each series that has a sample in the range, in the order of ``Labels``, with its samples in
    /// the range, or with those of them that the query's hint needs. What `body` throws ends the scan and is thrown on. Head
    /// and blocks are merged; a sample written before the call is seen.
    func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws

    /// Chooses the series that ``scan(_:_:)`` would read, for those who divide the work among threads.
    func select(_ query: SeriesQuery) throws -> any SeriesSelection

    /// Where the samples that this query would read are no longer kept and what is kept in their place does not yield the
    /// result of its hint exactly, the most recent range first. There a scan passes on the last sample of each bucket as wide
    /// as the range's resolution; for a hint without a function it begins one bucket before the query's range.
    func coarseRanges(_ query: SeriesQuery) throws -> [CoarseRange]

    /// The series that have a sample in the range (a store may answer by whole blocks), in order, at most `limit`.
    func series(_ query: SeriesQuery, limit: Int) throws -> [Labels]

    /// The names of the labels of these series, sorted by bytes. No matchers: of all series.
    func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String]

    /// The values of one label among these series, sorted by bytes. No matchers: among all series.
    func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String]
}

extension MetricReader {
    /// Nothing: all samples are kept as they came.
    public func coarseRanges(_ query: SeriesQuery) throws -> [CoarseRange] { [] }
}
