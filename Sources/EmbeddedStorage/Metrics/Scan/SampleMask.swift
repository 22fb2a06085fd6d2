import ByteCoding
import TelemetryModel

/// Which samples of a block are deleted: ranges of time, each with the series that it concerns.
struct SampleMask: Sendable {
    private struct Part: Sendable {
        var range: ClosedRange<Int64>
        /// By rising number.
        var series: [UInt32]
    }

    private var parts: [Part] = []

    /// Nothing is deleted.
    init() {}

    /// What a deletion means for the series of a block.
    init(_ deletion: MetricDeletion, _ block: MetricBlock) throws {
        guard deletion.from <= deletion.through, block.meta.resolutionMilliseconds == 0 || block.resolution != nil else { return }
        // Of aggregates nothing can be taken away: the buckets go as a whole.
        let deleted = deletion.from...deletion.through
        let range = block.resolution?.buckets(touching: deleted) ?? deleted
        guard block.overlaps(from: range.lowerBound, through: range.upperBound) else { return }
        let matchers = block.resolution == nil ? deletion.matchers : Aggregate.visible(deletion.matchers)
        guard let matchers else { return }
        let series = try block.checked { try block.index.select(matchers) }
        if !series.isEmpty { parts = [Part(range: range, series: series)] }
    }

    /// Whether nothing is deleted.
    var isEmpty: Bool { parts.isEmpty }

    /// Adds what another mask hides.
    mutating func add(_ other: SampleMask) { parts += other.parts }

    /// The ranges that are deleted of a series; mostly none.
    func ranges(of series: UInt32) -> [ClosedRange<Int64>] {
        parts.filter { $0.series.containsSorted(series) }.map(\.range)
    }

    /// The samples of a series that are left.
    func apply(_ samples: SampleColumns, of series: UInt32) -> SampleColumns {
        if isEmpty { return samples }
        return ranges(of: series).reduce(samples) { $0.without($1) }
    }
}

extension [UInt32] {
    /// Whether a number is among rising ones.
    fileprivate func containsSorted(_ wanted: UInt32) -> Bool {
        let place = Search.lowerBound(count) { self[$0] < wanted }
        return place < count && self[place] == wanted
    }
}
