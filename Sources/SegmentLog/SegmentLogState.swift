import ByteCoding
import Platform

/// A segment on disk.
struct Segment: Sendable {
    var path: String
    var number: UInt64
    var firstSequence: UInt64
    var lastSequence: UInt64
    var byteCount: Int
    /// Whether a part of it could not be read. It is set aside instead of deleted.
    var isDamaged = false

    init(path: String, number: UInt64, first: UInt64, last: UInt64, byteCount: Int) {
        self.path = path
        self.number = number
        firstSequence = first
        lastSequence = last
        self.byteCount = byteCount
    }

    init(_ scan: SegmentScan) {
        self.init(
            path: scan.path, number: scan.number, first: scan.firstSequence, last: scan.lastSequence, byteCount: scan.byteCount)
        isDamaged = scan.isDamaged
    }
}

/// The segment that is being appended to.
struct ActiveSegment: Sendable {
    var segment: Segment
    let file: any AppendableFile
}

/// What a ``SegmentLog`` protects with its mutex.
struct SegmentLogState {
    /// Ended segments, by rising number.
    var sealed: [Segment] = []
    var active: ActiveSegment?
    /// Damaged segments that were set aside, oldest first.
    var setAside: [(path: String, byteCount: Int)] = []
    var nextNumber: UInt64 = 1
    var nextSequence: UInt64
    var syncedSequence: UInt64 = 0
    /// A failed write could not be taken back: the active segment ends here.
    var mustRoll = false
    var failure: FileError?
    var lastRewrite: String?
    /// The bytes of the active segment from `unsyncedStart` on.
    var unsynced: [UInt8] = []
    var unsyncedStart = 0
    /// The record being written; kept so that appending allocates nothing.
    var buffer = ByteWriter()

    /// A buffer that one large record has stretched beyond this is given back, bytes.
    private static let bufferByteLimit = 8 << 20

    init(nextSequence: UInt64) {
        self.nextSequence = nextSequence
        syncedSequence = nextSequence - 1
    }

    var allSegments: [Segment] { sealed + (active.map { [$0.segment] } ?? []) }

    /// The active segment was durable as `snapshot` describes it.
    mutating func markSynced(_ snapshot: Segment) {
        guard let active, active.segment.number == snapshot.number, snapshot.byteCount > unsyncedStart else { return }
        let done = snapshot.byteCount - unsyncedStart
        if done >= unsynced.count {
            unsynced.removeAll(keepingCapacity: done <= Self.bufferByteLimit)
        } else {
            unsynced.removeFirst(done)
        }
        unsyncedStart = snapshot.byteCount
        syncedSequence = snapshot.lastSequence
    }

    mutating func shrinkBuffer() {
        if buffer.bytes.capacity > Self.bufferByteLimit { buffer = ByteWriter() }
    }
}
