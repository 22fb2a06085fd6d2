/// The checksum of everything on disk: CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected, RFC 3720 appendix B.4).
///
/// Eight bytes are taken at a time by eight tables ("slicing by eight", M. Kounavis and F. Berry, 2005), of longer runs three
/// stretches side by side.
public enum CRC32C {
    /// The checksum of `bytes`.
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 { extend(0, bytes) }

    /// The checksum of `bytes`.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }

    /// The checksum of what `checksum` covers, followed by `bytes`.
    public static func extend(_ checksum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var state = ~checksum
            var offset = 0
            while offset &+ 3 &* laneByteCount <= bytes.count {
                state = lanes(state, bytes, offset, tables)
                offset &+= 3 &* laneByteCount
            }
            while offset &+ 8 <= bytes.count {
                state = step(state, bytes, offset, tables)
                offset &+= 8
            }
            while offset < bytes.count {
                state = (state &>> 8) ^ tables[Int(truncatingIfNeeded: (state ^ UInt32(bytes[offset])) & 0xFF)]
                offset &+= 1
            }
            return ~state
        }
    }

    /// The state after eight bytes more. The caller has checked that they are there.
    @inline(__always)
    private static func step(
        _ state: UInt32, _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ tables: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ UInt64(state)
        let low =
            tables[1792 &+ Int(truncatingIfNeeded: word & 0xFF)]
            ^ tables[1536 &+ Int(truncatingIfNeeded: (word &>> 8) & 0xFF)]
            ^ tables[1280 &+ Int(truncatingIfNeeded: (word &>> 16) & 0xFF)]
            ^ tables[1024 &+ Int(truncatingIfNeeded: (word &>> 24) & 0xFF)]
        let high =
            tables[768 &+ Int(truncatingIfNeeded: (word &>> 32) & 0xFF)]
            ^ tables[512 &+ Int(truncatingIfNeeded: (word &>> 40) & 0xFF)]
            ^ tables[256 &+ Int(truncatingIfNeeded: (word &>> 48) & 0xFF)]
            ^ tables[Int(truncatingIfNeeded: word &>> 56)]
        return low ^ high
    }

    // MARK: - Three at once

    /// A step waits for the one before it, so three stretches of bytes of this length are taken side by side: a state is the
    /// exclusive or of what it was, as zeros would have left it, and of what the bytes alone make.
    private static let laneByteCount = 1024

    private static func lanes(
        _ state: UInt32, _ bytes: UnsafeRawBufferPointer, _ start: Int, _ tables: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        var (first, second, third) = (state, UInt32(0), UInt32(0))
        var offset = start
        let end = start &+ laneByteCount
        while offset < end {
            first = step(first, bytes, offset, tables)
            second = step(second, bytes, offset &+ laneByteCount, tables)
            third = step(third, bytes, offset &+ 2 &* laneByteCount, tables)
            offset &+= 8
        }
        return afterLane(afterLane(first) ^ second) ^ third
    }

    /// What a lane of zeros makes of a state.
    private static func afterLane(_ state: UInt32) -> UInt32 {
        zeroTables[Int(state & 0xFF)] ^ zeroTables[256 &+ Int((state &>> 8) & 0xFF)]
            ^ zeroTables[512 &+ Int((state &>> 16) & 0xFF)] ^ zeroTables[768 &+ Int(state &>> 24)]
    }

    /// Table k, entry b: what a lane of zeros makes of a state in which only byte k is set, to b.
    private static let zeroTables: [UInt32] = {
        var result = [UInt32](repeating: 0, count: 4 * 256)
        for index in result.indices {
            var state = UInt32(index & 0xFF) << UInt32(index / 256 * 8)
            for _ in 0..<laneByteCount { state = (state >> 8) ^ tables[Int(state & 0xFF)] }
            result[index] = state
        }
        return result
    }()

    /// Table k, entry b: the effect of byte b followed by k zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var state = UInt32(byte)
            for _ in 0..<8 { state = state & 1 == 0 ? state >> 1 : (state >> 1) ^ 0x82F6_3B78 }
            tables[byte] = state
        }
        for entry in 256..<tables.count {
            let previous = tables[entry - 256]
            tables[entry] = (previous >> 8) ^ tables[Int(previous & 0xFF)]
        }
        return tables
    }()
}
