/// Comparison of runs of bytes.
public enum RawBytes {
    /// Whether `a` comes before `b`, byte by byte.
    @inlinable
    @inline(__always)
    public static func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        let shared = min(a.count, b.count)
        var index = 0
        while index &+ 8 <= shared {
            let x = UInt64(bigEndian: a.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let y = UInt64(bigEndian: b.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            if x != y { return x < y }
            index &+= 8
        }
        while index < shared {
            if a[index] != b[index] { return a[index] < b[index] }
            index &+= 1
        }
        return a.count < b.count
    }

    /// Whether both are the same.
    @inlinable
    @inline(__always)
    public static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        if a.count != b.count { return false }
        var index = 0
        while index &+ 8 <= a.count {
            if a.loadUnaligned(fromByteOffset: index, as: UInt64.self) != b.loadUnaligned(fromByteOffset: index, as: UInt64.self) {
                return false
            }
            index &+= 8
        }
        while index < a.count {
            if a[index] != b[index] { return false }
            index &+= 1
        }
        return true
    }
}
