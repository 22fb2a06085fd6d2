import ByteCoding
import TelemetryModel

/// Samples of the head that will not change any more, compressed.
struct HeadChunk: Sendable {
    var first: Int64
    var last: Int64
    var count: Int
    var times: [UInt8]
    var values: [UInt8]

    init(_ samples: UnsafeBufferPointer<Sample>) {
        first = samples[0].timestamp
        last = samples[samples.count - 1].timestamp
        count = samples.count
        times = TimeColumn.encode(samples.map(\.timestamp))
        values = ValueColumn.encode(samples.map(\.value))
    }

    /// The samples. The bytes are our own and were never on a disk: a failure here would be a mistake in the coding.
    func decode() -> SampleColumns {
        do {
            return SampleColumns(
                timestamps: try times.withUnsafeBytes { try TimeColumn.decode($0, count: count) },
                values: try values.withUnsafeBytes { try ValueColumn.decode($0, count: count) })
        } catch {
            preconditionFailure("a chunk of the head cannot be decoded: \(error)")
        }
    }
}

/// What readers copy of a series under the lock, to work on it outside.
struct HeadSnapshot: Sendable {
    var labels: Labels
    var chunks: [HeadChunk]
    var open: [Sample]
    var late: [Sample]

    /// The samples in a closed range.
    func samples(from: Int64, through: Int64) -> SampleColumns {
        var columns = SampleColumns()
        for chunk in chunks where chunk.first <= through && chunk.last >= from { columns.merge(chunk.decode()) }
        columns.merge(SampleColumns(open))
        columns.merge(SampleColumns(late))
        return columns.restricted(from: from, through: through)
    }
}

/// One series of the head: at most 128 samples as they came, compressed chunks before them, and late samples apart.
// Unchecked: only used under the store's lock, or after its head was frozen, when nobody changes it any more. A class with
// a pointer, because an array inside an array is copied or checked for uniqueness at every append.
final class HeadSeries: @unchecked Sendable {
    /// What became of a sample.
    enum Outcome { case stored, duplicate, conflict, tooOld }

    /// So many samples make a chunk.
    static let openLimit = 128
    /// So many late samples are worked into the chunks.
    static let lateLimit = 4_096

    let labels: Labels
    /// The newest timestamp of the series, here or in blocks; `Int64.min` when it has none.
    private(set) var newest: Int64
    /// The value there.
    private(set) var newestValue: Double
    /// Samples up to here may be in blocks or in the frozen head.
    let flushedThrough: Int64
    /// Where the log's coding of this series stands, and in which context.
    var cursor = MetricLogCursor()
    var cursorContext: UInt64 = 0

    private var chunks: [HeadChunk] = []
    private var late: [Sample] = []
    private var open: UnsafeMutablePointer<Sample>
    private var capacity = 4
    private var openCount = 0

    /// A series without samples here; `newest` is its last sample elsewhere.
    init(_ labels: Labels, newest: Sample?) {
        self.labels = labels
        self.newest = newest?.timestamp ?? .min
        newestValue = newest?.value ?? 0
        flushedThrough = newest?.timestamp ?? .min
        open = .allocate(capacity: capacity)
    }

    deinit { open.deallocate() }

    /// Whether it has samples here.
    var isEmpty: Bool { openCount == 0 && chunks.isEmpty && late.isEmpty }

    /// Whether it has any samples, here or elsewhere.
    var isKnown: Bool { newest != .min }

    /// Takes a sample. `elsewhere` looks a timestamp up in blocks and in the frozen head.
    @inline(__always)
    func insert(_ sample: Sample, isDelta: Bool, window: Int64, elsewhere: (Int64) throws -> Double?) rethrows -> Outcome {
        if sample.timestamp > newest {
            append(isDelta && newest != .min ? Sample(timestamp: sample.timestamp, value: newestValue + sample.value) : sample)
            return .stored
        }
        // An increment that does not end later has been added already.
        if isDelta { return .duplicate }
        // Timestamps are not negative: the subtraction cannot overflow.
        if sample.timestamp < newest - window { return .tooOld }
        return try insertLate(sample, elsewhere: elsewhere)
    }

    @inline(__always)
    private func append(_ sample: Sample) {
        if openCount == capacity { makeRoom() }
        open[openCount] = sample
        openCount &+= 1
        newest = sample.timestamp
        newestValue = sample.value
    }

    private func makeRoom() {
        if capacity < Self.openLimit {
            let larger = UnsafeMutablePointer<Sample>.allocate(capacity: capacity * 2)
            larger.update(from: open, count: openCount)
            open.deallocate()
            open = larger
            capacity *= 2
        } else {
            chunks.append(HeadChunk(UnsafeBufferPointer(start: open, count: openCount)))
            openCount = 0
        }
    }

    private func insertLate(_ sample: Sample, elsewhere: (Int64) throws -> Double?) rethrows -> Outcome {
        let place = Self.position(late, sample.timestamp)
        let inOpen = Self.position(UnsafeBufferPointer(start: open, count: openCount), sample.timestamp)
        if place < late.count, late[place].timestamp == sample.timestamp {
            return replace(&late[place], sample)
        }
        if inOpen < openCount, open[inOpen].timestamp == sample.timestamp {
            return replace(&open[inOpen], sample)
        }
        let known = try chunkValue(sample.timestamp) ?? (sample.timestamp <= flushedThrough ? elsewhere(sample.timestamp) : nil)
        if let known, known.bitPattern == sample.value.bitPattern { return .duplicate }
        if sample.timestamp == newest { newestValue = sample.value }
        // Before the open samples stand chunks: only what lies behind the first open one can go among them.
        if known == nil, inOpen > 0, openCount < capacity {
            (open + inOpen + 1).update(from: open + inOpen, count: openCount - inOpen)
            open[inOpen] = sample
            openCount += 1
        } else {
            late.insert(sample, at: place)
            if late.count > Self.lateLimit { consolidate() }
        }
        return known == nil ? .stored : .conflict
    }

    private func replace(_ old: inout Sample, _ new: Sample) -> Outcome {
        if old.value.bitPattern == new.value.bitPattern { return .duplicate }
        old.value = new.value
        if new.timestamp == newest { newestValue = new.value }
        return .conflict
    }

    private func chunkValue(_ timestamp: Int64) -> Double? {
        guard let chunk = chunks.first(where: { $0.first <= timestamp && $0.last >= timestamp }) else { return nil }
        return chunk.decode().value(at: timestamp)
    }

    /// The value at exactly this time, here.
    func value(at timestamp: Int64) -> Double? { snapshot().samples(from: timestamp, through: timestamp).values.first }

    private func consolidate() {
        let all = snapshot().samples(from: .min, through: .max)
        chunks = []
        late = []
        openCount = 0
        for (timestamp, value) in zip(all.timestamps, all.values) {
            if openCount == capacity { makeRoom() }
            open[openCount] = Sample(timestamp: timestamp, value: value)
            openCount += 1
        }
    }

    /// A copy for work outside of the lock.
    func snapshot() -> HeadSnapshot {
        HeadSnapshot(labels: labels, chunks: chunks, open: Array(UnsafeBufferPointer(start: open, count: openCount)), late: late)
    }

    private static func position<Samples: RandomAccessCollection>(_ samples: Samples, _ wanted: Int64) -> Int
    where Samples.Element == Sample, Samples.Index == Int {
        var low = 0
        var high = samples.count
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].timestamp < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
