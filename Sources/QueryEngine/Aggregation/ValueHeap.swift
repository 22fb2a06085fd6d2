/// The values of one step as a binary heap with the worst of them on top; NaN is worse than any number.
///
/// Which of several equal values stay, and in which order they are shown, follows from the heap alone. Prometheus keeps one of
/// the same build, so that its ties fall the same way here.
struct ValueHeap {
    typealias Entry = (value: Double, index: Int)

    private let isTop: Bool
    private var limit = 0
    private(set) var entries: [Entry] = []

    /// Keeps the largest values, or the smallest.
    init(isTop: Bool) { self.isTop = isTop }

    /// Starts anew; at most `limit` values will be kept.
    mutating func removeAll(limit: Int) {
        self.limit = limit
        entries.removeAll(keepingCapacity: true)
    }

    /// What became of a value.
    enum Outcome {
        case refused
        case added
        /// The value of the series of this index gave way.
        case replaced(Int)
    }

    /// Takes the value of a series if there is room or it is better than the worst; series come by rising index.
    @discardableResult
    mutating func add(_ value: Double, _ index: Int) -> Outcome {
        if Column.isAbsent(value) { return .refused }
        if entries.count < limit {
            entries.append((value, index))
            siftUp()
            return .added
        }
        guard let worst = entries.first, isWorse(worst.value, than: value) else { return .refused }
        entries[0] = (value, index)
        siftDown()
        return .replaced(worst.index)
    }

    /// From the best to the worst, by insertion from the left; equal values stay as they lie in the heap.
    var inOrder: [Entry] {
        var sorted = entries
        ValueOrder.sort(&sorted) { [self] in isBelow($1.value, $0.value) }
        return sorted
    }

    /// Whether a kept value gives way to another one.
    private func isWorse(_ kept: Double, than other: Double) -> Bool {
        (isTop ? kept < other : kept > other) || (kept.isNaN && !other.isNaN)
    }

    /// Whether a value belongs above another one in the heap.
    private func isBelow(_ a: Double, _ b: Double) -> Bool { a.isNaN || (isTop ? a < b : a > b) }

    private mutating func siftUp() {
        var child = entries.count - 1
        while child > 0, isBelow(entries[child].value, entries[(child - 1) / 2].value) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while 2 * parent + 1 < entries.count {
            var child = 2 * parent + 1
            if child + 1 < entries.count, isBelow(entries[child + 1].value, entries[child].value) { child += 1 }
            if !isBelow(entries[child].value, entries[parent].value) { return }
            entries.swapAt(parent, child)
            parent = child
        }
    }
}

/// Sorting that treats few elements as Prometheus does, also where the order is none: its comparisons call NaN smaller than
/// NaN, and `01` both before and behind `1`.
enum ValueOrder {
    /// Prometheus inserts up to so many one after the other; beyond, equal elements may come out in another order.
    private static let insertionLimit = 12

    /// Sorts by a comparison that tells whether the first element belongs before the second.
    static func sort<Element>(_ elements: inout [Element], _ precedes: (Element, Element) throws -> Bool) rethrows {
        if elements.count > insertionLimit { return try elements.sort(by: precedes) }
        for start in elements.indices.dropFirst() {
            var place = start
            while place > 0, try precedes(elements[place], elements[place - 1]) {
                elements.swapAt(place, place - 1)
                place -= 1
            }
        }
    }
}
