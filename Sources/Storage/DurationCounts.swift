import TelemetryModel

/// The buckets of the sketches of many groups in one open hash table: adding a duration costs a multiplication and mostly one
/// look, where a sketch searches its buckets, and a group of few durations takes little room.
struct DurationCounts: Sendable {
    private struct Slot: Sendable {
        /// Group and bucket, + 1; 0 for a free slot.
        var key: UInt32 = 0
        var count: UInt64 = 0
    }

    /// A power of two; at least half of them are free.
    private var slots = [Slot](repeating: Slot(), count: 1 << 10)
    private var usedCount = 0
    private var shift: UInt32 = 32 - 10

    /// Bits of a key that are the bucket's.
    private static let bucketBits: UInt32 = 12
    /// One more than the greatest group.
    static let groupLimit = 1 << 19

    /// Counts a duration of a bucket for a group below ``groupLimit``.
    @inline(__always)
    mutating func add(group: Int, bucket: UInt16) {
        let key = (UInt32(truncatingIfNeeded: group) &<< Self.bucketBits | UInt32(bucket)) &+ 1
        let mask = slots.count &- 1
        var place = place(key)
        while slots[place].key != key {
            if slots[place].key == 0 { return insert(key) }
            place = (place &+ 1) & mask
        }
        slots[place].count &+= 1
    }

    /// Where a key is looked for first. Four buckets in a row share a line of the processor's cache.
    @inline(__always)
    private func place(_ key: UInt32) -> Int { Int((((key &>> 2) &* 0x9E37_79B1) &>> shift) & ~3 | key & 3) }

    private mutating func insert(_ key: UInt32) {
        if (usedCount + 1) * 2 > slots.count { grow() }
        usedCount += 1
        put(Slot(key: key, count: 1))
    }

    private mutating func put(_ slot: Slot) {
        var place = place(slot.key)
        while slots[place].key != 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: old.count * 2)
        shift -= 1
        for slot in old where slot.key != 0 { put(slot) }
    }

    /// The buckets of each group, rising, of so many groups.
    func buckets(groupCount: Int) -> [[DurationSketch.Bucket]] {
        var buckets = [[DurationSketch.Bucket]](repeating: [], count: groupCount)
        for slot in slots.filter({ $0.key != 0 }).sorted(by: { $0.key < $1.key }) {
            let group = Int((slot.key - 1) >> Self.bucketBits)
            let index = UInt16(truncatingIfNeeded: (slot.key - 1) & (1 << Self.bucketBits - 1))
            buckets[group].append(DurationSketch.Bucket(index: index, count: slot.count))
        }
        return buckets
    }
}
