import ByteCoding

/// The 128-bit id that all spans of one trace share. 64-bit ids of older tracers have a zero upper half.
@frozen
public struct TraceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The upper 64 bits.
    public var high: UInt64
    /// The lower 64 bits.
    public var low: UInt64

    /// Puts the halves together.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 1 to 32 hexadecimal digits of either case; nil for anything else.
    public init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard digits.count >= 1, digits.count <= 32 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for digit in digits {
            guard let value = Hexadecimal.value(digit) else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(value)
        }
        self.init(high: high, low: low)
    }

    /// Whether it is all zeros, which no valid id is.
    @inlinable
    public var isZero: Bool { high == 0 && low == 0 }

    /// Whether the upper half is zero, as in ids of 64-bit tracers.
    @inlinable
    public var isShort: Bool { high == 0 }

    /// The order of the numbers.
    @inlinable
    public static func < (a: TraceID, b: TraceID) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

    /// 32 lower-case hexadecimal digits.
    public var description: String { hexadecimal(high) + hexadecimal(low) }

    /// 16 digits when the upper half is zero, else 32: the form that Zipkin users know.
    public var shortestDescription: String { isShort ? hexadecimal(low) : description }
}

/// The 64-bit id of a span, unique within its trace; zero stands for "none".
@frozen
public struct SpanID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bits.
    public var value: UInt64

    /// Wraps the bits.
    @inlinable
    public init(_ value: UInt64) { self.value = value }

    /// Reads 1 to 16 hexadecimal digits of either case; nil for anything else.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count <= 16, let id = TraceID(hex: hex) else { return nil }
        self.init(id.low)
    }

    /// Whether it stands for "none".
    @inlinable
    public var isZero: Bool { value == 0 }

    /// The order of the numbers.
    @inlinable
    public static func < (a: SpanID, b: SpanID) -> Bool { a.value < b.value }

    /// 16 lower-case hexadecimal digits.
    public var description: String { hexadecimal(value) }
}

/// 16 lower-case hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
        for index in 0..<16 {
            let nibble = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
            buffer[index] = nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10
        }
        return 16
    }
}
