import ByteCoding
import TelemetryModel

/// Numbers the groups that series fall into, by the bytes of the labels that groups have in common; a series of a known group
/// allocates nothing.
struct GroupTable {
    private let filter: LabelFilter
    private var key: [UInt8] = []
    /// The labels of each group, one behind the other.
    private var arena: [UInt8] = []
    private var groups: [(start: Int, count: Int, hash: UInt64)] = []
    /// The group that was asked for last: neighbours often belong together.
    private var last = 0
    /// Group + 1, or 0 for a free slot; always a power of two, at most half full.
    private var slots = [Int](repeating: 0, count: 64)

    init(_ filter: LabelFilter) { self.filter = filter }

    /// How many groups there are.
    var count: Int { groups.count }

    /// The labels of a group.
    func labels(_ group: Int) -> Labels {
        let (start, count, _) = groups[group]
        return Labels(canonicalBytes: Array(arena[start..<(start + count)]))
    }

    /// The group of a series.
    mutating func group(of labels: UnsafeRawBufferPointer) -> Int {
        // Everything in one group needs no look at the labels.
        if filter.dropsAll, !groups.isEmpty { return 0 }
        filter.apply(labels, into: &key)
        if last < groups.count, isKey(last) { return last }
        last = find()
        return last
    }

    private mutating func find() -> Int {
        let hash = key.withUnsafeBytes { SeededHash.hash($0) }
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let group = slots[slot] &- 1
            if groups[group].hash == hash, isKey(group) { return group }
            slot = (slot &+ 1) & mask
        }
        return add(hash)
    }

    private func isKey(_ group: Int) -> Bool {
        let (start, count, _) = groups[group]
        if count != key.count { return false }
        return arena.withUnsafeBytes { arena in
            key.withUnsafeBytes { RawBytes.equal(UnsafeRawBufferPointer(rebasing: arena[start..<(start &+ count)]), $0) }
        }
    }

    private mutating func add(_ hash: UInt64) -> Int {
        groups.append((arena.count, key.count, hash))
        arena.append(contentsOf: key)
        if groups.count * 2 > slots.count {
            slots = [Int](repeating: 0, count: slots.count * 4)
            for group in groups.indices { occupy(group) }
        } else {
            occupy(groups.count - 1)
        }
        return groups.count - 1
    }

    private mutating func occupy(_ group: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: groups[group].hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = group + 1
    }
}
