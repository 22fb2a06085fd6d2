/// A sum that loses little to rounding (Neumaier's improvement of Kahan's).
@frozen
public struct CompensatedSum: Sendable {
    /// The sum as it was rounded.
    public var sum: Double
    /// About what rounding took from it.
    public var compensation: Double

    /// Goes on from a sum.
    @inlinable
    public init(sum: Double = 0, compensation: Double = 0) {
        self.sum = sum
        self.compensation = compensation
    }

    /// Adds a value.
    @inlinable @inline(__always)
    public mutating func add(_ value: Double) {
        let total = sum + value
        // The rounding error is exact, whichever number is larger (Knuth's TwoSum): no branch waits for a comparison.
        let taken = total - sum
        compensation += (sum - (total - taken)) + (value - taken)
        if total.isInfinite { compensation = 0 }
        sum = total
    }

    /// The sum, rounded once.
    @inlinable
    public var result: Double { sum.isInfinite ? sum : sum + compensation }
}
