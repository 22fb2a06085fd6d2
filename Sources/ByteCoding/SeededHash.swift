/// A fast 64-bit hash of bytes with a seed, for tables in memory and filters on disk. It is no defence against forgery.
///
/// Eight bytes at a time are folded into the state by a 64×64→128-bit multiplication whose halves are combined, the
/// mixing step published as "wyhash" (W. Yi, 2019); constants and length handling are our own, so the values are
/// those of no other library. Files that hold such hashes name ``version``.
public enum SeededHash {
    /// Changes whenever the function does.
    public static let version: UInt32 = 1

    @usableFromInline static let k0: UInt64 = 0x9E37_79B9_7F4A_7C15
    @usableFromInline static let k1: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    @inlinable
    static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// The hash of `bytes` under `seed`.
    @inlinable
    public static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var state = seed ^ k0
        var offset = 0
        let count = bytes.count
        while offset &+ 8 <= count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            state = fold(state ^ word, k1)
            offset &+= 8
        }
        var tail: UInt64 = 0
        var shift: UInt64 = 0
        while offset < count {
            tail |= UInt64(truncatingIfNeeded: bytes[offset]) &<< shift
            shift &+= 8
            offset &+= 1
        }
        state = fold(state ^ tail ^ (UInt64(truncatingIfNeeded: count) &<< 56), k0)
        return fold(state ^ k1, k0 ^ UInt64(truncatingIfNeeded: count))
    }

    /// Another hash of `bytes`, for tables in memory only: its values may change with any version. Sixteen bytes make one
    /// multiplication, and two chains of them run side by side; fewer are taken as two words that may overlap.
    @inlinable
    public static func memoryHash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        let count = bytes.count
        guard count >= 4, let base = bytes.baseAddress else { return hash(bytes, seed: seed) }
        @inline(__always)
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        @inline(__always)
        func half(_ offset: Int) -> UInt64 {
            UInt64(UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
        if count < 8 { return hash(half(0) &<< 32 | half(count &- 4), UInt64(truncatingIfNeeded: count), seed: seed) }
        if count < 16 { return hash(word(0), word(count &- 8), seed: seed ^ UInt64(truncatingIfNeeded: count)) }
        var a = seed ^ k0
        var b = seed ^ k1
        var offset = 0
        while offset &+ 32 <= count {
            a = fold(a ^ word(offset), k1 ^ word(offset &+ 8))
            b = fold(b ^ word(offset &+ 16), k0 ^ word(offset &+ 24))
            offset &+= 32
        }
        if offset &+ 16 <= count { a = fold(a ^ word(offset), k1 ^ word(offset &+ 8)) }
        // The last 16 bytes, which may have been taken in part already.
        b = fold(b ^ word(count &- 16), k0 ^ word(count &- 8))
        return fold(a ^ UInt64(truncatingIfNeeded: count), b ^ k1)
    }

    /// The hash of two words, for identifiers that are numbers already.
    @inlinable
    public static func hash(_ a: UInt64, _ b: UInt64, seed: UInt64 = 0) -> UInt64 {
        fold(fold(a ^ seed ^ k0, k1) ^ b, k0)
    }
}
