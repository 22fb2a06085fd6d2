import ByteCoding

/// Doubles of full precision: each is combined by XOR with the one before, and only the bits that differ are kept
/// (T. Pelkonen et al., "Gorilla", 2015).
///
/// Bits from the lowest of each byte upwards. 0: the same value. 10: the differing bits lie in the last window. 11: a new
/// window, 6 bits of leading zeros, 6 bits of length minus one; then the bits.
enum XORColumnV1 {
    static func decode(_ reader: inout ByteReader, count: Int) throws(ByteCodingError) -> [Double] {
        var bits = BitReader(try reader.readBytes(reader.remaining))
        var values: [Double] = []
        values.reserveCapacity(count)
        var last: UInt64 = 0
        var window = (low: 0, width: 0)
        for _ in 0..<count {
            if try bits.read(width: 1) == 1 {
                if try bits.read(width: 1) == 1 {
                    window = (Int(try bits.read(width: 6)), Int(try bits.read(width: 6)) + 1)
                }
                if window.width == 0 || window.low + window.width > 64 {
                    throw .malformed(at: bits.position / 8, "an impossible window of bits")
                }
                last ^= try bits.read(width: window.width) &<< UInt64(window.low)
            }
            values.append(Double(bitPattern: last))
        }
        return values
    }
}

/// Reads bits, the lowest first.
private struct BitReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func read(width: Int) throws(ByteCodingError) -> UInt64 {
        if width > bytes.count &* 8 &- position { throw .truncated(at: position / 8, needing: width / 8 + 1) }
        var result: UInt64 = 0
        var done = 0
        while done < width {
            let offset = position & 7
            let taken = min(8 &- offset, width &- done)
            let part = (UInt64(bytes[position &>> 3]) &>> UInt64(offset)) & ((1 &<< UInt64(taken)) &- 1)
            result |= part &<< UInt64(done)
            done &+= taken
            position &+= taken
        }
        return result
    }
}
