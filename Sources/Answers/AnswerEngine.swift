import Platform
import Storage
import TelemetryModel
import TraceAnalysis

/// Answers the questions of the analysis API, once for HTTP, alerts, scaling, reports and the command line.
///
/// Calls block: run them on a `BlockingPool`. They throw ``AnswerError`` for questions that make no sense and
/// `StorageError` where the store does. Each question has its own file.
public final class AnswerEngine: Sendable {
    let traces: any TraceReader
    let rollups: any RollupReader
    let metrics: any MetricReader
    let clock: any TimeSource

    /// Answers from these stores; `time` says what "the last hour" is.
    public init(traces: any TraceReader, rollups: any RollupReader, metrics: any MetricReader, time: any TimeSource) {
        self.traces = traces
        self.rollups = rollups
        self.metrics = metrics
        self.clock = time
    }

    /// Answers from a whole store.
    public convenience init(store: any Store, time: any TimeSource) {
        self.init(traces: store, rollups: store, metrics: store, time: time)
    }

    func window(_ request: AnswerRequest) throws -> AnswerWindow { try AnswerWindow(request, now: clock.now()) }

    /// The sums of a window: from the store's whole minutes, and from the spans themselves for the minutes that a window
    /// kept to the nanosecond touches only in part.
    func table(_ window: AnswerWindow, _ parts: RollupParts = .all) throws -> RollupTable {
        try table(window, parts) { try rollups.rollups(minutes: $0, parts: parts) }
    }

    /// Rows whose minutes do not matter: the sums of a long window, the minutes of a short one, each of which brings an
    /// example. Times of nodes have none.
    func exampleRows(_ window: AnswerWindow, _ parts: RollupParts) throws -> RollupTable {
        let minutes = window.minutes
        if minutes.upperBound - minutes.lowerBound >= Self.shortWindow { return try sums(window, parts) }
        if window.exact || !parts.contains(.nodes) { return try table(window, parts) }
        var rows = try table(window, parts.subtracting(.nodes))
        rows.nodes = try sums(window, .nodes).nodes
        return rows
    }

    /// Windows of so many minutes are answered from minutes where several examples are wanted.
    private static let shortWindow: Int64 = 15

    /// The same over all minutes, under minute 0.
    func sums(_ window: AnswerWindow, _ parts: RollupParts) throws -> RollupTable {
        try table(window, parts) { try rollups.sums(minutes: $0, parts: parts) }.withoutMinutes(window.exact)
    }

    private func table(
        _ window: AnswerWindow, _ parts: RollupParts, _ whole: (ClosedRange<Int64>) throws -> RollupTable
    ) throws -> RollupTable {
        guard window.exact else { return try whole(window.minutes) }
        let first = Int64(window.from / AnswerWindow.minute) + (window.from % AnswerWindow.minute == 0 ? 0 : 1)
        let end = Int64(window.to / AnswerWindow.minute)
        guard first < end else { return try recount(from: window.from, to: window.to).only(parts) }
        var table = try whole(first...(end - 1))
        // The names that the store has keep their places beside those of the edges.
        var vocabulary = RollupVocabulary()
        vocabulary.learn(table)
        for (from, to) in [(window.from, UInt64(first) * AnswerWindow.minute), (UInt64(end) * AnswerWindow.minute, window.to)] {
            table.merge(vocabulary.bounded(try recount(from: from, to: to)).only(parts))
        }
        return table
    }

    /// Adds up the spans that start in a range, to exclusive. Their traces are read whole, because self time and edges
    /// need the spans around them.
    private func recount(from: UInt64, to: UInt64) throws -> RollupTable {
        var table = RollupTable()
        guard from < to else { return table }
        try traces.scanTraces(from: from, through: to - 1) { batch in
            table.merge(RollupBuilder.rollup(batch, counting: from...(to - 1)))
        }
        return table
    }

    /// How many traces are in memory at once when many are read.
    static let traceChunk = 100
}

extension RollupTable {
    /// The sums under minute 0; as they are where that is so already.
    fileprivate func withoutMinutes(_ hasMinutes: Bool) -> RollupTable { hasMinutes ? summed { _ in 0 } : self }
}

extension Array {
    /// Slices of at most `size`, in order.
    func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
