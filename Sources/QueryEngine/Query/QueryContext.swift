import Platform
import Storage
import Synchronization

/// How much a single query may use.
public struct QueryLimits: Sendable, Equatable {
    /// Samples read and results made, together; 8 bytes and more of memory each.
    public var samples = 50_000_000
    /// Series read by all selectors of the query together.
    public var series = 500_000
    /// Steps of a range query after its first time.
    public var steps = 11_000
    /// How long it may take, nanoseconds.
    public var nanoseconds: UInt64 = 120_000_000_000

    /// How far an instant selector looks back for a sample, milliseconds; more than 0.
    public var lookback = PromQLEngine.defaultLookback

    /// The limits of Prometheus.
    public init() {}
}

/// One query while it runs: it can be cancelled from outside, and ends itself when it uses more than its limits.
public final class QueryContext: Sendable {
    /// What it may use.
    public let limits: QueryLimits
    /// What is measured of it.
    let measures: QueryMeasures
    let time: any TimeSource
    /// When it was made, by the monotonic clock.
    let start: UInt64
    private let deadline: UInt64
    private let cancelled = Atomic<Bool>(false)
    private let samples = Atomic<Int>(0)
    private let series = Atomic<Int>(0)

    /// Starts the clock.
    public init(limits: QueryLimits = QueryLimits(), measures: QueryMeasures = [], time: any TimeSource) {
        self.limits = limits
        self.measures = measures
        self.time = time
        start = time.monotonic()
        let (end, overflow) = start.addingReportingOverflow(limits.nanoseconds)
        deadline = overflow ? .max : end
    }

    /// Ends the query at its next check, with an error of kind `cancelled`.
    public func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Samples read and results made so far.
    public var sampleCount: Int { samples.load(ordering: .relaxed) }

    /// Series read so far.
    public var seriesCount: Int { series.load(ordering: .relaxed) }

    /// A question to the store that ends when the query does, also while the store still chooses series.
    public func ending(_ query: SeriesQuery) -> SeriesQuery {
        var query = query
        query.checkpoint = { [self] in try check() }
        return query
    }

    /// Throws when the query was cancelled or its time ran out.
    public func check() throws(QueryError) {
        if cancelled.load(ordering: .relaxed) { throw QueryError(.cancelled, "The query was cancelled.") }
        if time.monotonic() > deadline {
            throw QueryError(.timeout, "The query ran longer than its limit of \(Double(limits.nanoseconds) / 1e9) seconds.")
        }
    }

    /// Counts samples before they are held; throws beyond the limit.
    func addSamples(_ count: Int) throws(QueryError) {
        let sum = samples.wrappingAdd(count, ordering: .relaxed).newValue
        if sum < 0 || sum > limits.samples {
            throw QueryError(.tooManySamples, "The query would use more than its limit of \(limits.samples) samples.")
        }
    }

    /// Counts series that were read with their samples; throws beyond the limits.
    func add(series count: Int, samples: Int) throws(QueryError) {
        if series.wrappingAdd(count, ordering: .relaxed).newValue > limits.series {
            throw QueryError(.tooManySeries, "The query selects more than its limit of \(limits.series) series.")
        }
        try addSamples(samples)
        try check()
    }
}
