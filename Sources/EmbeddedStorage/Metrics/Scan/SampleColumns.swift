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
        guard let first = timestamps.first, let last = timestamps.last, from <= last, through >= first else {
            return SampleColumns()
        }
        if from <= first, through >= last { return self }
        let low = Self.position(timestamps, from)
        let high = through == .max ? count : Self.position(timestamps, through + 1)
        if low >= high { return SampleColumns() }
        return SampleColumns(timestamps: Array(timestamps[low..<high]), values: Array(values[low..<high]))
    }

    /// The samples outside of a closed range.
    func without(_ range: ClosedRange<Int64>) -> SampleColumns {
        guard let first = timestamps.first, let last = timestamps.last, range.lowerBound <= last, range.upperBound >= first else {
            return self
        }
        let low = Self.position(timestamps, range.lowerBound)
        let high = range.upperBound >= last ? count : Self.position(timestamps, range.upperBound + 1)
        if low >= high { return self }
        var kept = self
        kept.timestamps.removeSubrange(low..<high)
        kept.values.removeSubrange(low..<high)
        return kept
    }

    /// The value at exactly this time.
    func value(at timestamp: Int64) -> Double? {
        let index = Self.position(timestamps, timestamp)
        return index < count && timestamps[index] == timestamp ? values[index] : nil
    }

    /// The index of the first timestamp that is not below `wanted`.
    static func position(_ timestamps: [Int64], _ wanted: Int64) -> Int {
        var low = 0
        var high = timestamps.count
        while low < high {
            let middle = (low + high) / 2
            if timestamps[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
