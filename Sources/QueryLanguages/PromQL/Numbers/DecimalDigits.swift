/// The significant digits of a number, without zeros at either end, and where the decimal point stands among them.
///
/// They are the fewest that read back as the same number.
struct DecimalDigits {
    /// ASCII; more than 17 are never needed.
    private var storage = InlineArray<20, UInt8>(repeating: 0x30)
    /// How many digits there are; at least 1.
    private(set) var count = 0
    /// How many of the digits stand before the point; negative for zeros behind it, beyond ``count`` for zeros before it.
    private(set) var point = 0

    subscript(index: Int) -> UInt8 { storage[index] }

    /// The digits of a finite number that is not negative.
    init(_ value: Double) {
        // Whole numbers below 2^53 have no other digits than their own.
        if value < 0x1p53, value == value.rounded(.towardZero) { append(UInt64(value)) } else { append(value.description) }
        while count > 1, storage[count &- 1] == 0x30 { count &-= 1 }
        if count == 0 { (count, point) = (1, 1) }
    }

    private mutating func append(_ whole: UInt64) {
        var rest = whole
        while rest > 0 {
            point &+= 1
            rest /= 10
        }
        count = point
        rest = whole
        for index in stride(from: count &- 1, through: 0, by: -1) {
            storage[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Takes apart what Swift writes: digits with a point, perhaps an exponent.
    private mutating func append(_ text: consuming String) {
        text.withUTF8 { bytes in
            var isFraction = false
            for (index, byte) in bytes.enumerated() {
                switch byte {
                case UInt8(ascii: "."): isFraction = true
                case UInt8(ascii: "e"):
                    point &+= Int(String(decoding: bytes[(index + 1)...], as: UTF8.self)) ?? 0
                    return
                case 0x30 where count == 0: if isFraction { point &-= 1 }
                default:
                    if count < storage.count { storage[count] = byte }
                    count = min(count &+ 1, storage.count)
                    if !isFraction { point &+= 1 }
                }
            }
        }
    }
}
