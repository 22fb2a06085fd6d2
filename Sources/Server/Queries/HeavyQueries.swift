import Synchronization

/// Remembers which queries were heavy lately, so that they need not show it again: dashboards ask the same over and over.
final class HeavyQueries: Sendable {
    /// So many are remembered; the one noted longest ago is forgotten first.
    static let countLimit = 1_000

    private struct State {
        /// By hash: when it was noted last.
        var known: [Int: Int] = [:]
        var nextNumber = 0
    }

    private let state = Mutex(State())

    /// Whether a query was heavy lately.
    func contains(_ query: QueryKey) -> Bool {
        let hash = query.hashValue
        return state.withLock { $0.known[hash] != nil }
    }

    /// Remembers that a query was heavy, or forgets it because it was not.
    func note(_ query: QueryKey, isHeavy: Bool) {
        let hash = query.hashValue
        state.withLock { state in
            guard isHeavy else {
                state.known[hash] = nil
                return
            }
            state.known[hash] = state.nextNumber
            state.nextNumber += 1
            if state.known.count > Self.countLimit, let oldest = state.known.min(by: { $0.value < $1.value }) {
                state.known[oldest.key] = nil
            }
        }
    }
}

/// What makes a query cost what it costs: the expression, and how much time is asked for in which steps.
struct QueryKey: Hashable, Sendable {
    /// The expression as it was written.
    var expression: String
    /// From the first time to the last, milliseconds.
    var span: Int64 = 0
    /// The step, milliseconds; 0 for one time.
    var step: Int64 = 0
}
