import ByteCoding
import Platform
import SegmentLog
import Storage
import TelemetryModel

extension MetricStore {
    /// Opens the metrics in `directory`, which is made if it is missing: opens the blocks, then reads the records of the log
    /// that are in no block yet. Whoever calls holds the lock of the data directory.
    ///
    /// Throws ``StorageError`` when the directory cannot be used. Damaged blocks and records are named in the status.
    public static func open(
        directory path: String, options: MetricStoreOptions = MetricStoreOptions(), fileSystem: any FileSystem, time: any TimeSource
    ) throws -> MetricStore {
        do {
            let blocksPath = "\(path)/\(blocksName)"
            try fileSystem.makeDirectory(blocksPath)
            try fileSystem.syncDirectory(path)
            var state = State()
            let found = try openDeletions(path, fileSystem, &state)
            let cache = MetricPageCache(byteLimit: options.pageCacheByteLimit)
            // Numbers that deletions go by are never used again.
            let nextBlockID = max(
                try openBlocks(blocksPath, fileSystem, cache, &state), found.map(\.blockLimit).max() ?? 0)
            var logOptions = SegmentLogOptions()
            logOptions.sequenceFloor = max(state.flushedThrough, found.map(\.sequence).max() ?? 0)
            var recovery = MetricRecovery(state, deletions: found)
            let (log, report) = try SegmentLog.open(
                directory: "\(path)/\(logName)", fileSystem: fileSystem, options: logOptions
            ) { try recovery.replay($0) }
            recovery.finish()
            state = recovery.state
            state.damages += report.damages
            try log.deleteSegments(through: state.flushedThrough)
            return MetricStore(
                options: options, fileSystem: fileSystem, time: time, log: log, path: path, cache: cache, state: state,
                nextBlockID: nextBlockID)
        } catch let error as FileError {
            throw StorageError(.unusable, "The metrics in \(path) cannot be opened: \(error)")
        }
    }

    /// The deletions in force. A file that cannot be read is set aside.
    private static func openDeletions(
        _ path: String, _ fileSystem: any FileSystem, _ state: inout State
    ) throws -> [MetricDeletion] {
        let (deletions, damages) = try MetricDeletionFile.read(in: path, fileSystem)
        if damages.isEmpty { return deletions }
        state.damages += damages
        try fileSystem.rename("\(path)/\(MetricDeletionFile.name)", to: "\(path)/\(MetricDeletionFile.damagedName)")
        try MetricDeletionFile.write(deletions, in: path, fileSystem)
        return deletions
    }

    /// Opens every block, rewrites those of version 1, removes unfinished and superseded ones, and returns the next free number.
    private static func openBlocks(
        _ path: String, _ fileSystem: any FileSystem, _ cache: MetricPageCache, _ state: inout State
    ) throws -> UInt64 {
        let names = try fileSystem.list(path)
        var nextID = (names.compactMap { MetricBlockFormat.id(directoryName: $0) }.max() ?? 0) &+ 1
        var upgraded: [UInt64] = []
        for name in names {
            if name.hasSuffix(MetricBlockFormat.temporarySuffix) { try fileSystem.remove("\(path)/\(name)") }
            guard let id = MetricBlockFormat.id(directoryName: name) else { continue }
            do {
                if try MetricBlock.version(directory: path, id: id, fileSystem) < MetricBlockFormat.version {
                    state.blocks.append(try upgrade(path, id: id, to: nextID, fileSystem, cache))
                    upgraded.append(id)
                    nextID &+= 1
                } else {
                    state.blocks.append(try MetricBlock(directory: path, id: id, fileSystem, cache))
                }
            } catch let damage as MetricBlockDamage {
                setAside(damage, &state)
            }
        }
        let superseded = Set(state.blocks.flatMap(\.meta.replaced))
        for block in state.blocks where superseded.contains(block.meta.id) { try block.remove(fileSystem) }
        state.blocks.removeAll { superseded.contains($0.meta.id) }
        for id in upgraded { try MetricBlock.remove("\(path)/\(MetricBlockFormat.directoryName(id))", fileSystem) }
        state.blocks.sort { ($0.meta.lastSequence, $0.meta.id) < ($1.meta.lastSequence, $1.meta.id) }
        state.flushedThrough = state.blocks.map(\.meta.lastSequence).max() ?? 0
        return nextID
    }
}

/// Builds the head anew from the log, by the rules that held when it was written.
private struct MetricRecovery {
    private(set) var state: MetricStore.State
    private var decoder = MetricLogDecoder()
    /// The deletions that come behind the records read so far.
    private var pending: ArraySlice<MetricDeletion>

    init(_ state: MetricStore.State, deletions: [MetricDeletion]) {
        self.state = state
        pending = deletions[...]
        enforce(through: state.flushedThrough)
    }

    /// Enforces what is left of the deletions.
    mutating func finish() { enforce(through: .max) }

    /// Enforces the deletions that were ordered before the record behind this one was written.
    private mutating func enforce(through sequence: UInt64) {
        while let deletion = pending.first, deletion.sequence <= sequence {
            pending.removeFirst()
            state.deletions.append(deletion)
            for block in state.blocks where block.meta.id < deletion.blockLimit {
                do {
                    let mask = try SampleMask(deletion, block)
                    block.deleted.withLock { $0.add(mask) }
                } catch {
                    MetricStore.setAside(block, error, &state)
                }
            }
            MetricStore.deleteFromHead(deletion, &state)
        }
    }

    mutating func replay(_ record: LogRecord) throws {
        enforce(through: record.sequence &- 1)
        if record.type != MetricLogFormat.recordType || record.version > MetricLogFormat.version {
            note("Record \(record.sequence) of the log of metrics is of a newer kind and was skipped.")
            return
        }
        var rows: [MetricLogDecoder.Row] = []
        var window: Int64 = 0
        do {
            try decoder.decode(record.payload, segment: record.segment, followsGap: record.followsGap) { row, inForce in
                rows.append(row)
                window = inForce
            }
        } catch {
            note("Record \(record.sequence) of the log of metrics was skipped: \(error).")
            return
        }
        // Records that are in blocks are decoded too: later ones of their segment may be coded against them.
        if record.sequence <= state.flushedThrough { return }
        for row in rows {
            let number: UInt32
            if let found = row.labels.bytes.withUnsafeBytes({
                state.head.find($0, hash: SeededHash.hash($0, seed: MetricBatch.hashSeed))
            }) {
                number = found
            } else {
                number = state.head.add(HeadSeries(row.labels, newest: MetricStore.newestElsewhere(row.labels, &state)))
            }
            var receipt = WriteReceipt()
            row.samples.withUnsafeBufferPointer { samples in
                MetricStore.apply(samples, to: number, isDelta: row.isDelta, window: window, &state, &receipt)
            }
        }
    }

    private mutating func note(_ damage: String) {
        if state.damages.count < MetricStore.damageLimit { state.damages.append(damage) }
    }
}
