import ByteCoding
import TelemetryModel

/// Samples of one series by rising timestamp, none twice.
struct SampleColumns {
    var timestamps: [Int64] = []
    var values: [Double] = []

    var count: Int { timestamps.count }
    var isEmpty: Bool { timestamps.isEmpty }

    init() {}

    init(timestamps: [Int64], values: [Double]) {
        self.timestamps = timestamps
        self.values = values
    }

    init(_ samples: some Collection<Sample>) {
        timestamps = samples.map(\.timestamp)
        values = samples.map(\.value)
    }

    /// Adds samples; where both have a timestamp, `newer` wins.
    mutating func merge(_ newer: SampleColumns) {
        guard let first = newer.timestamps.first, let last = newer.timestamps.last else { return }
        guard let ownFirst = timestamps.first, let ownLast = timestamps.last else {
            self = newer
            return
        }
        if ownLast < first {
            timestamps += newer.timestamps
            values += newer.values
        } else if last < ownFirst {
            timestamps = newer.timestamps + timestamps
            values = newer.values + values
        } else {
            interleave(newer)
        }
    }

    private mutating func interleave(_ newer: SampleColumns) {
        var merged = SampleColumns()
        merged.timestamps.reserveCapacity(count + newer.count)
        merged.values.reserveCapacity(count + newer.count)
        var a = 0
        var b = 0
        while a < count || b < newer.count {
            if b == newer.count || (a < count && timestamps[a] < newer.timestamps[b]) {
                merged.append(timestamps[a], values[a])
                a += 1
            } else {
                if a < count, timestamps[a] == newer.timestamps[b] { a += 1 }
                merged.append(newer.timestamps[b], newer.values[b])
                b += 1
            }
        }
        self = merged
    }

    mutating func append(_ timestamp: Int64, _ value: Double) {
        timestamps.append(timestamp)
        values.append(value)
    }

    /// The samples in a closed range.
    func restricted(from: Int64, through: Int64) -> SampleColumns {
        let wanted = timestamps.places(from: from, through: through)
        if wanted.count == count { return self }
        return SampleColumns(timestamps: Array(timestamps[wanted]), values: Array(values[wanted]))
    }

    /// The samples outside of a closed range.
    func without(_ range: ClosedRange<Int64>) -> SampleColumns {
        let deleted = timestamps.places(from: range.lowerBound, through: range.upperBound)
        if deleted.isEmpty { return self }
        var kept = self
        kept.timestamps.removeSubrange(deleted)
        kept.values.removeSubrange(deleted)
        return kept
    }

    /// The value at exactly this time.
    func value(at timestamp: Int64) -> Double? {
        let index = timestamps.place(timestamp)
        return index < count && timestamps[index] == timestamp ? values[index] : nil
    }
}

extension [Int64] {
    /// Where the times of a closed range stand among rising ones.
    func places(from: Int64, through: Int64) -> Range<Int> {
        guard let first, let last, from <= last, through >= first else { return 0..<0 }
        let low = from <= first ? 0 : Search.lowerBound(count) { self[$0] < from }
        return low..<(through >= last ? count : Swift.max(low, Search.lowerBound(count) { self[$0] <= through }))
    }

    /// The place of the first that is not below `wanted`.
    func place(_ wanted: Int64) -> Int { Search.lowerBound(count) { self[$0] < wanted } }
}
