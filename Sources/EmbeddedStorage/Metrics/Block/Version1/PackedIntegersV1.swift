import ByteCoding

/// Packed integers of version 1: groups of 128 with base (zigzag varint), width (byte), number of exceptions (byte), the packed
/// distances, then for each exception its index (byte) and its distance (zigzag varint).
enum PackedIntegersV1 {
    private static let groupCount = 128

    /// Reads `count` values, which the caller bounds.
    static func decode(_ reader: inout ByteReader, count: Int) throws(ByteCodingError) -> [Int64] {
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
