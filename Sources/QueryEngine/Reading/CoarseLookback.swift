import Storage

/// How old a sample may be that an instant selector takes. Where a store has only one sample in every bucket, that is a bucket
/// more, or there would be nothing between them.
struct CoarseLookback {
    /// The most recent first.
    private let ranges: [CoarseRange]
    /// Up to here samples are coarse.
    private let coarseThrough: Int64
    /// How old a sample may be where all are kept, milliseconds.
    private let length: Int64

    init(_ ranges: [CoarseRange], _ length: Int64) {
        self.ranges = ranges
        self.length = length
        coarseThrough = ranges.map(\.through).max() ?? .min
    }

    /// How old a sample may be, milliseconds, exclusively.
    @inline(__always)
    func callAsFunction(_ timestamp: Int64) -> Int64 {
        timestamp > coarseThrough ? length : coarse(timestamp)
    }

    private func coarse(_ timestamp: Int64) -> Int64 {
        let resolution = ranges.last { timestamp <= $0.through }?.resolution ?? 0
        return length &+ resolution
    }
}
