import Synchronization

/// Remembers which queries were heavy lately, so that they need not show it again: dashboards ask the same over and over.
final class HeavyQueries: Sendable {
    /// So many are remembered; the oldest is forgotten first.
    static let countLimit = 1_000

    private struct State {
        var known: Set<Int> = []
        var order: [Int] = []
        var next = 0
    }

    private let state = Mutex(State())

    /// Whether a query was heavy lately.
    func contains(_ query: QueryKey) -> Bool { state.withLock { $0.known.contains(query.hashValue) } }

    /// Remembers that a query was heavy, or forgets it because it was not.
    func note(_ query: QueryKey, isHeavy: Bool) {
        let hash = query.hashValue
        state.withLock { state in
            if !isHeavy {
                state.known.remove(hash)
            } else if state.known.insert(hash).inserted {
                if state.order.count < Self.countLimit {
                    state.order.append(hash)
                } else {
                    state.known.remove(state.order[state.next])
                    state.order[state.next] = hash
                    state.next = (state.next + 1) % Self.countLimit
                }
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
