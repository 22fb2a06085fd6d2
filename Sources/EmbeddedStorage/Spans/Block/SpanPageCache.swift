import Storage
import Synchronization
import TelemetryModel

/// What has been read from blocks lately, decoded, within a limit of bytes; what was not used for longest goes first.
final class SpanPageCache: Sendable {
    /// What an item is found under.
    struct Key: Hashable {
        /// The block.
        var block: UInt64
        /// What it is.
        var part: Part
    }

    /// What an item is.
    enum Part: Hashable {
        case page(Int)
        /// The rows of a trace in a page, with everything.
        case trace(TraceID, page: Int)
        case indexChunk(Int)
        case rollups
        case digests
        case tables
        case catalog(SpanProjection)
    }

    /// An item.
    enum Item {
        case page(SharedSpanBatch)
        case indexChunk([TraceIndex.Entry])
        case rollups(RollupSection)
        case digests(PageDigests)
        case tables(SpanTables)
        case catalog(ClassCatalog)
    }

    private struct Slot {
        var item: Item
        var byteCount: Int
        var lastUse: UInt64
    }

    private struct State {
        var slots: [Key: Slot] = [:]
        var byteCount = 0
        var clock: UInt64 = 0

        /// Lets go of what was not used for longest until there are so many bytes; never of `newest`.
        mutating func shrink(to limit: Int, keeping newest: Key) {
            for (key, slot) in slots.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where key != newest {
                if byteCount <= limit { return }
                byteCount -= slot.byteCount
                slots[key] = nil
            }
        }
    }

    /// When it is full, one part in so many is emptied at once: there may be thousands of small traces, and looking through
    /// all of them for the oldest must not be paid for each that comes.
    private static let emptiedShare = 8

    private let state = Mutex(State())
    /// It holds at most so many bytes.
    let byteLimit: Int

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// The item, made by `read` if it is not there. Two threads may both make it; the later one stays.
    func item(_ key: Key, byteCount: (Item) -> Int, read: () throws -> Item) rethrows -> Item {
        if let known = known(key) { return known }
        let item = try read()
        insert(item, key, byteCount: byteCount(item))
        return item
    }

    /// Forgets everything of a block.
    func forget(block: UInt64) {
        state.withLock { state in
            for (key, slot) in state.slots where key.block == block {
                state.byteCount -= slot.byteCount
                state.slots[key] = nil
            }
        }
    }

    /// The bytes held.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// The item, if it is there.
    func known(_ key: Key) -> Item? {
        state.withLock { state in
            state.clock += 1
            guard let index = state.slots.index(forKey: key) else { return nil }
            state.slots.values[index].lastUse = state.clock
            return state.slots.values[index].item
        }
    }

    private func insert(_ item: Item, _ key: Key, byteCount: Int) {
        if byteCount > byteLimit { return }
        state.withLock { state in
            if let old = state.slots[key] { state.byteCount -= old.byteCount }
            state.slots[key] = Slot(item: item, byteCount: byteCount, lastUse: state.clock)
            state.byteCount += byteCount
            if state.byteCount > byteLimit { state.shrink(to: byteLimit - byteLimit / Self.emptiedShare, keeping: key) }
        }
    }
}
