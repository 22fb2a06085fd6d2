/// How long an operation takes.
public struct LatencyAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// The service.
    public var service: String
    /// The operation; missing when all calls that enter the service are meant.
    public var operation: String?
    /// Calls.
    public var calls: UInt64
    /// Calls that failed.
    public var errors: UInt64
    /// Their durations added up.
    public var totalSeconds: Double
    /// From the minimum to the maximum; empty without calls.
    public var quantiles: [LatencyQuantile]
    /// How many calls took how long, in eight parts of each power of two; empty ones are left out.
    public var histogram: [LatencyBucket]
    /// The same over time, in four parts of each power of two.
    public var heatMap: LatencyHeatMap

    /// Puts the parts together.
    public init(
        range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, service: String, operation: String? = nil, calls: UInt64,
        errors: UInt64, totalSeconds: Double, quantiles: [LatencyQuantile], histogram: [LatencyBucket], heatMap: LatencyHeatMap
    ) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.service = service
        self.operation = operation
        self.calls = calls
        self.errors = errors
        self.totalSeconds = totalSeconds
        self.quantiles = quantiles
        self.histogram = histogram
        self.heatMap = heatMap
    }
}

/// A quantile.
public struct LatencyQuantile: Codable, Hashable, Sendable {
    /// 0 is the minimum, 1 the maximum.
    public var quantile: Double
    /// That share took at most this long, within 1 %.
    public var seconds: Double

    /// Puts the parts together.
    public init(quantile: Double, seconds: Double) {
        self.quantile = quantile
        self.seconds = seconds
    }
}

/// Calls that took about equally long.
public struct LatencyBucket: Codable, Hashable, Sendable {
    /// At least this long.
    public var fromSeconds: Double
    /// Less than this long.
    public var toSeconds: Double
    /// How many.
    public var count: UInt64

    /// Puts the parts together.
    public init(fromSeconds: Double, toSeconds: Double, count: UInt64) {
        self.fromSeconds = fromSeconds
        self.toSeconds = toSeconds
        self.count = count
    }
}

/// Calls by time and duration.
public struct LatencyHeatMap: Codable, Hashable, Sendable {
    /// The columns.
    public var axis: TimeAxis
    /// The rows, shortest durations first.
    public var rows: [LatencyRow]
    /// What is not empty, by column, then row.
    public var cells: [LatencyCell]

    /// Puts the parts together.
    public init(axis: TimeAxis, rows: [LatencyRow], cells: [LatencyCell]) {
        self.axis = axis
        self.rows = rows
        self.cells = cells
    }
}

/// A row of a heat map.
public struct LatencyRow: Codable, Hashable, Sendable {
    /// At least this long.
    public var fromSeconds: Double
    /// Less than this long.
    public var toSeconds: Double

    /// Puts the parts together.
    public init(fromSeconds: Double, toSeconds: Double) {
        self.fromSeconds = fromSeconds
        self.toSeconds = toSeconds
    }
}

/// A cell of a heat map.
public struct LatencyCell: Codable, Hashable, Sendable {
    /// Index into the axis.
    public var column: Int
    /// Index into the rows.
    public var row: Int
    /// How many calls.
    public var count: UInt64
    /// A trace with such a call, when one is known.
    public var exemplarTraceID: String?

    /// Puts the parts together.
    public init(column: Int, row: Int, count: UInt64, exemplarTraceID: String? = nil) {
        self.column = column
        self.row = row
        self.count = count
        self.exemplarTraceID = exemplarTraceID
    }
}
