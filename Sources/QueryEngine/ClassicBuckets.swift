/// The buckets of one classic histogram at one time, by rising upper bound; their counts include those below.
struct ClassicBuckets {
    private var bounds: [Double] = []
    private var counts: [Double] = []
    /// Whether counts fell by more than rounding explains and were raised.
    private(set) var wasRaised = false

    /// Differences of this share are rounding.
    private static let tolerance = 1e-12

    /// Sorts the buckets, adds up those of equal bound and makes the counts rise; nil without the bucket of all.
    init?(_ unsorted: [(bound: Double, count: Double)]) {
        for bucket in unsorted.sorted(by: { $0.bound < $1.bound }) {
            if bounds.last == bucket.bound {
                counts[counts.count - 1] += bucket.count
            } else {
                bounds.append(bucket.bound)
                counts.append(bucket.count)
            }
        }
        guard bounds.last == .infinity else { return nil }
        for index in counts.indices.dropFirst() where counts[index] != counts[index - 1] {
            let previous = counts[index - 1]
            if Self.isNear(previous, counts[index]) {
                counts[index] = previous
            } else if counts[index] < previous {
                counts[index] = previous
                wasRaised = true
            }
        }
    }

    private static func isNear(_ a: Double, _ b: Double) -> Bool {
        let size = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || size < .leastNormalMagnitude { return difference < tolerance * .leastNormalMagnitude }
        return difference / Swift.min(size, .greatestFiniteMagnitude) < tolerance
    }

    private var total: Double { counts[counts.count - 1] }

    /// The `q`-quantile, interpolated within its bucket.
    func quantile(_ q: Double) -> Double {
        if q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        guard bounds.count >= 2, total != 0 else { return .nan }
        var rank = q * total
        let index = firstBucket(reaching: rank)
        // Nothing is known of how far the last bucket reaches.
        if index == counts.count - 1 { return bounds[bounds.count - 2] }
        if index == 0, bounds[0] <= 0 { return bounds[0] }
        var start = 0.0
        var count = counts[index]
        if index > 0 {
            start = bounds[index - 1]
            count -= counts[index - 1]
            rank -= counts[index - 1]
        }
        return start + (bounds[index] - start) * (rank / count)
    }

    /// The first bucket that reaches a rank, by halving: with NaN among the counts the way of searching matters, and this
    /// is Prometheus's.
    private func firstBucket(reaching rank: Double) -> Int {
        var low = 0
        var high = counts.count - 1
        while low < high {
            let middle = (low + high) / 2
            if counts[middle] >= rank { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The share of observations between two values, interpolated within their buckets.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard total != 0, !lower.isNaN, !upper.isNaN else { return .nan }
        if lower >= upper { return 0 }
        return (rank(of: upper) - rank(of: lower)) / total
    }

    /// How many observations are below a value.
    private func rank(of value: Double) -> Double {
        var below = 0.0
        for index in bounds.indices {
            // The lowest bucket starts at zero unless it reaches below.
            let start = index > 0 ? bounds[index - 1] : bounds[0] > 0 ? 0 : -.infinity
            if start >= value { return below }
            if bounds[index] > value {
                // In a bucket without an end nothing is known of where the observations are.
                if bounds[index] == .infinity { return below }
                if start == -.infinity { return counts[index] }
                return below + (counts[index] - below) * (value - start) / (bounds[index] - start)
            }
            below = counts[index]
        }
        return total
    }
}
