import Synchronization

/// What became of the spans that ended.
public struct ExportStatistics: Sendable, Hashable {
    /// Spans that ended and were sampled.
    public var ended = 0
    /// Spans that a server has accepted.
    public var exported = 0
    /// Spans dropped because the queue was full.
    public var droppedByQueue = 0
    /// Spans of ``FastSpan`` that found no slot free.
    public var droppedByFastSpanLimit = 0
    /// Spans given up after the last attempt to send them, or at shutdown.
    public var droppedByExport = 0
    /// Spans that a server has refused for good.
    public var refused = 0
    /// Spans that wait or are on their way.
    public var waiting = 0

    /// No spans yet.
    public init() {}
}

/// The spans that wait to be sent, in batches; bounded in number and bytes, the newest are dropped.
final class SpanQueue: Sendable {
    private struct State {
        var full: [[SpanRecord]] = []
        var filling: [SpanRecord] = []
        var waitingCount = 0
        var waitingByteCount = 0
        var isClosed = false
        var statistics = ExportStatistics()
        /// Spans taken in, and spans whose fate is known: what a flush compares.
        var takenCount = 0
        var settledCount = 0
        var flushes: [Int: (target: Int, wake: CheckedContinuation<Void, Never>)] = [:]
        var nextFlush = 0
    }

    /// How much one of its spans may hold.
    let spanLimits: SpanLimits
    private let spanLimit: Int
    private let byteLimit: Int
    private let batchLimit: Int
    private let wake: @Sendable () -> Void
    private let state = Mutex(State())

    /// `wake` is called when a batch is full.
    init(
        spanLimits: SpanLimits, spanLimit: Int, byteLimit: Int, batchLimit: Int, wake: @escaping @Sendable () -> Void
    ) {
        self.spanLimits = spanLimits
        self.spanLimit = max(1, spanLimit)
        self.byteLimit = byteLimit
        self.batchLimit = min(max(1, batchLimit), self.spanLimit)
        self.wake = wake
    }

    var statistics: ExportStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waiting = state.takenCount - state.settledCount
            return statistics
        }
    }

    /// Takes a span in, or drops and counts it.
    func take(_ span: SpanRecord) {
        let byteCount = span.byteCount
        let isBatchFull = state.withLock { state -> Bool in
            state.statistics.ended += 1
            if state.isClosed || state.waitingCount >= spanLimit || state.waitingByteCount + byteCount > byteLimit {
                state.statistics.droppedByQueue += 1
                return false
            }
            state.filling.append(span)
            state.takenCount += 1
            state.waitingCount += 1
            state.waitingByteCount += byteCount
            guard state.filling.count == batchLimit else { return false }
            state.full.append(state.filling)
            state.filling = []
            state.filling.reserveCapacity(batchLimit)
            return true
        }
        if isBatchFull { wake() }
    }

    /// The oldest batch, full or not; nil when nothing waits. It goes on counting against the limits until it is settled.
    func next() -> [SpanRecord]? {
        state.withLock { state in
            if !state.full.isEmpty { return state.full.removeFirst() }
            if state.filling.isEmpty { return nil }
            defer { state.filling = [] }
            return state.filling
        }
    }

    /// Writes down what became of a batch, and wakes the flushes that waited for it.
    func settle(_ batch: [SpanRecord], _ outcome: SpanExporter.Outcome) {
        let byteCount = batch.reduce(0) { $0 + $1.byteCount }
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            switch outcome {
            case .accepted(let refusedCount):
                let refused = min(max(refusedCount, 0), batch.count)
                state.statistics.refused += refused
                state.statistics.exported += batch.count - refused
            case .refused: state.statistics.refused += batch.count
            case .failed: state.statistics.droppedByExport += batch.count
            }
            state.waitingCount -= batch.count
            state.waitingByteCount -= byteCount
            state.settledCount += batch.count
            let done = state.flushes.filter { $0.value.target <= state.settledCount }
            for id in done.keys { state.flushes[id] = nil }
            return done.values.map(\.wake)
        }
        for wake in woken { wake.resume() }
    }

    /// Takes nothing in from now on, and gives up what still waits.
    func close() {
        state.withLock { $0.isClosed = true }
        while let batch = next() { settle(batch, .failed) }
    }

    /// Waits until the fate of everything taken in so far is known, or the task is cancelled.
    func waitUntilSettled() async {
        let id = state.withLock { state -> Int in
            state.nextFlush += 1
            return state.nextFlush
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (wake: CheckedContinuation<Void, Never>) in
                let isDone = state.withLock { state -> Bool in
                    if Task.isCancelled || state.settledCount == state.takenCount { return true }
                    state.flushes[id] = (state.takenCount, wake)
                    return false
                }
                if isDone { wake.resume() }
            }
        } onCancel: {
            state.withLock { $0.flushes.removeValue(forKey: id) }?.wake.resume()
        }
    }
}
