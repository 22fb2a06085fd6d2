import ByteCoding

/// Doubles of full precision: each is combined by XOR with the one before, and only the bits that differ are kept
/// (T. Pelkonen et al., "Gorilla", 2015).
///
/// Bits from the lowest of each byte upwards. 0: the same value. 10: the differing bits lie in the last window. 11: a new
/// window, 6 bits of leading zeros, 6 bits of length minus one; then the bits.
enum XORColumn {
    static func encode(_ values: [Double], into writer: inout ByteWriter) {
        var bits = BitWriter()
        var last: UInt64 = 0
        var window = (low: 0, width: 0)
        for value in values {
            let difference = value.bitPattern ^ last
            last = value.bitPattern
            if difference == 0 {
                bits.write(0, width: 1)
                continue
            }
            let low = difference.trailingZeroBitCount
            let width = 64 - low - difference.leadingZeroBitCount
            // The old window is kept unless a new one would save more than its description costs.
            if window.width > 0, low >= window.low, low + width <= window.low + window.width, window.width - width <= 12 {
                bits.write(0b01, width: 2)
            } else {
                window = (low, width)
                bits.write(0b11, width: 2)
                bits.write(UInt64(low), width: 6)
                bits.write(UInt64(width - 1), width: 6)
            }
            bits.write(difference >> UInt64(window.low), width: window.width)
        }
        bits.finish(&writer)
    }

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

/// Appends bits, the lowest first.
private struct BitWriter {
    private var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var count = 0

    mutating func write(_ value: UInt64, width: Int) {
        pending |= value &<< UInt64(count)
        let total = count + width
        if total < 64 {
            count = total
            return
        }
        withUnsafeBytes(of: pending.littleEndian) { bytes.append(contentsOf: $0) }
        count = total - 64
        pending = count == 0 ? 0 : value &>> UInt64(width - count)
    }

    mutating func finish(_ writer: inout ByteWriter) {
        while count > 0 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending &>>= 8
            count -= 8
        }
        writer.writeBytes(bytes)
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
