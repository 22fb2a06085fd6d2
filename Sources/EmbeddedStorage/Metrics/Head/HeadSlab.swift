import TelemetryModel

/// Rising timestamps that the series of one target share. When one is full, the next goes on.
struct HeadTimes {
    typealias Pointer = UnsafeMutablePointer<HeadTimes>

    var next: Pointer?
    var count: UInt32
    let capacity: UInt32
    /// Whether no other series may join.
    let isPrivate: Bool

    /// A target begins with so many timestamps and later gets more at once.
    private static let firstCapacity: UInt32 = 16
    private static let lastCapacity: UInt32 = 128

    static func make(after last: Pointer?, isPrivate: Bool, in arena: HeadArena) -> Pointer {
        let capacity = last.map { min($0.pointee.capacity * 2, lastCapacity) } ?? firstCapacity
        let memory = arena.allocate(MemoryLayout<HeadTimes>.stride + Int(capacity) * MemoryLayout<Int64>.stride)
        let times = memory.bindMemory(to: HeadTimes.self, capacity: 1)
        times.initialize(to: HeadTimes(next: nil, count: 0, capacity: capacity, isPrivate: isPrivate))
        last?.pointee.next = times
        return times
    }

    /// Where the timestamps stand.
    @inline(__always)
    static func values(_ times: Pointer) -> UnsafeMutablePointer<Int64> {
        (UnsafeMutableRawPointer(times) + MemoryLayout<HeadTimes>.stride).assumingMemoryBound(to: Int64.self)
    }

    /// Appends a timestamp above all; there must be room.
    static func append(_ timestamp: Int64, to times: Pointer) {
        values(times)[Int(times.pointee.count)] = timestamp
        times.pointee.count += 1
    }
}

/// A few samples of one series: the values here, their timestamps in a row of a ``HeadTimes``.
struct HeadSlab {
    typealias Pointer = UnsafeMutablePointer<HeadSlab>

    /// The slab behind this one, which then does not change any more.
    var next: Pointer?
    let times: HeadTimes.Pointer
    /// Where the first timestamp stands.
    let start: UInt32
    var count: UInt32

    /// So many values fit in. Small, because each of 100,000 series has an unfinished one.
    static let capacity: UInt32 = 16

    static func make(_ times: HeadTimes.Pointer, start: UInt32, in arena: HeadArena) -> Pointer {
        let memory = arena.allocate(MemoryLayout<HeadSlab>.stride + Int(capacity) * MemoryLayout<Double>.stride)
        let slab = memory.bindMemory(to: HeadSlab.self, capacity: 1)
        slab.initialize(to: HeadSlab(next: nil, times: times, start: start, count: 0))
        return slab
    }

    @inline(__always)
    static func values(_ slab: Pointer) -> UnsafeMutablePointer<Double> {
        (UnsafeMutableRawPointer(slab) + MemoryLayout<HeadSlab>.stride).assumingMemoryBound(to: Double.self)
    }

    @inline(__always)
    static func timestamps(_ slab: Pointer) -> UnsafeMutablePointer<Int64> {
        HeadTimes.values(slab.pointee.times) + Int(slab.pointee.start)
    }

    /// Takes a sample if there is room and its timestamp is the next of the row, or can become it.
    @inline(__always)
    static func take(_ sample: Sample, _ slab: Pointer) -> Bool {
        let count = slab.pointee.count
        let times = slab.pointee.times
        let place = slab.pointee.start &+ count
        if count == capacity || place == times.pointee.capacity { return false }
        if place == times.pointee.count {
            HeadTimes.append(sample.timestamp, to: times)
        } else if HeadTimes.values(times)[Int(place)] != sample.timestamp {
            return false
        }
        values(slab)[Int(count)] = sample.value
        slab.pointee.count = count &+ 1
        return true
    }
}
