/// A column of integers in groups of 128: each value as its distance from the group's base in so many bits as most of them
/// need; the others are exceptions behind the group. A group of equal values takes three bytes.
///
/// Group: base (zigzag varint), width (byte), number of exceptions (byte), then the packed distances, then the exceptions
/// (index byte, difference from the base as zigzag varint).
public enum PackedIntegers {
    /// How many values share a base and a width.
    public static let groupCount = 128

    /// Appends the column to `writer`.
    public static func encode(_ values: [Int64], into writer: inout ByteWriter) {
        var start = 0
        while start < values.count {
            let end = min(start + groupCount, values.count)
            encodeGroup(values[start..<end], into: &writer)
            start = end
        }
    }

    private static func encodeGroup(_ group: ArraySlice<Int64>, into writer: inout ByteWriter) {
        let plan = GroupPlan(group)
        writer.writeSignedVarint(plan.base)
        writer.writeByte(UInt8(plan.width))
        writer.writeByte(UInt8(plan.exceptionCount))
        var exceptions = ByteWriter()
        var pending: UInt64 = 0
        var pendingBits = 0
        let mask = plan.mask
        for (index, value) in zip(0..., group) {
            var distance = UInt64(bitPattern: value &- plan.base)
            if distance & ~mask != 0 {
                exceptions.writeByte(UInt8(index))
                exceptions.writeSignedVarint(value &- plan.base)
                distance = 0
            }
            if plan.width == 0 { continue }
            pending |= distance &<< UInt64(pendingBits)
            pendingBits += plan.width
            if pendingBits >= 64 {
                writer.writeInteger(pending)
                pendingBits -= 64
                // The bits that did not fit; a shift by the whole width of the word gives nothing of it.
                pending = pendingBits == 0 ? 0 : distance &>> UInt64(plan.width - pendingBits)
            }
        }
        while pendingBits > 0 {
            writer.writeByte(UInt8(truncatingIfNeeded: pending))
            pending &>>= 8
            pendingBits -= 8
        }
        writer.writeBytes(exceptions.bytes)
    }

    /// Reads `count` values, which the caller bounds.
    public static func decode(_ reader: inout ByteReader, count: Int) throws(ByteCodingError) -> [Int64] {
        var values: [Int64] = []
        values.reserveCapacity(count)
        while values.count < count {
            try decodeGroup(&reader, count: min(groupCount, count - values.count), into: &values)
        }
        return values
    }

    private static func decodeGroup(
        _ reader: inout ByteReader, count: Int, into values: inout [Int64]
    ) throws(ByteCodingError) {
        let start = reader.position
        let base = try reader.readSignedVarint()
        let width = Int(try reader.readByte())
        let exceptionCount = Int(try reader.readByte())
        if width > 64 || exceptionCount > count { throw .malformed(at: start, "an impossible group of integers") }
        let packed = try reader.readBytes((count * width + 7) / 8)
        let first = values.count
        if width == 0 {
            values.append(contentsOf: repeatElement(base, count: count))
        } else {
            let mask: UInt64 = width == 64 ? .max : (1 &<< UInt64(width)) &- 1
            var bit = 0
            for _ in 0..<count {
                values.append(base &+ Int64(bitPattern: bits(packed, at: bit, width: width) & mask))
                bit &+= width
            }
        }
        for _ in 0..<exceptionCount {
            let index = Int(try reader.readByte())
            if index >= count { throw .malformed(at: reader.position, "an exception outside of its group") }
            values[first + index] = base &+ (try reader.readSignedVarint())
        }
    }

    /// At least `width` bits from bit `position` on; never touches a byte behind the end.
    @inline(__always)
    private static func bits(_ packed: UnsafeRawBufferPointer, at position: Int, width: Int) -> UInt64 {
        let byte = position &>> 3
        let shift = UInt64(position & 7)
        if byte &+ 9 <= packed.count {
            let low = UInt64(littleEndian: packed.loadUnaligned(fromByteOffset: byte, as: UInt64.self)) &>> shift
            return shift == 0 ? low : low | UInt64(packed[byte &+ 8]) &<< (64 &- shift)
        }
        var result: UInt64 = 0
        for index in 0..<min(9, packed.count &- byte) {
            let value = UInt64(packed[byte &+ index])
            let place = 8 &* index &- Int(shift)
            if place < 64 { result |= place >= 0 ? value &<< UInt64(place) : value &>> UInt64(-place) }
        }
        return result
    }
}

/// Base and width under which a group takes the least space.
private struct GroupPlan {
    var base: Int64 = 0
    var width = 64
    var exceptionCount = 0

    var mask: UInt64 { width == 64 ? .max : (1 &<< UInt64(width)) &- 1 }

    init(_ group: ArraySlice<Int64>) {
        let sorted = group.sorted()
        var best = Int.max
        // A low outlier must not widen the others: the base may be a value above the lowest.
        for candidate in [0, 1, 3, 6] where candidate < sorted.count {
            // Values equal to the base are no exceptions.
            let below = sorted.firstIndex(of: sorted[candidate]) ?? candidate
            consider(sorted[candidate], sorted, below: below, &best)
            if best == 0 { return }
        }
    }

    private mutating func consider(_ base: Int64, _ sorted: [Int64], below: Int, _ best: inout Int) {
        var counts = [Int](repeating: 0, count: 65)
        for value in sorted[below...] {
            counts[64 - UInt64(bitPattern: value &- base).leadingZeroBitCount] += 1
        }
        var above = 0
        for width in stride(from: 64, through: 0, by: -1) {
            let exceptions = above + below
            // An exception costs its index and, roughly, a varint of what it needs beyond the width.
            let cost = sorted.count * width + exceptions * (8 + 16)
            if cost < best {
                best = cost
                self.base = base
                self.width = width
                exceptionCount = exceptions
            }
            above += counts[width]
        }
    }
}
