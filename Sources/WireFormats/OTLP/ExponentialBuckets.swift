/// Turns exponential histograms into buckets with fixed upper bounds, until the store holds native histograms.
///
/// What is lost: resolution beyond scale 2 (bounds a factor of 2^(1/4), about 19 %, apart), so that the bounds of one
/// series stay the same when a client changes its scale; bounds beyond the range of doubles go into the outermost
/// buckets; `min`, `max` and the zero threshold's exact width are not kept.
enum ExponentialBuckets {
    /// The finest scale that is kept.
    private static let scaleLimit: Int32 = 2
    /// 2^(0/4) to 2^(3/4).
    private static let quarterPowers = [1, 1.189_207_115_002_721_1, 1.414_213_562_373_095_1, 1.681_792_830_507_429]

    /// Upper bounds with their own counts, by rising bound; nil for a scale or an offset that no client can mean.
    static func classic(_ point: OTLPPointReader) -> [(bound: Double, count: UInt64)]? {
        guard (-10...20).contains(point.scale) else { return nil }
        guard let negative = merged(point.negative, point.scale), let positive = merged(point.positive, point.scale) else {
            return nil
        }
        let scale = min(point.scale, scaleLimit)
        var buckets: [(bound: Double, count: UInt64)] = []
        // A negative bucket reaches from -base^(index+1) up to -base^index.
        for bucket in negative.reversed() {
            buckets.append((max(-bound(bucket.index, scale), -.greatestFiniteMagnitude), bucket.count))
        }
        if point.zeroCount > 0 || !negative.isEmpty { buckets.append((max(point.zeroThreshold, 0), point.zeroCount)) }
        for bucket in positive { buckets.append((bound(bucket.index + 1, scale), bucket.count)) }
        return joined(buckets.filter { $0.bound.isFinite })
    }

    /// The buckets from the first to the last that is not empty, at the scale that is kept.
    private static func merged(_ buckets: OTLPPointReader.Buckets, _ scale: Int32) -> [(index: Int, count: UInt64)]? {
        guard (-1 << 24...1 << 24).contains(buckets.offset) else { return nil }
        let shift = Int(max(0, scale - scaleLimit))
        var result: [(index: Int, count: UInt64)] = []
        for (place, count) in buckets.counts.enumerated() {
            let index = (Int(buckets.offset) + place) >> shift
            if result.last?.index == index {
                result[result.count - 1].count &+= count
            } else if count > 0 || !result.isEmpty {
                result.append((index, count))
            }
        }
        while result.last?.count == 0 { result.removeLast() }
        return result
    }

    /// base^index with base = 2^(2^-scale), for a scale up to ``scaleLimit``.
    private static func bound(_ index: Int, _ scale: Int32) -> Double {
        let quarters = index << Int(scaleLimit - scale)
        let exponent = min(max(quarters >> 2, -1074), 1024)
        return exponent == 1024 ? .infinity : quarterPowers[quarters & 3] * Double(sign: .plus, exponent: exponent, significand: 1)
    }

    /// Bounds that are no larger than the one before (a zero threshold above a small bucket) are taken together.
    private static func joined(_ buckets: [(bound: Double, count: UInt64)]) -> [(bound: Double, count: UInt64)] {
        var result: [(bound: Double, count: UInt64)] = []
        for bucket in buckets {
            if let last = result.last, bucket.bound <= last.bound {
                result[result.count - 1].count &+= bucket.count
            } else {
                result.append(bucket)
            }
        }
        return result
    }
}
