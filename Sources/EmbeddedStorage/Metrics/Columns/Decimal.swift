/// Doubles that are integers when multiplied by a power of ten, as most measured values are.
enum Decimal {
    /// The powers, each exact as a double.
    static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    ]
    /// Below this every integer is a double.
    static let integerLimit = 9_007_199_254_740_992.0

    /// The integer that ``value(_:_:)`` turns into exactly this value; nil when there is none.
    @inline(__always)
    static func integer(_ value: Double, _ exponent: Int) -> Int64? { integer(value, power: powers[exponent]) }

    /// The integer that is exactly this value when divided by `power`; nil when there is none.
    @inline(__always)
    static func integer(_ value: Double, power: Double) -> Int64? {
        let scaled = (value * power).rounded(.toNearestOrEven)
        // The range comes first, because converting beyond it traps; NaN fails it too.
        guard abs(scaled) < integerLimit else { return nil }
        let integer = Int64(scaled)
        // From the integer back, and bit by bit: −0.0 is no integer.
        return (Double(integer) / power).bitPattern == value.bitPattern ? integer : nil
    }

    /// The value of an integer under a power of ten.
    @inline(__always)
    static func value(_ integer: Int64, _ exponent: Int) -> Double { Double(integer) / powers[exponent] }

    /// The smallest exponent from `start` on under which a value is an integer; nil when it is no decimal.
    static func exponent(of value: Double, from start: Int = 0) -> Int? {
        (start..<powers.count).first { integer(value, $0) != nil }
    }
}

/// What column coding makes integers of doubles by: a power of ten, or the order of the doubles themselves.
enum ValueScale: Hashable {
    case decimal(Int)
    /// The bit patterns, so turned that they rise as the values do.
    case bits

    /// The number that stands for bit patterns in a header.
    static let bitsCode: UInt8 = 31

    init?(code: UInt8) {
        if code == Self.bitsCode {
            self = .bits
        } else if Int(code) < Decimal.powers.count {
            self = .decimal(Int(code))
        } else {
            return nil
        }
    }

    var code: UInt8 {
        switch self {
        case .decimal(let exponent): UInt8(exponent)
        case .bits: Self.bitsCode
        }
    }

    /// The bit pattern of a double as an integer that rises with the value; its own inverse.
    @inline(__always)
    static func ordered(_ pattern: Int64) -> Int64 { pattern ^ ((pattern &>> 63) & .max) }
}
