import ByteCoding

/// A key made of numbers, hashed by a few multiplications: for tables that are asked several times a span.
protocol SymbolicKey: Equatable {
    /// The same for equal keys, and different for most others.
    var hash: UInt64 { get }
}

/// Rows by keys made of numbers: open addressing over indexes, keys and rows in the order in which they came.
struct SymbolicTable<Key: SymbolicKey, Row> {
    private(set) var keys: [Key] = []
    private(set) var rows: [Row] = []
    /// Index + 1, or 0 for a free slot; a power of two.
    private var slots = [UInt32](repeating: 0, count: 64)

    /// The index of a key's row, which is made if it is not there.
    mutating func index(_ key: Key, makeRow: () -> Row) -> Int {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: key.hash) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot] &- 1)
            if keys[index] == key { return index }
            slot = (slot &+ 1) & mask
        }
        keys.append(key)
        rows.append(makeRow())
        slots[slot] = UInt32(keys.count)
        if keys.count * 2 > slots.count { grow() }
        return keys.count - 1
    }

    /// A row by its index.
    subscript(index: Int) -> Row {
        _read { yield rows[index] }
        _modify { yield &rows[index] }
    }

    private mutating func grow() {
        let size = slots.count * 2
        slots = [UInt32](repeating: 0, count: size)
        for (index, key) in keys.enumerated() {
            var slot = Int(truncatingIfNeeded: key.hash) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}
