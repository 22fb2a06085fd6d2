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
            try openHorizons(path, fileSystem, &state)
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
        // A process that was killed may not have synced the name of a block, and what it replaces is removed below.
        try fileSystem.syncDirectory(path)
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
        state.sortOutDownsampled()
        return nextID
    }
}
