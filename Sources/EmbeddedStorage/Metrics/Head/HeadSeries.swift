import TelemetryModel

/// What the head knows of one series. Stands in an array without references, because objects would cost a miss of the cache
/// and a count of references per sample.
struct HeadSeries {
    /// What became of a late sample.
    enum Outcome { case stored, duplicate, conflict }

    /// The newest timestamp of the series, here or in blocks; `Int64.min` when it has none.
    var newest: Int64
    /// The value there.
    var newestValue: Double
    /// The slab that is being filled.
    private var last: HeadSlab.Pointer?
    /// How many samples the slabs hold.
    private(set) var slabSampleCount: UInt32 = 0
    /// How often a slab was left nearly empty, because the series does not keep to the timestamps of others.
    private var shortSlabCount: UInt8 = 0
    /// Whether there are samples outside of the slabs.
    var hasLate = false
    /// Where the log's coding of this series stands: in which context, under which number.
    var logContext: UInt32 = 0
    var logNumber: UInt32 = 0
    var cursor = MetricLogCursor()
    /// Whose series it is, see ``SeriesSources``.
    var source: UInt32
    /// Samples up to here may be in blocks or in the frozen head.
    private(set) var flushedThrough: Int64
    private(set) var first: HeadSlab.Pointer?

    /// A slab with fewer values than this is short, and a series with so many short ones gets timestamps of its own.
    private static let shortSlab: UInt32 = 4
    private static let shortSlabLimit = 2
    /// So many timestamps are looked at to find a sample's among those of another series.
    private static let searchLimit: UInt32 = 16

    /// A series without samples here; `newest` is its last sample elsewhere.
    init(newest: Sample?, source: UInt32) {
        self.newest = newest?.timestamp ?? .min
        newestValue = newest?.value ?? 0
        flushedThrough = self.newest
        self.source = source
    }

    /// The series as it begins in the next head.
    func successor() -> HeadSeries {
        HeadSeries(newest: isKnown ? Sample(timestamp: newest, value: newestValue) : nil, source: source)
    }

    /// Drops the samples and begins anew; where the log's coding stands remains.
    mutating func restart(newest: Sample?) {
        var new = HeadSeries(newest: newest, source: source)
        new.logContext = logContext
        new.logNumber = logNumber
        new.cursor = cursor
        self = new
    }

    /// Whether it has samples here.
    var isEmpty: Bool { slabSampleCount == 0 && !hasLate }

    /// Whether it has any samples, here or elsewhere.
    var isKnown: Bool { newest != .min }

    /// Appends a sample that is newer than all others. `neighbour` are the timestamps that the last series used: mostly one
    /// of the same target, which has the same.
    @inline(__always)
    mutating func append(_ sample: Sample, neighbour: inout HeadTimes.Pointer?, _ arena: HeadArena) {
        newest = sample.timestamp
        newestValue = sample.value
        slabSampleCount &+= 1
        if let last, HeadSlab.take(sample, last) {
            neighbour = last.pointee.times
            return
        }
        let slab = makeSlab(sample.timestamp, neighbour, arena)
        HeadSlab.values(slab)[0] = sample.value
        slab.pointee.count = 1
        neighbour = slab.pointee.times
    }

    /// A slab whose first timestamp is this one; the series goes on in it.
    private mutating func makeSlab(_ timestamp: Int64, _ neighbour: HeadTimes.Pointer?, _ arena: HeadArena) -> HeadSlab.Pointer {
        var wasRefused = false
        if let last {
            wasRefused =
                last.pointee.count < HeadSlab.capacity
                && last.pointee.start + last.pointee.count < last.pointee.times.pointee.capacity
            if wasRefused, last.pointee.count < Self.shortSlab { shortSlabCount += 1 }
        }
        let isPrivate = shortSlabCount >= Self.shortSlabLimit
        let (times, start) =
            following(timestamp, mayJoin: !isPrivate || !wasRefused, arena)
            ?? (isPrivate ? nil : Self.find(timestamp, neighbour))
            ?? {
                let times = HeadTimes.make(after: nil, isPrivate: isPrivate, in: arena)
                HeadTimes.append(timestamp, to: times)
                return (times, 0)
            }()
        let slab = HeadSlab.make(times, start: start, in: arena)
        last?.pointee.next = slab
        last = slab
        if first == nil { first = slab }
        return slab
    }

    /// The place of a timestamp in the row of the last slab and what follows it; the timestamp is added if it is above all.
    private func following(_ timestamp: Int64, mayJoin: Bool, _ arena: HeadArena) -> (HeadTimes.Pointer, UInt32)? {
        guard let last, mayJoin else { return nil }
        var times = last.pointee.times
        var place = last.pointee.start + last.pointee.count
        for _ in 0..<Self.searchLimit {
            if place == times.pointee.capacity {
                times = times.pointee.next ?? HeadTimes.make(after: times, isPrivate: times.pointee.isPrivate, in: arena)
                place = 0
            }
            if place == times.pointee.count {
                HeadTimes.append(timestamp, to: times)
                return (times, place)
            }
            let found = HeadTimes.values(times)[Int(place)]
            if found == timestamp { return (times, place) }
            if found > timestamp { return nil }
            place += 1
        }
        return nil
    }

    /// The place of a timestamp near the end of a row.
    private static func find(_ timestamp: Int64, _ times: HeadTimes.Pointer?) -> (HeadTimes.Pointer, UInt32)? {
        guard let times, !times.pointee.isPrivate else { return nil }
        let count = times.pointee.count
        for place in (count - min(count, searchLimit)..<count).reversed() {
            let found = HeadTimes.values(times)[Int(place)]
            if found == timestamp { return (times, place) }
            if found < timestamp { return nil }
        }
        return nil
    }
}
