import ByteCoding
import TelemetryModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds the number of a series by the bytes of its labels, canonical or in whatever form senders write them: open
/// addressing, nothing allocated for what is known.
struct SeriesTable {
    private struct Form {
        var hash: UInt64
        var start: Int
        var count: UInt32
        var isMessages: Bool
        var series: UInt32
    }

    /// Series by their canonical labels, which stand elsewhere.
    private var canonical = HashSlots()
    private var canonicalHashes: [UInt64] = []
    /// Other forms of labels.
    private var formSlots = HashSlots()
    private var forms: [Form] = []
    private var arena: [UInt8] = []

    /// How many other forms are known.
    var formCount: Int { forms.count }

    /// The series with these canonical labels; `labels` are those of all series.
    func find(_ bytes: UnsafeRawBufferPointer, hash: UInt64, canonical labels: [Labels]) -> UInt32? {
        canonical.find(hash) { number in
            canonicalHashes[number] == hash && labels[number].bytes.withUnsafeBytes { Self.equals($0, bytes) }
        }.map { UInt32($0) }
    }

    /// The series that a sender calls so.
    @inline(__always)
    func findForm(_ bytes: UnsafeRawBufferPointer, hash: UInt64, isMessages: Bool) -> UInt32? {
        let found = arena.withUnsafeBytes { arena in
            formSlots.find(hash) { number in
                let form = forms[number]
                return form.hash == hash && form.isMessages == isMessages && Int(form.count) == bytes.count
                    && Self.equals(UnsafeRawBufferPointer(rebasing: arena[form.start..<(form.start &+ bytes.count)]), bytes)
            }
        }
        return found.map { forms[$0].series }
    }

    @inline(__always)
    private static func equals(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard let left = a.baseAddress, let right = b.baseAddress else { return a.count == b.count }
        return a.count == b.count && memcmp(left, right, a.count) == 0
    }

    /// Adds the canonical labels of the next series.
    mutating func insertCanonical(hash: UInt64, series: UInt32) {
        precondition(Int(series) == canonicalHashes.count, "series are numbered one by one")
        canonicalHashes.append(hash)
        let hashes = canonicalHashes
        canonical.insert(hash) { hashes[$0] }
    }

    /// Adds a form that is not known yet.
    mutating func insertForm(_ bytes: UnsafeRawBufferPointer, hash: UInt64, isMessages: Bool, series: UInt32) {
        forms.append(
            Form(hash: hash, start: arena.count, count: UInt32(bytes.count), isMessages: isMessages, series: series))
        arena.append(contentsOf: bytes)
        let all = forms
        formSlots.insert(hash) { all[$0].hash }
    }

    /// Forgets all forms but the canonical ones.
    mutating func removeForms() {
        formSlots = HashSlots()
        forms = []
        arena = []
    }

    /// Takes over the forms of the series that stay, under their new numbers.
    mutating func takeForms(of old: SeriesTable, _ numbers: [UInt32?]) {
        old.arena.withUnsafeBytes { arena in
            for form in old.forms {
                guard let number = numbers[Int(form.series)] else { continue }
                let bytes = UnsafeRawBufferPointer(rebasing: arena[form.start..<(form.start + Int(form.count))])
                insertForm(bytes, hash: form.hash, isMessages: form.isMessages, series: number)
            }
        }
    }
}

/// The slots of a hash table whose items are numbered from 0 and stand elsewhere.
private struct HashSlots {
    /// Number + 1, or 0 for a free slot; always a power of two.
    private var slots = [UInt32](repeating: 0, count: 1_024)
    private var count = 0

    /// The item of this hash for which `isEqual` holds.
    @inline(__always)
    func find(_ hash: UInt64, _ isEqual: (Int) -> Bool) -> Int? {
        slots.withUnsafeBufferPointer { slots in
            let mask = slots.count &- 1
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 {
                let number = Int(slots[slot] &- 1)
                if isEqual(number) { return number }
                slot = (slot &+ 1) & mask
            }
            return nil
        }
    }

    /// Adds the next item; `hashOf` gives the hash of each.
    mutating func insert(_ hash: UInt64, _ hashOf: (Int) -> UInt64) {
        count += 1
        if count * 2 > slots.count {
            slots = [UInt32](repeating: 0, count: slots.count * 2)
            for number in 0..<count { occupy(hashOf(number), number) }
        } else {
            occupy(hash, count - 1)
        }
    }

    private mutating func occupy(_ hash: UInt64, _ number: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(number + 1)
    }
}
