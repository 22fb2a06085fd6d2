/// A string of a JSON text, checked and still in its place.
public struct JSONText {
    /// The bytes between the quotation marks.
    public let raw: UnsafeRawBufferPointer
    /// Whether these bytes contain escapes; without them they are the text itself.
    public let hasEscapes: Bool

    /// Only the scanner makes texts, as it has checked their escapes.
    init(raw: UnsafeRawBufferPointer, hasEscapes: Bool) {
        self.raw = raw
        self.hasEscapes = hasEscapes
    }

    /// The text.
    public var string: String {
        if !hasEscapes { return String(decoding: raw, as: UTF8.self) }
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the text is `other`; names that are compared so are written without escapes.
    public func equals(_ other: StaticString) -> Bool {
        if hasEscapes { return string == "\(other)" }
        return raw.elementsEqual(UnsafeBufferPointer(start: other.utf8Start, count: other.utf8CodeUnitCount))
    }

    /// Lends the text's UTF-8, unescaped.
    public func withUTF8<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        if !hasEscapes { return try body(raw) }
        var bytes: [UInt8] = []
        append(to: &bytes)
        return try bytes.withUnsafeBytes(body)
    }

    /// Appends the text's UTF-8, unescaped.
    public func append(to bytes: inout [UInt8]) {
        if !hasEscapes {
            bytes.append(contentsOf: raw)
            return
        }
        var offset = 0
        while offset < raw.count {
            if raw[offset] == UInt8(ascii: "\\") {
                appendEscape(&offset, &bytes)
            } else {
                bytes.append(raw[offset])
                offset += 1
            }
        }
    }

    private func appendEscape(_ offset: inout Int, _ bytes: inout [UInt8]) {
        let letter = raw[offset + 1]
        offset += 2
        switch letter {
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            var value = codeUnit(offset)
            offset += 4
            if value & 0xFC00 == 0xD800 {
                value = 0x10000 + (value & 0x3FF) << 10 + codeUnit(offset + 2) & 0x3FF
                offset += 6
            }
            // The scanner lets no lone surrogate pass, so there is always a scalar.
            bytes.append(contentsOf: String(Unicode.Scalar(value).map(Character.init) ?? "\u{FFFD}").utf8)
        default: bytes.append(letter)
        }
    }

    private func codeUnit(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 4 | UInt32(Hexadecimal.value(raw[offset + $1]) ?? 0) }
    }
}

/// A number of a JSON text: kept as text, so that nothing is lost before somebody says which type it shall have.
public struct JSONNumber {
    /// The digits as they stand in the text.
    public let raw: UnsafeRawBufferPointer
    /// Whether there is neither a fraction nor an exponent.
    public let isWhole: Bool

    init(raw: UnsafeRawBufferPointer, isWhole: Bool) {
        self.raw = raw
        self.isWhole = isWhole
    }

    /// The digits as they stand in the text.
    public var text: String { String(decoding: raw, as: UTF8.self) }

    /// The number if it is a whole one in the type's range; `1e3` and `5.0` are whole too.
    @inlinable
    public func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value? {
        Self.integer(raw, type)
    }

    /// The nearest double; nil beyond the range of doubles.
    public var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The whole number that a text of JSON's number grammar, with or without quotation marks around it, stands for.
    @inlinable
    public static func integer<Value: FixedWidthInteger>(_ text: UnsafeRawBufferPointer, _ type: Value.Type = Value.self) -> Value?
    {
        guard !text.isEmpty else { return nil }
        if let value = plainInteger(text, type) { return value }
        let string = String(decoding: text, as: UTF8.self)
        guard text.allSatisfy(isNumberByte), let value = Double(string) else { return nil }
        return Value(exactly: value)
    }

    @usableFromInline
    static func isNumberByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E || byte | 0x20 == 0x65
    }

    @inlinable
    static func plainInteger<Value: FixedWidthInteger>(_ text: UnsafeRawBufferPointer, _ type: Value.Type) -> Value? {
        let isNegative = text[0] == UInt8(ascii: "-")
        if text.count == (isNegative ? 1 : 0) { return nil }
        var value: Value = 0
        for byte in text[(isNegative ? 1 : 0)...] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let digit = Value(byte - UInt8(ascii: "0"))
            let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
            if isTooLarge || overflow { return nil }
            value = sum
        }
        return value
    }
}
