/// Tells whether bytes are UTF-8 (Unicode 15, table 3-7), without building a string.
public enum UTF8Check {
    /// Whether all of `bytes` are well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
    @inlinable
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        let count = bytes.count
        while offset &+ 8 <= count, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
            offset &+= 8
        }
        while offset < count, bytes[offset] < 0x80 { offset &+= 1 }
        return offset == count || isValidSlowly(bytes, from: offset)
    }

    @usableFromInline
    static func isValidSlowly(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
        var offset = start
        while offset < bytes.count {
            let length = sequenceLength(bytes, at: offset)
            if length == 0 { return false }
            offset &+= length
        }
        return true
    }

    /// The length of the well-formed sequence that starts at `offset`, which must lie within the bytes; 0 if there is none.
    @inlinable
    public static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        let lead = bytes[offset]
        if lead < 0x80 { return 1 }
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: (0, 0x80...0xBF)
            }
        guard length > 0, offset &+ length <= bytes.count, second.contains(bytes[offset &+ 1]) else { return 0 }
        for index in 2..<max(length, 2) where bytes[offset &+ index] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
