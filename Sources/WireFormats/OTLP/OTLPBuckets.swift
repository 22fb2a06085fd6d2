/// The buckets of OTLP's explicit histograms.
enum OTLPBuckets {
    /// Upper bounds with their own counts, by rising bound and without the one above all.
    static func explicit(_ point: OTLPPointReader) throws(OTLPPointError) -> [(bound: Double, count: UInt64)] {
        var bounds = point.bounds[...]
        guard point.bucketCounts.isEmpty && bounds.isEmpty || point.bucketCounts.count == bounds.count + 1 else {
            throw OTLPPointError(
                .malformed, "it has \(point.bucketCounts.count) bucket counts and \(bounds.count) bounds, which must be one fewer")
        }
        // Some senders write the bound above all, which the bucket of all observations has anyway.
        if bounds.last == .infinity { bounds.removeLast() }
        guard bounds.allSatisfy(\.isFinite), zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw OTLPPointError(.malformed, "its bucket bounds are not rising finite numbers")
        }
        return zip(bounds, point.bucketCounts).map { (bound: $0, count: $1) }
    }
}
