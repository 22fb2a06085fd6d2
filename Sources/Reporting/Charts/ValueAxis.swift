import Foundation

/// An axis of values with round numbers on it, for charts in pages and in terminals.
public struct ValueAxis: Sendable, Equatable {
    /// The lowest value on the axis.
    public let low: Double
    /// The highest value on the axis.
    public let high: Double
    /// The values that are labelled, rising from ``low`` to ``high``.
    public let ticks: [Double]
    private let unit: (size: Double, name: String)
    private let decimals: Int

    /// Beyond it differences of values would no longer fit into a double.
    private static let magnitudeLimit = 1e300
    // Thousands are readable as they are.
    private static let units: [(size: Double, name: String, least: Double)] = [
        (1e12, "T", 1e12), (1e9, "G", 1e9), (1e6, "M", 1e6), (1e3, "k", 1e4),
    ]

    /// An axis that holds all finite values, with about `tickCount` steps. It begins at zero unless the values are far from it.
    public init(_ values: some Sequence<Double>, tickCount: Int) {
        var low = Double.infinity
        var high = -Double.infinity
        for value in values where value.isFinite {
            low = min(low, max(value, -Self.magnitudeLimit))
            high = max(high, min(value, Self.magnitudeLimit))
        }
        if low > high { (low, high) = (0, 1) }
        if low > 0, low == high || low <= high / 2 { low = 0 }
        if high < 0, low == high || high >= low / 2 { high = 0 }
        if low == high { high = 1 }
        // Steps finer than doubles of this size would give the same number twice.
        let finest = max(abs(low), abs(high)) * 1e-12
        let step = Self.roundStep(max((high - low) / Double(max(1, tickCount)), finest))
        let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
        ticks = (0...Int(min(last - first, 1_000))).map { (first + Double($0)) * step }
        self.low = first * step
        self.high = last * step
        let largest = max(abs(self.low), abs(self.high))
        let chosen = Self.units.first { largest >= $0.least && step / $0.size >= 0.01 }
        unit = chosen.map { ($0.size, $0.name) } ?? (1, "")
        decimals = max(0, -Int(floor(log10(step / unit.size) + 1e-9)))
    }

    /// Where a value lies: 0 at ``low``, 1 at ``high``.
    public func share(_ value: Double) -> Double {
        let share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return share.isFinite ? min(max(share, 0), 1) : value > 0 ? 1 : 0
    }

    /// The label of a tick: `250`, `1.5M`.
    public func text(_ tick: Double) -> String {
        if tick == 0 { return "0" }
        if decimals > 6 || abs(tick) >= 1e16 { return String(format: "%.3g", tick) }
        return String(format: "%.\(decimals)f", tick / unit.size) + unit.name
    }

    /// The least of 1, 2 and 5 times a power of ten that is not below a length.
    private static func roundStep(_ length: Double) -> Double {
        guard length > 0 else { return 1 }
        let power = pow(10, floor(log10(length)))
        for factor in [1.0, 2, 5] where factor * power >= length * (1 - 1e-9) { return factor * power }
        return 10 * power
    }

    /// Equal when the labels are.
    public static func == (a: ValueAxis, b: ValueAxis) -> Bool { a.ticks == b.ticks }
}
