import ByteCoding

/// How durations are distributed, in little space: exact count, sum, minimum and maximum, and quantiles within 1 %.
///
/// A duration falls into one of 64 equal parts of its power of two (log-linear buckets, as in HdrHistogram by G. Tene), so
/// that a bucket's middle is at most 0.78 % away from everything in it. Durations below 64 ns have buckets of their own.
/// Only buckets that hold something are kept. Sketches add up exactly, whatever the order.
///
/// A sketch may be a *difference*: its counts and its sum are then signed (in two's complement), because what was counted
/// in one place is taken back in another. Minimum and maximum cannot be taken back; they stay as marks until ``settle()``
/// draws them into the buckets that are left.
public struct DurationSketch: Hashable, Sendable {
    /// A bucket that holds something.
    public struct Bucket: Hashable, Sendable {
        /// The number of the bucket, see ``DurationSketch/bucketIndex(_:)``.
        public var index: UInt16
        /// How many durations fell into it; negative in two's complement when a difference takes some back.
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
    /// Their sum in nanoseconds, signed, and too wide to overflow.
    public private(set) var exactSum: Int128 = 0
    /// Their sum in nanoseconds, drawn into what 64 bits hold.
    public var sumNanoseconds: UInt64 { UInt64(clamping: exactSum) }
    /// The smallest, or `UInt64.max` when there is none.
    public private(set) var minimum: UInt64 = .max
    /// The largest, or 0 when there is none.
    public private(set) var maximum: UInt64 = 0

    /// No durations.
    public init() {}

    /// Puts a sketch together from stored parts; nil when the buckets do not rise, are beyond the last or are empty.
    public init?(buckets: [Bucket], exactSum: Int128, minimum: UInt64 = .max, maximum: UInt64 = 0) {
        var last = -1
        for bucket in buckets {
            guard Int(bucket.index) > last, bucket.index < Self.bucketLimit, bucket.count != 0 else { return nil }
            last = Int(bucket.index)
            count &+= bucket.count
        }
        self.buckets = buckets
        self.exactSum = exactSum
        self.minimum = minimum
        self.maximum = maximum
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
        exactSum &+= Int128(nanoseconds) &* Int128(times)
        minimum = min(minimum, nanoseconds)
        maximum = max(maximum, nanoseconds)
    }

    /// Adds all durations of another sketch.
    public mutating func merge(_ other: DurationSketch) {
        if buckets.isEmpty { buckets = other.buckets } else { combine(other.buckets) { $0 &+ $1 } }
        count &+= other.count
        exactSum &+= other.exactSum
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }

    /// Takes all durations of another sketch back. Minimum and maximum stay as they are.
    public mutating func subtract(_ other: DurationSketch) {
        combine(other.buckets) { $0 &- $1 }
        count &-= other.count
        exactSum &-= other.exactSum
    }

    /// Whether nothing is left to be added or taken back.
    public var isNothing: Bool { buckets.isEmpty && exactSum == 0 }

    /// Turns a sum of differences into a distribution: nothing is negative any more, minimum and maximum lie in the first
    /// and the last bucket. They are exact unless the shortest or the longest duration was taken back; then they are at most
    /// 1.6 % away. Returns false when the maximum was.
    @discardableResult
    public mutating func settle() -> Bool {
        if buckets.contains(where: { Int64(bitPattern: $0.count) < 0 }) {
            buckets.removeAll { Int64(bitPattern: $0.count) < 0 }
            count = buckets.reduce(0) { $0 &+ $1.count }
        }
        exactSum = max(exactSum, 0)
        guard let first = buckets.first?.index, let last = buckets.last?.index else {
            self = DurationSketch()
            return true
        }
        let upper = Self.lowerBound(last) + (Self.width(last) - 1)
        let isKnown = maximum <= upper && maximum >= Self.lowerBound(last)
        minimum = min(max(minimum, Self.lowerBound(first)), Self.lowerBound(first) + (Self.width(first) - 1))
        if !isKnown { maximum = upper }
        minimum = min(minimum, maximum)
        return isKnown
    }

    private mutating func combine(_ others: [Bucket], _ operation: (UInt64, UInt64) -> UInt64) {
        if others.isEmpty { return }
        var merged: [Bucket] = []
        merged.reserveCapacity(buckets.count + others.count)
        var a = 0
        var b = 0
        while a < buckets.count || b < others.count {
            if b == others.count || (a < buckets.count && buckets[a].index < others[b].index) {
                merged.append(buckets[a])
                a += 1
            } else if a == buckets.count || others[b].index < buckets[a].index {
                merged.append(Bucket(index: others[b].index, count: operation(0, others[b].count)))
                b += 1
            } else {
                let count = operation(buckets[a].count, others[b].count)
                if count != 0 { merged.append(Bucket(index: buckets[a].index, count: count)) }
                a += 1
                b += 1
            }
        }
        buckets = merged
    }

    /// The duration below which a share `q` of the durations lies, in nanoseconds; nil when there is none.
    ///
    /// The durations in order are numbered from 0; it is the one at q·(n − 1), and between two of them it lies on the line
    /// that joins them (definition 7 of Hyndman and Fan, 1996, which NumPy and Prometheus use). Each of the two is taken to be
    /// the middle of its bucket, kept within minimum and maximum, so that the answer is at most 0.8 % away.
    public func quantile(_ q: Double) -> UInt64? {
        guard count > 0 else { return nil }
        if count == 1 { return minimum }
        let place = min(max(q, 0), 1) * Double(count - 1)
        let rank = UInt64(exactly: place.rounded(.down)) ?? (count - 1)
        let low = duration(atRank: rank)
        let share = place - place.rounded(.down)
        if share == 0 || rank + 1 >= count { return low }
        let high = duration(atRank: rank + 1)
        return low + (UInt64(exactly: (Double(high - low) * share).rounded()) ?? 0)
    }

    /// The duration of a rank from 0, as far as its bucket tells.
    private func duration(atRank rank: UInt64) -> UInt64 {
        if rank == 0 { return minimum }
        if rank >= count - 1 { return maximum }
        var seen: UInt64 = 0
        for bucket in buckets {
            seen &+= bucket.count
            if seen > rank {
                let middle = Self.lowerBound(bucket.index) + Self.width(bucket.index) / 2
                return min(max(middle, minimum), maximum)
            }
        }
        return maximum
    }

    private func position(_ index: UInt16) -> Int { Search.lowerBound(buckets.count) { buckets[$0].index < index } }
}
