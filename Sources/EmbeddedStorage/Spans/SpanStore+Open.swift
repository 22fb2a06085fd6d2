import ByteCoding
import Platform
import SegmentLog
import Storage
import TelemetryModel

extension SpanStore {
    /// The part of the directory that holds the log.
    static let logName = "log"
    /// The part of the directory that holds the blocks.
    static let blocksName = "blocks"

    /// Opens the spans in `directory`, which is made if it is missing: opens the blocks, then reads the records of the log
    /// that are in no block yet. Whoever calls holds the lock of the data directory.
    ///
    /// Throws ``StorageError`` when the directory cannot be used. Damaged blocks and records are named in the status.
    public static func open(
        directory path: String, options: SpanStoreOptions = SpanStoreOptions(), fileSystem: any FileSystem, time: any TimeSource
    ) throws -> SpanStore {
        do {
            try fileSystem.makeDirectory(path)
            let cache = SpanPageCache(byteLimit: options.pageCacheByteLimit)
            let directory = SpanBlockDirectory(path: path + "/" + blocksName, fileSystem: fileSystem)
            var contents = try directory.open(cache: cache)
            try fileSystem.syncDirectory(path)
            try fileSystem.syncDirectory(PosixFileSystem.parent(of: path))
            let salvage = SpanBlockSalvage(directory: directory, fileSystem: fileSystem, cache: cache)
            for damage in contents.damaged { try contents.save(damage, salvage) }
            let (log, head) = try openLog(path + "/" + logName, &contents, salvage, fileSystem, time)
            var state = State()
            state.head = head
            for block in contents.blocks { state.add(block) }
            state.damages = contents.damages
            return SpanStore(
                options: options, fileSystem: fileSystem, time: time, log: log, directory: directory, cache: cache, state: state,
                nextBlockID: contents.nextID)
        } catch let error as FileError {
            throw StorageError(.unusable, "The spans in \(path) cannot be opened: \(error.message)")
        } catch {
            throw storageError(error)
        }
    }

    /// Opens the log and reads what is in no block. When a block turns out to be damaged meanwhile, the reading begins anew
    /// with what could be saved of it.
    private static func openLog(
        _ path: String, _ contents: inout SpanBlockDirectory.Contents, _ salvage: SpanBlockSalvage,
        _ fileSystem: any FileSystem, _ time: any TimeSource
    ) throws -> (log: SegmentLog, head: SpanHead) {
        while true {
            var recovery = SpanRecovery(contents.blocks, arrival: time.monotonic())
            var logOptions = SegmentLogOptions()
            logOptions.sequenceFloor = recovery.logThrough
            do {
                let (log, report) = try SegmentLog.open(directory: path, fileSystem: fileSystem, options: logOptions) { record in
                    try recovery.replay(record)
                }
                try log.deleteSegments(through: recovery.logThrough)
                contents.damages += report.damages + recovery.damages
                return (log, recovery.head)
            } catch let damage as SpanBlockDamage {
                try contents.save(damage, salvage)
            }
        }
    }
}

extension SpanBlockDirectory.Contents {
    /// Puts what can be saved of a damaged block in its place.
    fileprivate mutating func save(_ damage: SpanBlockDamage, _ salvage: SpanBlockSalvage) throws {
        let present = Set(blocks.map(\.meta.id))
        let outcome = try salvage.save(damage, as: nextID, isPresent: present.contains)
        nextID += 1
        damages.append(outcome.sentence)
        let replaced = Set([damage.block] + (outcome.block?.meta.replaces ?? []))
        for id in present.intersection(replaced) where id != damage.block { try salvage.directory.remove(id) }
        blocks.removeAll { replaced.contains($0.meta.id) }
        if let saved = outcome.block { blocks.append(saved) }
    }
}

/// Builds the head anew from the log.
private struct SpanRecovery {
    /// Records up to this sequence are in blocks or were logged again.
    let logThrough: UInt64
    private(set) var head = SpanHead()
    private(set) var damages: [String] = []
    private let blocks: [SpanBlock]
    private let arrival: UInt64
    private static let damageLimit = 100

    init(_ blocks: [SpanBlock], arrival: UInt64) {
        self.blocks = blocks
        self.arrival = arrival
        logThrough = blocks.map(\.meta.logThrough).max() ?? 0
    }

    mutating func replay(_ record: LogRecord) throws {
        if record.sequence <= logThrough { return }
        let batch: SpanBatch
        do {
            batch = try SpanLogRecord.decode(type: record.type, version: record.version, record.payload)
        } catch {
            if damages.count < Self.damageLimit {
                damages.append("Record \(record.sequence) of the log of spans was skipped: \(error).")
            }
            return
        }
        let identities = SpanIdentities(batch)
        let stored = try StoredSpans(of: batch, identities, in: blocks, version: 0)
        let accepted = SpanAdmission(batch, identities, head: head, stored: stored).accepted
        if accepted.isEmpty { return }
        head.insert(SharedSpanBatch(batch.keeping(accepted)), arrival: arrival)
        for id in stored.traces { head.markParted(id) }
    }
}

extension SpanBatch {
    /// A batch of some of the rows: this one when they are all.
    func keeping(_ rows: [Int]) -> SpanBatch {
        if rows.count == count { return self }
        var kept = SpanBatch()
        kept.append(rows: rows, of: self)
        return kept
    }
}
