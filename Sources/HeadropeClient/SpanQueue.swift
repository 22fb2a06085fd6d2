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
        var full: [WaitingSpans] = []
        var filling = WaitingSpans()
        /// Memory of batches that are settled.
        var spare: [WaitingSpans] = []
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

    /// So many batches' memory is kept for the next ones: while one is on its way, another one fills.
    private static let spareLimit = 2
    /// Memory of a batch with more attributes is not kept.
    private static let spareAttributeLimit = 1 << 14

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

    /// Takes in a span that has ended, or drops and counts it.
    func take(_ record: SpanRecord) { take { $0.append(record) } }

    /// Takes in the one span that `append` adds, or drops and counts it.
    func take(_ append: (inout WaitingSpans) -> Void) {
        let isBatchFull = state.withLock { state -> Bool in
            state.statistics.ended += 1
            if state.isClosed || state.waitingCount >= spanLimit {
                state.statistics.droppedByQueue += 1
                return false
            }
            let before = state.filling.byteCount
            append(&state.filling)
            let byteCount = state.filling.byteCount - before
            if state.waitingByteCount + byteCount > byteLimit {
                state.filling.removeLast(byteCount: before)
                state.statistics.droppedByQueue += 1
                return false
            }
            state.takenCount += 1
            state.waitingCount += 1
            state.waitingByteCount += byteCount
            guard state.filling.count == batchLimit else { return false }
            state.full.append(state.filling)
            state.filling = state.spare.popLast() ?? WaitingSpans()
            return true
        }
        if isBatchFull { wake() }
    }

    /// The oldest batch, full or not; nil when nothing waits. It goes on counting against the limits until it is settled.
    func next() -> WaitingSpans? {
        state.withLock { state in
            if !state.full.isEmpty { return state.full.removeFirst() }
            if state.filling.isEmpty { return nil }
            defer { state.filling = state.spare.popLast() ?? WaitingSpans() }
            return state.filling
        }
    }

    /// Writes down what became of a batch, and wakes the flushes that waited for it.
    func settle(_ batch: consuming WaitingSpans, _ outcome: SpanExporter.Outcome) {
        let count = batch.count
        let byteCount = batch.byteCount
        batch.removeAll()
        var spare = batch.attributeCapacity <= Self.spareAttributeLimit ? batch : nil
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            switch outcome {
            case .accepted(let refusedCount):
                let refused = min(max(refusedCount, 0), count)
                state.statistics.refused += refused
                state.statistics.exported += count - refused
            case .refused: state.statistics.refused += count
            case .failed: state.statistics.droppedByExport += count
            }
            if !state.isClosed, state.spare.count < Self.spareLimit, let memory = spare.take() { state.spare.append(memory) }
            state.waitingCount -= count
            state.waitingByteCount -= byteCount
            state.settledCount += count
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
