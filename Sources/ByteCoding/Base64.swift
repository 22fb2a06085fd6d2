/// Base64 as RFC 4648 has it.
public enum Base64 {
    /// The bytes of a text in the standard or the URL-safe alphabet, with or without padding; nil for anything else.
    public static func decode(_ text: JSONText) -> [UInt8]? { text.withUTF8(decode) }

    /// The bytes of a text in the standard or the URL-safe alphabet, with or without padding; nil for anything else.
    public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var digits = text[...]
        while digits.last == UInt8(ascii: "="), text.count - digits.count < 2 { digits.removeLast() }
        if digits.count % 4 == 1 { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var word: UInt32 = 0
        var bitCount = 0
        for digit in digits {
            guard let value = value(digit) else { return nil }
            word = word << 6 | value
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bitCount)))
                word &= (1 << UInt32(bitCount)) - 1
            }
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
