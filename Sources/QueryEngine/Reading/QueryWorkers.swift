import Platform
import Storage

/// The threads that help heavy queries, shared by all of them.
///
/// A query runs on the thread that asks it. One that has a lot to read offers its series in small parts to these threads,
/// which take one part of each query in turn: a heavy query cannot keep them from others, nor make a light one wait.
public final class QueryWorkers: Sendable {
    /// So many offers of parts wait at most; a query whose offer is refused does more by itself.
    public static let queueLimit = 1_024

    let pool: BlockingPool
    /// How many threads there are.
    let count: Int

    /// Starts threads so that `coreCount` of them, that of the query among them, can work on one query.
    public init?(coreCount: Int) {
        if coreCount < 2 { return nil }
        count = coreCount - 1
        pool = BlockingPool(name: "query", threadCount: count, queueLimit: Self.queueLimit)
    }
}

/// How the series of a query are divided among threads. It depends on the data alone.
struct WorkDivision {
    /// How many parts there are.
    let partCount: Int

    /// About what reading a series, reading a sample and making a value take, nanoseconds.
    private static let seriesCost = 500.0
    private static let sampleCost = 2.0
    private static let valueCost = 4.0
    /// What takes less is not worth to be divided, nanoseconds.
    private static let leastCost = 2_000_000.0
    /// About what a part takes, nanoseconds: short enough for others to have their turn soon.
    private static let partCost = 1_000_000.0
    /// The most values that a part makes, about; they are held until their turn comes.
    private static let partValueLimit = 131_072.0
    /// The most parts: where each begins has to be looked for in every block.
    private static let partLimit = 1_024.0

    /// Nil when the work is better done at one go.
    init?(_ selection: any SeriesSelection, stepCount: Int) {
        let series = Double(selection.seriesEstimate)
        let values = series * Double(stepCount)
        let cost =
            series * Self.seriesCost + Double(selection.sampleEstimate) * Self.sampleCost + values * Self.valueCost
        if cost < Self.leastCost || series < 2 { return nil }
        partCount = Int(min(max(cost / Self.partCost, values / Self.partValueLimit, 2), Self.partLimit, series))
    }
}
