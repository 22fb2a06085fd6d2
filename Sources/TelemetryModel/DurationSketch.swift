import ByteCoding

/// How durations are distributed, in little space: exact count, sum, minimum and maximum, and quantiles within 1 %.
///
/// A duration falls into one of 64 equal parts of its power of two (log-linear buckets, as in HdrHistogram by G. Tene), so
/// that a bucket's middle is at most 0.78 % away from everything in it. Durations below 64 ns have buckets of their own.
/// Only buckets that hold something are kept. Sketches add up exactly, whatever the order.
public struct DurationSketch: Hashable, Sendable {
    /// A bucket that holds something.
    public struct Bucket: Hashable, Sendable {
        /// The number of the bucket, see ``DurationSketch/bucketIndex(_:)``.
        public var index: UInt16
        /// How many durations fell into it.
        public var count: UInt64

        /// Describes a bucket.
        public init(index: UInt16, count: UInt64) {
            self.index = index
            self.count = count
        }
    }

    /// The buckets that hold something, by rising index.
    public private(set) var buckets: [Bucket] = []
    /// How many durations there are.
    public private(set) var count: UInt64 = 0
    /// Their sum in nanoseconds; stays at the largest value instead of overflowing.
    public private(set) var sumNanoseconds: UInt64 = 0
    /// The smallest, or `UInt64.max` when there is none.
    public private(set) var minimum: UInt64 = .max
    /// The largest, or 0 when there is none.
    public private(set) var maximum: UInt64 = 0

    /// No durations.
    public init() {}

    /// Puts a sketch together from stored parts; nil when they contradict each other.
    public init?(buckets: [Bucket], sumNanoseconds: UInt64, minimum: UInt64, maximum: UInt64) {
        var total: UInt64 = 0
        var last = -1
        for bucket in buckets {
            let (sum, overflow) = total.addingReportingOverflow(bucket.count)
            guard Int(bucket.index) > last, bucket.index < Self.bucketLimit, bucket.count > 0, !overflow else { return nil }
            last = Int(bucket.index)
            total = sum
        }
        guard total == 0 || minimum <= maximum else { return nil }
        self.buckets = buckets
        self.count = total
        self.sumNanoseconds = sumNanoseconds
        self.minimum = total == 0 ? .max : minimum
        self.maximum = total == 0 ? 0 : maximum
    }

    /// One more than the highest bucket index.
    public static let bucketLimit: UInt16 = 64 + 58 * 64

    /// The bucket of a duration: 0...63 for itself below 64 ns, then 64 buckets a power of two.
    @inlinable
    public static func bucketIndex(_ nanoseconds: UInt64) -> UInt16 {
        if nanoseconds < 64 { return UInt16(truncatingIfNeeded: nanoseconds) }
        let exponent = 63 &- nanoseconds.leadingZeroBitCount
        let part = (nanoseconds &>> UInt64(exponent &- 6)) & 63
        return UInt16(truncatingIfNeeded: (exponent &- 5) &* 64 &+ Int(part))
    }

    /// The lowest duration of a bucket in nanoseconds.
    public static func lowerBound(_ index: UInt16) -> UInt64 {
        if index < 64 { return UInt64(index) }
        let exponent = UInt64(index / 64) + 5
        return (64 + UInt64(index % 64)) << (exponent - 6)
    }

    /// The width of a bucket in nanoseconds.
    public static func width(_ index: UInt16) -> UInt64 { index < 64 ? 1 : 1 << (UInt64(index / 64) - 1) }

    /// Adds one duration.
    public mutating func add(_ nanoseconds: UInt64, count times: UInt64 = 1) {
        guard times > 0 else { return }
        let index = Self.bucketIndex(nanoseconds)
        let slot = position(index)
        if slot < buckets.count, buckets[slot].index == index {
            buckets[slot].count &+= times
        } else {
            buckets.insert(Bucket(index: index, count: times), at: slot)
        }
        count &+= times
        let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: times)
        sumNanoseconds = Self.saturatingSum(sumNanoseconds, overflow ? .max : product)
        minimum = min(minimum, nanoseconds)
        maximum = max(maximum, nanoseconds)
    }

    /// Adds all durations of another sketch.
    public mutating func merge(_ other: DurationSketch) {
        if other.count == 0 { return }
        var merged: [Bucket] = []
        merged.reserveCapacity(buckets.count + other.buckets.count)
        var a = 0
        var b = 0
        while a < buckets.count || b < other.buckets.count {
            if b == other.buckets.count || (a < buckets.count && buckets[a].index < other.buckets[b].index) {
                merged.append(buckets[a])
                a += 1
            } else if a == buckets.count || other.buckets[b].index < buckets[a].index {
                merged.append(other.buckets[b])
                b += 1
            } else {
                merged.append(Bucket(index: buckets[a].index, count: buckets[a].count &+ other.buckets[b].count))
                a += 1
                b += 1
            }
        }
        buckets = merged
        count &+= other.count
        sumNanoseconds = Self.saturatingSum(sumNanoseconds, other.sumNanoseconds)
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }

    /// The duration below which a share `q` of the durations lies, in nanoseconds; nil when there is none.
    ///
    /// It is the middle of the bucket that holds the duration of rank ⌈q·n⌉, kept within minimum and maximum.
    public func quantile(_ q: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let wanted = (min(max(q, 0), 1) * Double(count)).rounded(.up)
        let rank = max(1, UInt64(exactly: wanted) ?? count)
        var seen: UInt64 = 0
        for bucket in buckets {
            seen &+= bucket.count
            if seen >= rank {
                let middle = Self.lowerBound(bucket.index) + Self.width(bucket.index) / 2
                return min(max(middle, minimum), maximum)
            }
        }
        return maximum
    }

    private func position(_ index: UInt16) -> Int { Search.lowerBound(buckets.count) { buckets[$0].index < index } }

    private static func saturatingSum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
