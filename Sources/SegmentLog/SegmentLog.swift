import ByteCoding
import Platform
import Synchronization

/// The one append log: numbered records with checksums, in segments that are deleted as whole files.
///
/// ``append(type:version:_:)`` returns after one write; the record then survives the end of the process. ``sync()`` makes
/// everything appended before the call survive the loss of power. Segments are self-contained: whoever codes records
/// against earlier ones starts afresh when the segment number changes. Opening never appends to an old segment.
///
/// When a sync fails, the kernel may have dropped what was not on disk. The segment is then written anew, under the next
/// number, from its synced part and from the unsynced records, which are held in memory until they are synced (at most one
/// segment and one record). Until that has worked, appending is refused. A crash in between can leave both copies, so
/// records may be replayed twice: users must be idempotent.
public final class SegmentLog: Sendable {
    /// The directory of the segments.
    public let directory: String
    private let fileSystem: any FileSystem
    private let options: SegmentLogOptions
    private let state: Mutex<SegmentLogState>
    /// One sync at a time; taken before `state`.
    private let syncing = Mutex(())

    private init(
        _ directory: String, _ fileSystem: any FileSystem, _ options: SegmentLogOptions, _ state: consuming SegmentLogState
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.options = options
        self.state = Mutex(state)
    }

    /// Opens the log of a directory, which is made if it is missing, and calls `replay` with every good record, oldest
    /// first. A torn tail of the last segment is cut off. What `replay` throws ends the opening.
    public static func open(
        directory: String, fileSystem: any FileSystem, options: SegmentLogOptions = SegmentLogOptions(),
        replay: (LogRecord) throws -> Void
    ) throws -> (log: SegmentLog, report: RecoveryReport) {
        if try fileSystem.status(directory) == nil {
            try fileSystem.makeDirectory(directory)
            try fileSystem.syncDirectory(PosixFileSystem.parent(of: directory))
        }
        var state = SegmentLogState(nextSequence: options.sequenceFloor + 1)
        var report = RecoveryReport()
        state.setAside = try setAside(in: directory, fileSystem)
        report.damages = state.setAside.map { "\($0.path) is damaged and was set aside. Remove it when it is of no use any more." }
        let numbers = try SegmentReader.numbers(in: directory, fileSystem)
        state.nextNumber = (state.setAside.compactMap { SegmentFormat.number(setAside: $0.path) }.max() ?? 0) + 1
        for number in numbers {
            let path = "\(directory)/\(SegmentFormat.fileName(number))"
            let scan = try SegmentReader.read(path, number: number, fileSystem) { record in
                try replay(record)
                return true
            }
            report.recordCount += scan.recordCount
            report.segmentCount += 1
            state.nextNumber = max(state.nextNumber, number + 1)
            state.nextSequence = max(state.nextSequence, scan.lastSequence &+ 1)
            try keep(scan, isLast: number == numbers.last, &state, &report, fileSystem)
        }
        return (SegmentLog(directory, fileSystem, options, state), report)
    }

    /// Decides what becomes of a segment that was read: an empty last one goes, a torn tail of the last one is cut.
    private static func keep(
        _ scan: SegmentScan, isLast: Bool, _ state: inout SegmentLogState, _ report: inout RecoveryReport,
        _ fileSystem: any FileSystem
    ) throws {
        report.damages += scan.damages
        if isLast, scan.recordCount == 0, !scan.isDamaged {
            try fileSystem.remove(scan.path)
            return
        }
        var segment = Segment(scan)
        // The end of an earlier segment was cut when it was the last one: whatever is torn there now was damaged since.
        if !isLast, scan.hasTornTail { segment.isDamaged = true }
        if isLast {
            // A process that was killed may not have synced it, and later syncs are those of other segments.
            segment.byteCount = scan.hasTornTail ? scan.goodByteCount : scan.byteCount
            let file = try fileSystem.openForAppending(scan.path, truncatingTo: segment.byteCount)
            defer { file.close() }
            try file.sync()
        }
        state.sealed.append(segment)
    }

