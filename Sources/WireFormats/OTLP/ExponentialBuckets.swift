/// Turns exponential histograms into buckets with fixed upper bounds, until the store holds native histograms.
/// `docs/otlp-metrics.md` says what is lost.
enum ExponentialBuckets {
    /// The finest scale that is kept.
    private static let scaleLimit: Int32 = 2
    /// 2^(0/4) to 2^(3/4).
    private static let quarterPowers = [1, 1.189_207_115_002_721_1, 1.414_213_562_373_095_1, 1.681_792_830_507_429]
    /// The powers of two that bound the buckets of increments.
    static let fixedExponents = -20...36

    // MARK: - Cumulative histograms

    /// Buckets of a histogram that counts since its start, in bounds that go with the observations: upper bounds with their
    /// own counts, by rising bound; nil for a scale or an offset that no client can mean.
    static func growing(_ point: OTLPPointReader) -> [(bound: Double, count: UInt64)]? {
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
        // Where the first bucket begins: a quantile in it is looked for from there on, not from 0.
        if let first = positive.first { buckets.append((bound(first.index, scale), 0)) }
        for bucket in positive { buckets.append((bound(bucket.index + 1, scale), bucket.count)) }
        return joined(buckets.filter { $0.bound.isFinite })
    }

    /// The buckets from the first to the last that is not empty, at the scale that is kept.
    private static func merged(_ buckets: OTLPPointReader.Buckets, _ scale: Int32) -> [(index: Int, count: UInt64)]? {
        guard isSound(buckets) else { return nil }
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

    // MARK: - Increments

    /// Buckets of a histogram that counts since the point before: always the same ones, as each is added up for itself. They
    /// end at 0 and at the powers of two of ``fixedExponents``; nil as in ``growing(_:)``.
    static func fixed(_ point: OTLPPointReader) -> [(bound: Double, count: UInt64)]? {
        guard (-10...20).contains(point.scale), isSound(point.negative), isSound(point.positive) else { return nil }
        var counts = [UInt64](repeating: 0, count: fixedExponents.count + 1)
        counts[0] = point.negative.counts.reduce(point.zeroCount, &+)
        for (place, count) in point.positive.counts.enumerated() {
            // The bucket reaches up to base^(index+1); the bound is the next power of two.
            let index = Int(point.positive.offset) + place + 1
            let exponent = point.scale >= 0 ? (index + (1 << Int(point.scale)) - 1) >> Int(point.scale) : index << Int(-point.scale)
            if exponent > fixedExponents.upperBound { continue }
            counts[max(exponent - fixedExponents.lowerBound, 0) + 1] &+= count
        }
        let bounds = [0] + fixedExponents.map { Double(sign: .plus, exponent: $0, significand: 1) }
        return zip(bounds, counts).map { (bound: $0, count: $1) }
    }

    // MARK: - Parts

    private static func isSound(_ buckets: OTLPPointReader.Buckets) -> Bool { (-1 << 24...1 << 24).contains(buckets.offset) }

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
