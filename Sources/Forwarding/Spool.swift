import ByteCoding
import Platform
import SegmentLog
import Synchronization

/// Requests that wait for the server, on disk: in order, bounded, still there after a restart.
///
/// `Schemas/format/agent-spool.md` describes the records. A request is a record; how far the server has taken them is a record
/// too, so that taking note costs one write and no file of its own. All calls block.
public final class Spool: Sendable {
    /// How the spool is kept.
    public struct Options: Sendable {
        /// How many bytes the files may have; the oldest requests make room for new ones.
        public var byteLimit = 256 << 20
        /// How many bytes one request may have.
        public var requestByteLimit = 64 << 20

        /// 256 MiB.
        public init() {}
    }

    /// What waits, and what was lost.
    public struct Status: Sendable, Equatable {
        /// How many requests wait.
        public var requestCount = 0
        /// How many bytes the files have.
        public var byteCount = 0
        /// How many requests made room for newer ones since the start.
        public var droppedCount: UInt64 = 0
        /// How many requests could not be read back since the start.
        public var damagedCount: UInt64 = 0
    }

    /// A request that waits.
    public struct Request: Sendable {
        /// Its number in the log.
        public var sequence: UInt64
        /// Its body.
        public var body: [UInt8]
    }

    /// Requests of one signal that stand one behind the other, ready to be sent as one.
    public struct Batch: Sendable {
        /// What they carry.
        public var signal: ForwardedSignal
        /// The requests, the oldest first; never none.
        public var requests: [Request]

        /// The bodies as one: OTLP requests have one repeated field, so that one behind the other they are a request again.
        public var body: [UInt8] { requests.count == 1 ? requests[0].body : requests.flatMap(\.body) }
    }

    private struct State {
        /// Everything up to here is at the server or was dropped.
        var delivered: UInt64 = 0
        var status = Status()
        var isDirty = false
    }

    static let markType: UInt8 = 3
    private static let recordVersion: UInt8 = 1

    private let log: SegmentLog
    private let options: Options
    private let state: Mutex<State>
    /// What was found when the spool was opened.
    public let recovery: RecoveryReport

    /// Opens the spool in a directory, which is made if it is missing.
    public init(directory: String, files: any FileSystem, options: Options = Options()) throws {
        var logOptions = SegmentLogOptions()
        // Small segments: sending reads a segment, and the oldest segment is what makes room.
        logOptions.segmentByteLimit = min(max(options.byteLimit / 64, 16 << 10), 1 << 20)
        var state = State()
        var waiting: [UInt64] = []
        (log, recovery) = try SegmentLog.open(directory: directory, fileSystem: files, options: logOptions) { record in
            if record.type == Self.markType {
                if let mark = Self.mark(record.payload) { state.delivered = max(state.delivered, mark) }
            } else {
                waiting.append(record.sequence)
            }
        }
        state.status.requestCount = waiting.count { $0 > state.delivered }
        self.options = options
        self.state = Mutex(state)
    }

    /// What waits, and what was lost.
    public var status: Status {
        var status = state.withLock { $0.status }
        status.byteCount = log.byteCount
        return status
    }

    /// Puts a request into the spool; when this returns it survives the end of the process. Throws ``FileError`` when the
    /// disk does not take it.
    public func append(_ signal: ForwardedSignal, _ body: [UInt8]) throws {
        let limit = min(options.requestByteLimit, options.byteLimit)
        if body.count > limit {
            throw FileError(
                .tooLarge, path: log.directory, "A request of \(body.count) bytes is larger than the \(limit) that the spool takes."
            )
        }
        let record = try Zstd.compress(body, level: 1)
        try makeRoom(for: record.count)
        _ = try log.append(type: signal.rawValue, version: Self.recordVersion, payload: record)
        state.withLock {
            $0.status.requestCount += 1
            $0.isDirty = true
        }
    }

    /// The oldest requests that wait: of one signal, together not larger than `byteLimit` unless the first alone is. Nil when
    /// none waits.
    public func next(byteLimit: Int) throws -> Batch? {
        let delivered = state.withLock { $0.delivered }
        var signal: ForwardedSignal?
        var requests: [Request] = []
        var byteCount = 0
        var damagedCount = 0
        try log.read(after: delivered) { record in
            // What is no request is a mark, which was heeded when it was written.
            guard let found = ForwardedSignal(rawValue: record.type) else { return true }
            guard let body = body(of: record) else {
                damagedCount += 1
                return true
            }
            if !requests.isEmpty, found != signal || byteCount + body.count > byteLimit { return false }
            signal = found
            byteCount += body.count
            requests.append(Request(sequence: record.sequence, body: body))
            return byteCount < byteLimit
        }
        state.withLock {
            $0.status.damagedCount &+= UInt64(damagedCount)
            $0.status.requestCount = requests.isEmpty ? 0 : max($0.status.requestCount - damagedCount, requests.count)
        }
        return signal.map { Batch(signal: $0, requests: requests) }
    }

    private func body(of record: LogRecord) -> [UInt8]? {
        guard record.version == Self.recordVersion else { return nil }
        return try? Zstd.decompress(record.payload, limit: options.requestByteLimit)
    }

    /// Takes note that the server has a batch, and deletes what nobody needs any more.
    public func markDelivered(_ batch: Batch) throws {
        guard let sequence = batch.requests.last?.sequence else { return }
        state.withLock {
            $0.delivered = max($0.delivered, sequence)
            $0.status.requestCount = max(0, $0.status.requestCount - batch.requests.count)
        }
        try log.deleteSegments(through: sequence)
        var mark = ByteWriter(capacity: 8)
        mark.writeInteger(sequence)
        _ = try log.append(type: Self.markType, version: Self.recordVersion, payload: mark.bytes)
    }

    /// Makes what was appended survive the loss of power.
    public func sync() throws {
        let isDirty = state.withLock { state in
            defer { state.isDirty = false }
            return state.isDirty
        }
        if isDirty { try log.sync() }
    }

    private static func mark(_ payload: UnsafeRawBufferPointer) -> UInt64? {
        var reader = ByteReader(payload)
        return try? reader.readInteger(UInt64.self)
    }

    /// Drops the oldest segments until a record of so many bytes fits.
    private func makeRoom(for byteCount: Int) throws {
        while log.byteCount + byteCount > options.byteLimit {
            let before = log.byteCount
            try dropOldestSegment()
            if log.byteCount >= before { return }
        }
    }

    private func dropOldestSegment() throws {
        let delivered = state.withLock { $0.delivered }
        var last = delivered
        var droppedCount = 0
        var segment: UInt64?
        try log.read(after: delivered) { record in
            if let segment, record.segment != segment { return false }
            segment = record.segment
            last = record.sequence
            if record.type != Self.markType { droppedCount += 1 }
            return true
        }
        let before = log.byteCount
        try log.deleteSegments(through: last)
        if log.byteCount == before {
            // The oldest segment is the one that is being written.
            try log.roll()
            try log.deleteSegments(through: last)
        }
        state.withLock {
            $0.delivered = max($0.delivered, last)
            $0.status.droppedCount &+= UInt64(droppedCount)
            $0.status.requestCount = max(0, $0.status.requestCount - droppedCount)
        }
    }
}