    /// Looks at every segment of a directory and changes nothing.
    public static func verify(directory: String, fileSystem: any FileSystem) throws -> [SegmentScan] {
        try SegmentReader.numbers(in: directory, fileSystem).map { number in
            try SegmentReader.read("\(directory)/\(SegmentFormat.fileName(number))", number: number, fileSystem) { _ in true }
        }
    }

    private static func setAside(
        in directory: String, _ fileSystem: any FileSystem
    ) throws(FileError) -> [(path: String, byteCount: Int)] {
        var found: [(path: String, byteCount: Int)] = []
        for name in try fileSystem.list(directory) where name.hasPrefix(SegmentFormat.damagedPrefix) {
            let path = "\(directory)/\(name)"
            found.append((path, try fileSystem.status(path)?.byteCount ?? 0))
        }
        return found
    }

    /// The damaged segments of a directory that were set aside.
    public static func setAsidePaths(in directory: String, _ fileSystem: any FileSystem) throws(FileError) -> [String] {
        try setAside(in: directory, fileSystem).map(\.path)
    }

    // MARK: - Writing

    /// Appends a record whose payload `encode` writes behind what the writer holds already; it is told the number of the
    /// segment. Returns the record's sequence once it is written. When it throws, the log is as it was before.
    public func append(
        type: UInt8, version: UInt8 = 1, _ encode: (_ segment: UInt64, _ payload: inout ByteWriter) -> Void
    ) throws(FileError) -> UInt64 {
        try state.withLock { state throws(FileError) in
            if let failure = state.failure { throw failure }
            let active = try self.activeSegment(&state)
            let sequence = state.nextSequence
            SegmentFormat.startRecord(&state.buffer, type: type, version: version, sequence: sequence)
            encode(active.segment.number, &state.buffer)
            let payloadByteCount = state.buffer.count - SegmentFormat.recordHeaderByteCount
            defer { state.shrinkBuffer() }
            if payloadByteCount > SegmentFormat.payloadByteLimit {
                let limit = SegmentFormat.payloadByteLimit
                throw FileError(
                    .tooLarge, path: active.segment.path,
                    "A log record of \(payloadByteCount) bytes is above the limit of \(limit).")
            }
            SegmentFormat.finishRecord(&state.buffer)
            try self.write(&state, active)
            return sequence
        }
    }

    /// Appends a record with this payload.
    public func append(type: UInt8, version: UInt8 = 1, payload: UnsafeRawBufferPointer) throws(FileError) -> UInt64 {
        try append(type: type, version: version) { _, writer in writer.writeBytes(payload) }
    }

    /// Appends a record with this payload.
    public func append(type: UInt8, version: UInt8 = 1, payload: [UInt8]) throws(FileError) -> UInt64 {
        try append(type: type, version: version) { _, writer in writer.writeBytes(payload) }
    }

    private func write(_ state: inout SegmentLogState, _ active: ActiveSegment) throws(FileError) {
        let before = active.segment.byteCount
        do {
            try active.file.append(state.buffer.bytes)
        } catch {
            do { try active.file.truncate(to: before) } catch {
                // Nothing may follow the torn record: the next one goes to a new segment.
                state.mustRoll = true
            }
            throw error
        }
        state.active?.segment.byteCount = before + state.buffer.count
        state.active?.segment.lastSequence = state.nextSequence
        state.unsynced.append(contentsOf: state.buffer.bytes)
        state.nextSequence += 1
    }

    /// The segment to append to: the present one, or a new one when there is none or it is full.
    private func activeSegment(_ state: inout SegmentLogState) throws(FileError) -> ActiveSegment {
        if let active = state.active {
            if active.segment.byteCount < options.segmentByteLimit, !state.mustRoll { return active }
            try seal(&state)
        }
        let active = try makeSegment(&state, firstSequence: state.nextSequence)
        state.active = active
        state.unsynced.removeAll(keepingCapacity: true)
        state.unsyncedStart = 0
        state.unsynced.append(
            contentsOf: SegmentFormat.fileHeader(number: active.segment.number, firstSequence: state.nextSequence))
        return active
    }

