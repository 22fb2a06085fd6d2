/// Doubles that are integers when multiplied by a power of ten, as most measured values are.
enum Decimal {
    /// The powers, each exact as a double.
    static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
    /// Below this every integer is a double.
    private static let integerLimit = 9_007_199_254_740_992.0

    /// The integer that ``value(_:_:)`` turns into exactly this value; nil when there is none.
    @inline(__always)
    static func integer(_ value: Double, _ exponent: Int) -> Int64? {
        let scaled = (value * powers[exponent]).rounded(.toNearestOrEven)
        // The range comes first, because converting beyond it traps; NaN fails it too.
        guard abs(scaled) < integerLimit else { return nil }
        let integer = Int64(scaled)
        // From the integer back, and bit by bit: −0.0 is no integer.
        return self.value(integer, exponent).bitPattern == value.bitPattern ? integer : nil
    }

    /// The value of an integer under a power of ten.
    @inline(__always)
    static func value(_ integer: Int64, _ exponent: Int) -> Double { Double(integer) / powers[exponent] }
}
