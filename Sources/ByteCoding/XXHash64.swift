/// The hash of 64 bits by Yann Collet with seed 0, for results that depend on how another program hashes.
public enum XXHash64 {
    private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63, 0x27D4_EB2F_1656_67C5
    )

    /// The hash of some bytes.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var position = 0
        var hash: UInt64
        if bytes.count >= 32 {
            var lanes = SIMD4(primes.0 &+ primes.1, primes.1, 0, 0 &- primes.0)
            while position + 32 <= bytes.count {
                for lane in 0..<4 { lanes[lane] = round(lanes[lane], word(bytes, position + 8 * lane)) }
                position += 32
            }
            hash = rotated(lanes[0], 1) &+ rotated(lanes[1], 7) &+ rotated(lanes[2], 12) &+ rotated(lanes[3], 18)
            for lane in 0..<4 { hash = (hash ^ round(0, lanes[lane])) &* primes.0 &+ primes.3 }
        } else {
            hash = primes.4
        }
        hash &+= UInt64(bytes.count)
        return mixed(tail(hash, bytes, position))
    }

    /// Takes in the bytes that fill no block of 32.
    private static func tail(_ start: UInt64, _ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        var hash = start
        var position = offset
        while position + 8 <= bytes.count {
            hash = rotated(hash ^ round(0, word(bytes, position)), 27) &* primes.0 &+ primes.3
            position += 8
        }
        if position + 4 <= bytes.count {
            let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            hash = rotated(hash ^ (UInt64(half) &* primes.0), 23) &* primes.1 &+ primes.2
            position += 4
        }
        for byte in bytes[position...] { hash = rotated(hash ^ (UInt64(byte) &* primes.4), 11) &* primes.0 }
        return hash
    }

    private static func mixed(_ hash: UInt64) -> UInt64 {
        let first = (hash ^ (hash >> 33)) &* primes.1
        let second = (first ^ (first >> 29)) &* primes.2
        return second ^ (second >> 32)
    }

    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 { rotated(lane &+ word &* primes.1, 31) &* primes.0 }

    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { (value &<< count) | (value &>> (64 - count)) }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