    private func makeSegment(_ state: inout SegmentLogState, firstSequence: UInt64) throws(FileError) -> ActiveSegment {
        let number = state.nextNumber
        let path = "\(directory)/\(SegmentFormat.fileName(number))"
        let header = SegmentFormat.fileHeader(number: number, firstSequence: firstSequence)
        let file = try fileSystem.create(path)
        do throws(FileError) {
            try file.append(header)
            try fileSystem.syncDirectory(directory)
        } catch {
            file.close()
            // What cannot be removed is an empty segment, which the next opening removes.
            try? fileSystem.remove(path)
            throw error
        }
        state.nextNumber += 1
        let segment = Segment(path: path, number: number, first: firstSequence, last: firstSequence &- 1, byteCount: header.count)
        return ActiveSegment(segment: segment, file: file)
    }

    // MARK: - Syncing

    /// Makes everything that was appended before the call durable. Throws when that did not work; ``failure`` then says why.
    public func sync() throws(FileError) {
        try syncing.withLock { _ throws(FileError) in try syncOnce() }
    }

    /// Makes the records up to this one durable. Those who wait while one sync is under way share the next.
    public func sync(through sequence: UInt64) throws(FileError) {
        try syncing.withLock { _ throws(FileError) in
            if syncedSequence < sequence { try syncOnce() }
        }
    }

    private func syncOnce() throws(FileError) {
        // The file is synced without the lock, so that appends go on meanwhile.
        let (active, hasFailed) = state.withLock { ($0.active, $0.failure != nil) }
        guard let active else { return }
        if !hasFailed {
            do throws(FileError) {
                try active.file.sync()
                state.withLock { $0.markSynced(active.segment) }
                return
            } catch {
                state.withLock { if $0.active?.segment.number == active.segment.number { $0.failure = error } }
            }
        }
        try state.withLock { state throws(FileError) in try self.rewriteActive(&state) }
    }

    /// Ends the active segment, so that the next record starts a new one, and makes it durable.
    public func roll() throws(FileError) {
        try syncing.withLock { _ throws(FileError) in
            try state.withLock { state throws(FileError) in try seal(&state) }
        }
    }

    private func seal(_ state: inout SegmentLogState) throws(FileError) {
        guard let active = state.active else { return }
        do throws(FileError) {
            if state.failure == nil { try active.file.sync() }
        } catch {
            state.failure = error
        }
        if state.failure != nil { try rewriteActive(&state) }
        guard let sealed = state.active else { return }
        sealed.file.close()
        state.sealed.append(sealed.segment)
        state.active = nil
        state.mustRoll = false
        state.unsynced = []
        state.unsyncedStart = 0
    }

    /// Writes the active segment anew after a failed sync, see the type's description.
    private func rewriteActive(_ state: inout SegmentLogState) throws(FileError) {
        guard let old = state.active, state.failure != nil else { return }
        do throws(FileError) {
            let new = try makeSegment(&state, firstSequence: old.segment.firstSequence)
            var copy = new
            do throws(FileError) {
                try copyRecords(of: old, to: new, &state)
                try new.file.sync()
            } catch {
                new.file.close()
                try? fileSystem.remove(new.segment.path)
                throw error
            }
            copy.segment.lastSequence = old.segment.lastSequence
            copy.segment.byteCount = new.file.byteCount
            old.file.close()
            // A copy that stays behind is replayed twice, which users cope with.
            try? fileSystem.remove(old.segment.path)
            try? fileSystem.syncDirectory(directory)
            state.active = copy
            state.markSynced(copy.segment)
            state.failure = nil
            state.lastRewrite = "\(old.segment.path) could not be synced; its records were written anew to \(copy.segment.path)."
        } catch {
            state.failure = error
            throw error
        }
    }

