import ByteCoding
import TelemetryModel

/// One series of a head as it stood at a moment, to be read without the lock: slabs are only ever appended to, and what is
/// behind the samples counted here is not looked at.
// Unchecked: the memory belongs to `arena`, and what was written before the snapshot does not change.
struct HeadSnapshot: @unchecked Sendable {
    let labels: Labels
    private let arena: HeadArena
    private let first: HeadSlab.Pointer?
    private let count: Int
    private let late: LateSamples?

    init(_ labels: Labels, _ series: HeadSeries, late: LateSamples?, _ arena: HeadArena) {
        self.labels = labels
        self.arena = arena
        first = series.first
        count = Int(series.slabSampleCount)
        self.late = late
    }

    /// How many samples there are at most.
    var sampleCount: Int { count + (late?.count ?? 0) }

    /// The samples in a closed range.
    func samples(from: Int64 = .min, through: Int64 = .max) -> SampleColumns {
        var columns = SampleColumns()
        append(to: &columns, from: from, through: through)
        return columns
    }

    /// Appends the samples in a closed range; they must be newer than what the columns hold.
    func append(to columns: inout SampleColumns, from: Int64 = .min, through: Int64 = .max) {
        guard let late else { return appendSlabs(to: &columns, from: from, through: through) }
        var own = SampleColumns()
        appendSlabs(to: &own, from: from, through: through)
        own.merge(late.columns.restricted(from: from, through: through))
        columns.merge(own)
    }

    private func appendSlabs(to columns: inout SampleColumns, from: Int64, through: Int64) {
        forEachRun(from: from, through: through) { timestamps, values in
            columns.timestamps.append(contentsOf: timestamps)
            columns.values.append(contentsOf: values)
        }
    }

    /// Adds the samples in a closed range to others, over which they win.
    func add(to buffer: SampleBuffer, from: Int64, through: Int64) {
        if late != nil { return buffer.add(samples(from: from, through: through)) }
        forEachRun(from: from, through: through) { buffer.add($0, $1) }
    }

    /// The last sample in a closed range, or the last that is no staleness marker.
    func last(from: Int64, through: Int64, skippingMarkers: Bool) -> Sample? {
        var found: Sample?
        func take(_ timestamps: UnsafeBufferPointer<Int64>, _ values: UnsafeBufferPointer<Double>) {
            guard let index = values.lastIndex(where: { !skippingMarkers || !Sample.isStale($0) }) else { return }
            found = Sample(timestamp: timestamps[index], value: values[index])
        }
        if late == nil {
            forEachRun(from: from, through: through, take)
        } else {
            let samples = samples(from: from, through: through)
            samples.timestamps.withUnsafeBufferPointer { times in samples.values.withUnsafeBufferPointer { take(times, $0) } }
        }
        return found
    }

    /// Calls `body` with every run of slab samples in a closed range, oldest first.
    private func forEachRun(
        from: Int64, through: Int64, _ body: (UnsafeBufferPointer<Int64>, UnsafeBufferPointer<Double>) -> Void
    ) {
        forEachSlab { timestamps, values in
            guard let oldest = timestamps.first, let newest = timestamps.last else { return true }
            if oldest > through { return false }
            if newest < from { return true }
            let low = oldest >= from ? 0 : Search.lowerBound(timestamps.count) { timestamps[$0] < from }
            let high = newest <= through ? timestamps.count : Search.lowerBound(timestamps.count) { timestamps[$0] <= through }
            if low >= high { return true }
            body(UnsafeBufferPointer(rebasing: timestamps[low..<high]), UnsafeBufferPointer(rebasing: values[low..<high]))
            return true
        }
    }

    /// Whether there is a sample in a closed range.
    func hasSamples(from: Int64, through: Int64) -> Bool {
        var found = late.map { !$0.columns.restricted(from: from, through: through).isEmpty } ?? false
        if found { return true }
        forEachSlab { timestamps, _ in
            guard let oldest = timestamps.first, let newest = timestamps.last, oldest <= through else { return false }
            if newest >= from { found = timestamps.contains { $0 >= from && $0 <= through } }
            return !found
        }
        return found
    }

    /// The value at exactly this time.
    func value(at timestamp: Int64) -> Double? {
        if let value = late?.value(at: timestamp) { return value }
        var value: Double?
        forEachSlab { timestamps, values in
            guard let oldest = timestamps.first, let newest = timestamps.last, oldest <= timestamp else { return false }
            if newest < timestamp { return true }
            value = timestamps.firstIndex(of: timestamp).map { values[$0] }
            return false
        }
        return value
    }

    /// Calls `body` with every run of samples, oldest first, until it returns false.
    private func forEachSlab(_ body: (UnsafeBufferPointer<Int64>, UnsafeBufferPointer<Double>) -> Bool) {
        // The pointers do not keep it.
        defer { withExtendedLifetime(arena) {} }
        var rest = count
        var next = first
        while rest > 0, let slab = next {
            // The last slab may have got more since.
            let count = min(rest, Int(slab.pointee.count))
            if !body(
                UnsafeBufferPointer(start: HeadSlab.timestamps(slab), count: count),
                UnsafeBufferPointer(start: HeadSlab.values(slab), count: count))
            {
                return
            }
            rest -= count
            if rest > 0 { next = slab.pointee.next }
        }
    }
}
