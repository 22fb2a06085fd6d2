import TelemetryModel

/// The series with the largest or smallest values of one group at every step, found while the columns pass: only series that
/// are among the best somewhere are held.
struct RankedGroup {
    /// For each step its best values.
    private var heaps: [ValueHeap]
    /// The series in the heaps by their index, and how many heaps each is in.
    private var kept: [Int: (labels: Labels, uses: Int)] = [:]

    /// Keeps at most `limits` values at each step.
    init(isTop: Bool, limits: [Int]) {
        heaps = limits.map { limit in
            var heap = ValueHeap(isTop: isTop)
            heap.removeAll(limit: limit)
            return heap
        }
    }

    /// Takes the column of a series; they come by rising index. Returns in how many steps it is among the best so far.
    mutating func add(_ column: ColumnView, _ index: Int) -> Int {
        var uses = 0
        for step in heaps.indices {
            switch heaps[step].add(column.values[step], index) {
            case .refused: continue
            case .added: break
            case .replaced(let other): release(other)
            }
            uses += 1
        }
        if uses > 0 { kept[index] = (Labels(canonicalBytes: Array(column.labelBytes)), uses) }
        return uses
    }

    private mutating func release(_ index: Int) {
        guard let uses = kept[index]?.uses else { return }
        if uses == 1 { kept[index] = nil } else { kept[index]?.uses = uses - 1 }
    }

    /// The series with their values where they are among the best: in this order at a single step, else as they came.
    func columns(_ emptyValues: () throws -> [Double]) rethrows -> [Column] {
        let order = heaps.count == 1 ? heaps[0].inOrder.map(\.index) : kept.keys.sorted()
        var places: [Int: Int] = [:]
        var columns = try order.map { index in
            places[index] = places.count
            return Column(labels: kept[index]?.labels ?? .empty, values: try emptyValues())
        }
        for (step, heap) in heaps.enumerated() {
            for (value, index) in heap.entries { if let place = places[index] { columns[place].values[step] = value } }
        }
        return columns
    }
}
