/// The buckets of one classic histogram at one time, by rising upper bound; their counts include those below.
struct ClassicBuckets {
    private var bounds: [Double] = []
    private var counts: [Double] = []

    /// Differences of this share are rounding.
    private static let tolerance = 1e-12

    /// Sorts the buckets and adds up those of equal bound; there is at least one.
    init(_ unsorted: [(bound: Double, count: Double)]) {
        var buckets = unsorted
        ValueOrder.sort(&buckets) { $0.bound < $1.bound }
        for bucket in buckets {
            if bounds.last == bucket.bound {
                counts[counts.count - 1] += bucket.count
            } else {
                bounds.append(bucket.bound)
                counts.append(bucket.count)
            }
        }
    }

    /// Without a bucket of all nothing is known of the observations.
    private var isComplete: Bool { bounds.last == .infinity }

    /// Makes the counts rise; true when they fell by more than rounding explains.
    private mutating func raise() -> Bool {
        var isRaised = false
        for index in counts.indices.dropFirst() where counts[index] != counts[index - 1] {
            let previous = counts[index - 1]
            if Self.isNear(previous, counts[index]) {
                counts[index] = previous
            } else if counts[index] < previous {
                counts[index] = previous
                isRaised = true
            }
        }
        return isRaised
    }

    private static func isNear(_ a: Double, _ b: Double) -> Bool {
        let size = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || size < .leastNormalMagnitude { return difference < tolerance * .leastNormalMagnitude }
        return difference / Swift.min(size, .greatestFiniteMagnitude) < tolerance
    }

    private var total: Double { counts[counts.count - 1] }

    /// The `q`-quantile, interpolated within its bucket, and whether counts that fell had to be raised for it.
    mutating func quantile(_ q: Double) -> (value: Double, isRaised: Bool) {
        if q.isNaN { return (.nan, false) }
        if q < 0 { return (-.infinity, false) }
        if q > 1 { return (.infinity, false) }
        guard isComplete else { return (.nan, false) }
        let isRaised = raise()
        guard bounds.count >= 2, total != 0 else { return (.nan, false) }
        return (interpolated(q), isRaised)
    }

    private func interpolated(_ q: Double) -> Double {
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
        guard isComplete, total != 0, !lower.isNaN, !upper.isNaN else { return .nan }
        if lower >= upper { return 0 }
        return (rank(of: upper) - rank(of: lower)) / total
    }

    /// How many observations are below a value; not more than there are, whatever a single bucket says.
    private func rank(of value: Double) -> Double {
        let rank = unboundedRank(of: value) ?? total
        return rank > total ? total : rank
    }

    private func unboundedRank(of value: Double) -> Double? {
        var below = 0.0
        for index in bounds.indices {
            // The lowest bucket starts at zero unless it reaches below.
            let start = index > 0 ? bounds[index - 1] : bounds[0] <= 0 ? -.infinity : 0
            if start >= value { return below }
            if start < value, bounds[index] > value {
                // In a bucket without a beginning nothing is known of where the observations are.
                if start == -.infinity { return counts[index] }
                return below + (counts[index] - below) * (value - start) / (bounds[index] - start)
            }
            below = counts[index]
        }
        return nil
    }
}
