/// The checksum of everything on disk: CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected, RFC 3720 appendix B.4).
///
/// Eight bytes are taken at a time by eight tables ("slicing by eight", M. Kounavis and F. Berry, 2005).
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
            let count = bytes.count
            while offset &+ 8 <= count {
                // Unaligned loads stay within `count`, which the loop condition has checked.
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ UInt64(state)
                state = tables[1792 &+ Int(truncatingIfNeeded: word & 0xFF)]
                state ^= tables[1536 &+ Int(truncatingIfNeeded: (word &>> 8) & 0xFF)]
                state ^= tables[1280 &+ Int(truncatingIfNeeded: (word &>> 16) & 0xFF)]
                state ^= tables[1024 &+ Int(truncatingIfNeeded: (word &>> 24) & 0xFF)]
                state ^= tables[768 &+ Int(truncatingIfNeeded: (word &>> 32) & 0xFF)]
                state ^= tables[512 &+ Int(truncatingIfNeeded: (word &>> 40) & 0xFF)]
                state ^= tables[256 &+ Int(truncatingIfNeeded: (word &>> 48) & 0xFF)]
                state ^= tables[Int(truncatingIfNeeded: word &>> 56)]
                offset &+= 8
            }
            while offset < count {
                state = (state &>> 8) ^ tables[Int(truncatingIfNeeded: (state ^ UInt32(bytes[offset])) & 0xFF)]
                offset &+= 1
            }
            return ~state
        }
    }

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
