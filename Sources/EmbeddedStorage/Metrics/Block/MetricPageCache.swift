import Synchronization

/// What has been read from blocks of metrics lately, within a limit of bytes.
///
/// Two generations: what is used moves to the younger one; when that has half the bytes, the elder one is dropped and the
/// younger one takes its place. So nothing has to be kept in order on each use.
final class MetricPageCache: Sendable {
    /// What an item is found under.
    struct Key: Hashable {
        var block: UInt64
        var part: Part
        var number: Int
    }

    /// What an item is.
    enum Part: UInt8 { case symbols, series, times, postings, timestamps, valueBytes, timeBytes }

    /// An item.
    enum Item {
        case symbols(SymbolPage)
        case series(SeriesPage)
        case times(TimePage)
        case postings(PostingsPage)
        case timestamps(Timestamps)
        case bytes(CheckedBytes)
    }

    private struct Generation {
        var items: [Key: (item: Item, byteCount: Int)] = [:]
        var byteCount = 0
    }

    private struct State {
        var young = Generation()
        var elder = Generation()
    }

    private let state = Mutex(State())
    private let byteLimit: Int

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// The bytes held.
    var byteCount: Int { state.withLock { $0.young.byteCount + $0.elder.byteCount } }

    func find(_ key: Key) -> Item? {
        state.withLock { state in
            if let known = state.young.items[key] { return known.item }
            guard let known = state.elder.items.removeValue(forKey: key) else { return nil }
            state.elder.byteCount -= known.byteCount
            insert(known.item, key, known.byteCount, &state)
            return known.item
        }
    }

    /// Keeps an item; of two that two threads made, the first stays.
    func insert(_ item: Item, _ key: Key, byteCount: Int) {
        state.withLock { state in
            if state.young.items[key] == nil, state.elder.items[key] == nil { insert(item, key, byteCount, &state) }
        }
    }

    private func insert(_ item: Item, _ key: Key, _ byteCount: Int, _ state: inout State) {
        if byteCount > byteLimit / 2 { return }
        if state.young.byteCount + byteCount > byteLimit / 2 {
            state.elder = state.young
            state.young = Generation()
        }
        state.young.items[key] = (item, byteCount)
        state.young.byteCount += byteCount
    }
}
