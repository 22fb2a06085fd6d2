import TelemetryModel

/// What one series costs.
public struct SeriesFootprint: Sendable, Equatable {
    /// The series.
    public var labels: Labels
    /// How many samples it has; those that are in several places may be counted several times.
    public var sampleCount: Int
    /// About how many bytes it has on disk.
    public var byteCount: Int
    /// Its oldest sample, milliseconds since 1970.
    public var first: Int64
    /// Its newest sample, milliseconds since 1970.
    public var last: Int64

    /// Describes what a series costs.
    public init(labels: Labels, sampleCount: Int, byteCount: Int, first: Int64, last: Int64) {
        self.labels = labels
        self.sampleCount = sampleCount
        self.byteCount = byteCount
        self.first = first
        self.last = last
    }

    /// Adds what the same series costs elsewhere.
    public mutating func add(_ other: SeriesFootprint) {
        sampleCount += other.sampleCount
        byteCount += other.byteCount
        first = min(first, other.first)
        last = max(last, other.last)
    }
}

/// Says what each series costs. Calls block.
public protocol SeriesInspector: Sendable {
    /// Calls `body` once for each series that has samples, in the order of ``Labels``. What `body` throws ends it.
    func inspectSeries(_ body: (SeriesFootprint) throws -> Void) throws
}
