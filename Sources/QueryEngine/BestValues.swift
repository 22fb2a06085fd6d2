/// The largest or smallest of the values of one step, as a heap with the worst of them on top; NaN is worse than any number,
/// and of equal values the earlier series is better.
struct BestValues {
    private let isTop: Bool
    private var limit = 0
    private(set) var entries: [(value: Double, index: Int)] = []

    init(isTop: Bool) { self.isTop = isTop }

    /// Starts anew; at most `limit` values will be kept.
    mutating func removeAll(limit: Int) {
        self.limit = limit
        entries.removeAll(keepingCapacity: true)
    }

    /// Takes the value of a series if it is good enough; series come by rising index.
    mutating func add(_ value: Double, _ index: Int) {
        if Column.isAbsent(value) { return }
        if entries.count < limit {
            entries.append((value, index))
            siftUp(entries.count - 1)
        } else if isBetter((value, index), entries[0]) {
            entries[0] = (value, index)
            siftDown()
        }
    }

    /// From the best to the worst.
    var inOrder: [(value: Double, index: Int)] { entries.sorted { isBetter($0, $1) } }

    private func isBetter(_ a: (value: Double, index: Int), _ b: (value: Double, index: Int)) -> Bool {
        if a.value.isNaN || b.value.isNaN { return a.value.isNaN == b.value.isNaN ? a.index < b.index : b.value.isNaN }
        return a.value == b.value ? a.index < b.index : isTop ? a.value > b.value : a.value < b.value
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0, isBetter(entries[(child - 1) / 2], entries[child]) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var worst = parent
            for child in (2 * parent + 1)...(2 * parent + 2) where child < entries.count {
                if isBetter(entries[worst], entries[child]) { worst = child }
            }
            if worst == parent { return }
            entries.swapAt(parent, worst)
            parent = worst
        }
    }
}
