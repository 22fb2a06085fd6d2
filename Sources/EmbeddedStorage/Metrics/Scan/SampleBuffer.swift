import TelemetryModel

/// The samples of one series while it is put together from several places, oldest first; used again for every series of a scan.
///
/// Mostly a series has one chunk in the range, whose timestamps it shares with others: they are lent, not copied.
// A class with pointers, because arrays in a class are checked for uniqueness on every access.
final class SampleBuffer {
    private var times: UnsafeMutablePointer<Int64>
    private var values: UnsafeMutablePointer<Double>
    private var capacity = 2_048
    /// Whose timestamps the samples have, index by index; nil: those in `times`.
    private var shared: Timestamps?
    /// Where the samples are.
    private var samples = 0..<0

    init() {
        times = .allocate(capacity: capacity)
        values = .allocate(capacity: capacity)
    }

    deinit {
        times.deallocate()
        values.deallocate()
    }

    var isEmpty: Bool { samples.isEmpty }

    func removeAll() {
        shared = nil
        samples = 0..<0
    }

    /// Lends the samples.
    func withSamples<Result>(
        _ body: (UnsafeBufferPointer<Int64>, UnsafeBufferPointer<Double>) throws -> Result
    ) rethrows -> Result {
        let values = UnsafeBufferPointer(start: values + samples.lowerBound, count: samples.count)
        guard let shared else {
            return try body(UnsafeBufferPointer(start: times + samples.lowerBound, count: samples.count), values)
        }
        return try shared.values.withUnsafeBufferPointer {
            try body(UnsafeBufferPointer(rebasing: $0[samples]), values)
        }
    }

    /// Adds those samples of a chunk that lie in a closed range; where there is one of the same time, the chunk's wins.
    /// `decode` writes all values of the chunk.
    func add(
        _ timestamps: Timestamps, from: Int64, through: Int64, decode: (UnsafeMutableBufferPointer<Double>) throws -> Void
    ) throws {
        let wanted = timestamps.values.places(from: from, through: through)
        if wanted.isEmpty { return }
        let place = samples.isEmpty ? 0 : samples.upperBound
        reserve(place + timestamps.values.count)
        try decode(UnsafeMutableBufferPointer(start: values + place, count: timestamps.values.count))
        if samples.isEmpty {
            shared = timestamps
            samples = wanted
            return
        }
        timestamps.values.withUnsafeBufferPointer { all in
            let newer = UnsafeBufferPointer(start: values + place + wanted.lowerBound, count: wanted.count)
            add(UnsafeBufferPointer(rebasing: all[wanted]), newer)
        }
    }

    /// Adds samples that rise in time; where there is one of the same time, the added one wins.
    func add(_ newerTimes: UnsafeBufferPointer<Int64>, _ newerValues: UnsafeBufferPointer<Double>) {
        guard let first = newerTimes.first, let from = newerTimes.baseAddress, let valuesFrom = newerValues.baseAddress else {
            return
        }
        ownTimes()
        if !samples.isEmpty, times[samples.upperBound - 1] >= first { return interleave(newerTimes, newerValues) }
        let place = samples.upperBound
        // The values may lie in this buffer already, behind the samples: then there is room, and they move to the front.
        reserve(place + newerTimes.count)
        (times + place).update(from: from, count: newerTimes.count)
        (values + place).update(from: valuesFrom, count: newerTimes.count)
        samples = samples.lowerBound..<(place + newerTimes.count)
    }

    /// Adds the samples of columns.
    func add(_ newer: SampleColumns) {
        newer.timestamps.withUnsafeBufferPointer { times in newer.values.withUnsafeBufferPointer { add(times, $0) } }
    }

    private func interleave(_ newerTimes: UnsafeBufferPointer<Int64>, _ newerValues: UnsafeBufferPointer<Double>) {
        var columns = withSamples { SampleColumns(timestamps: Array($0), values: Array($1)) }
        columns.merge(SampleColumns(timestamps: Array(newerTimes), values: Array(newerValues)))
        removeAll()
        add(columns)
    }

    private func ownTimes() {
        guard let shared else { return }
        shared.values.withUnsafeBufferPointer { all in
            for index in samples { times[index] = all[index] }
        }
        self.shared = nil
    }

    private func reserve(_ count: Int) {
        if count <= capacity { return }
        let larger = max(count, capacity * 2)
        times = Self.moved(times, samples.upperBound, to: larger)
        values = Self.moved(values, samples.upperBound, to: larger)
        capacity = larger
    }

    private static func moved<Element: BitwiseCopyable>(
        _ old: UnsafeMutablePointer<Element>, _ count: Int, to capacity: Int
    ) -> UnsafeMutablePointer<Element> {
        let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        new.update(from: old, count: count)
        old.deallocate()
        return new
    }
}