    private func copyRecords(of old: ActiveSegment, to new: ActiveSegment, _ state: inout SegmentLogState) throws(FileError) {
        let header = SegmentFormat.fileHeaderByteCount
        if state.unsyncedStart > header {
            let file = try fileSystem.openForReading(old.segment.path)
            defer { file.close() }
            try new.file.append(try file.read(count: state.unsyncedStart - header, at: header))
        }
        // The header of the new segment stands already.
        try new.file.append(Array(state.unsynced[max(0, header - state.unsyncedStart)...]))
    }

    // MARK: - Reading and deleting

    /// Calls `body` with every record above `sequence` that had been appended when the call began, until it returns false.
    /// Damaged parts are passed over. Segments deleted meanwhile end the reading with an error.
    public func read(after sequence: UInt64, _ body: (LogRecord) throws -> Bool) throws {
        let (segments, last) = state.withLock { ($0.allSegments, $0.nextSequence - 1) }
        var goesOn = true
        for segment in segments where goesOn && segment.lastSequence > sequence {
            _ = try SegmentReader.read(segment.path, number: segment.number, fileSystem) { record in
                if record.sequence <= sequence { return true }
                if record.sequence > last { return false }
                goesOn = try body(record)
                return goesOn
            }
        }
    }

    /// Deletes the ended segments that hold nothing above `sequence`; damaged ones are set aside instead.
    public func deleteSegments(through sequence: UInt64) throws(FileError) {
        try state.withLock { state throws(FileError) in
            while let first = state.sealed.first(where: { $0.lastSequence <= sequence }) {
                if first.isDamaged { try setAside(first, &state) } else { try fileSystem.remove(first.path) }
                state.sealed.removeAll { $0.number == first.number }
            }
        }
    }

    /// Makes another directory a log of all records that had been appended before the call, durably, by second names for the
    /// same files.
    public func link(to other: String) throws(FileError) {
        try syncing.withLock { _ throws(FileError) in
            try state.withLock { state throws(FileError) in
                try seal(&state)
                try fileSystem.makeDirectory(other)
                for segment in state.sealed {
                    try fileSystem.hardLink(segment.path, to: "\(other)/\(SegmentFormat.fileName(segment.number))")
                }
            }
        }
        try fileSystem.syncDirectory(other)
    }

    private func setAside(_ segment: Segment, _ state: inout SegmentLogState) throws(FileError) {
        let path = "\(directory)/\(SegmentFormat.setAsideName(segment.number))"
        try fileSystem.rename(segment.path, to: path)
        state.setAside.append((path, segment.byteCount))
        while state.setAside.count > options.damagedSegmentLimit {
            try fileSystem.remove(state.setAside.removeFirst().path)
        }
    }

    // MARK: - State

    /// The bytes of all segments in use.
    public var byteCount: Int { state.withLock { $0.allSegments.reduce(0) { $0 + $1.byteCount } } }

    /// Damaged segments that were set aside: how many, and their bytes.
    public var setAside: (count: Int, byteCount: Int) {
        state.withLock { ($0.setAside.count, $0.setAside.reduce(0) { $0 + $1.byteCount }) }
    }

    /// The sequence of the last record, or of the last one that ever was; 0 when there was none.
    public var lastSequence: UInt64 { state.withLock { $0.nextSequence - 1 } }

    /// The sequence of the oldest record that is kept, or of the next one when there is none.
    public var firstSequence: UInt64 { state.withLock { $0.allSegments.map(\.firstSequence).min() ?? $0.nextSequence } }

    /// Every record up to this sequence is durable.
    public var syncedSequence: UInt64 { state.withLock { $0.active == nil ? $0.nextSequence - 1 : $0.syncedSequence } }

    /// Why nothing can be appended: a sync failed and the segment could not yet be written anew. ``sync()`` tries again.
    public var failure: FileError? { state.withLock { $0.failure } }

    /// The last time a segment had to be written anew, as a sentence.
    public var lastRewrite: String? { state.withLock { $0.lastRewrite } }
}
