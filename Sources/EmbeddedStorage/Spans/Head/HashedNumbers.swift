/// Finds numbers by the hash of what they stand for: open addressing over pairs of 32 bits of the hash and a number. What a
/// number stands for is looked at only when those bits agree, and never to make the table larger.
struct HashedNumbers: Sendable {
    private struct Slot {
        var bits: UInt32
        /// Number + 1, or 0 for a free slot.
        var number: UInt32
    }

    /// A power of two.
    private var slots: [Slot]
    /// How many numbers there are.
    private(set) var count = 0

    /// What a number costs in memory, bytes, when the table is as empty as it gets.
    static let bytesPerNumber = 4 * MemoryLayout<Slot>.stride

    /// Has room for about so many numbers.
    init(capacity: Int = 8) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [Slot](repeating: Slot(bits: 0, number: 0), count: size)
    }

    /// The first number of this hash that `isWanted` takes.
    @inline(__always)
    func first(_ hash: UInt64, where isWanted: (Int) -> Bool) -> Int? {
        let bits = UInt32(truncatingIfNeeded: hash)
        let mask = slots.count &- 1
        var slot = Int(bits) & mask
        while slots[slot].number != 0 {
            if slots[slot].bits == bits {
                let number = Int(slots[slot].number &- 1)
                if isWanted(number) { return number }
            }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    /// Adds a number, which must be below 2³² - 1.
    mutating func insert(_ number: Int, _ hash: UInt64) {
        if count * 2 >= slots.count { grow() }
        count += 1
        claim(Slot(bits: UInt32(truncatingIfNeeded: hash), number: UInt32(number) + 1))
    }

    private mutating func claim(_ new: Slot) {
        let mask = slots.count &- 1
        var slot = Int(new.bits) & mask
        while slots[slot].number != 0 { slot = (slot &+ 1) & mask }
        slots[slot] = new
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(bits: 0, number: 0), count: old.count * 2)
        for slot in old where slot.number != 0 { claim(slot) }
    }
}
