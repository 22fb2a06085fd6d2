/// Puts the text of a number together, in room that whoever made it has measured.
struct NumberText {
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// How many bytes have been written.
    private(set) var count = 0

    init(_ bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count &+= 1
    }

    mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
    }

    private mutating func appendZeros(_ zeros: Int) {
        for _ in 0..<max(0, zeros) { append(0x30) }
    }

    /// Without an exponent.
    mutating func appendPlain(_ digits: DecimalDigits) {
        if digits.point <= 0 {
            append("0.")
            appendZeros(-digits.point)
        }
        for index in 0..<digits.count {
            if index == digits.point, index > 0 { append(UInt8(ascii: ".")) }
            append(digits[index])
        }
        appendZeros(digits.point - digits.count)
    }

    /// With an exponent of at least two digits.
    mutating func appendScientific(_ digits: DecimalDigits) {
        append(digits[0])
        if digits.count > 1 { append(UInt8(ascii: ".")) }
        for index in 1..<max(1, digits.count) { append(digits[index]) }
        let exponent = digits.point - 1
        append(exponent < 0 ? "e-" : "e+")
        if exponent.magnitude < 10 { append(0x30) }
        if exponent.magnitude >= 100 { append(0x30 &+ UInt8(truncatingIfNeeded: exponent.magnitude / 100)) }
        if exponent.magnitude >= 10 { append(0x30 &+ UInt8(truncatingIfNeeded: exponent.magnitude / 10 % 10)) }
        append(0x30 &+ UInt8(truncatingIfNeeded: exponent.magnitude % 10))
    }
}
