import Platform
import Storage
import TelemetryModel

extension MetricStore: MetricDeleter {
    /// Deletes samples: durable and in force when it returns; the bytes go with the next merges.
    public func delete(_ query: SeriesQuery) throws {
        try Self.check(query)
        do {
            try workshop.withLock { workshop in
                // What is in blocks is only hidden. The few samples that come meanwhile are taken out of the head.
                try flush(&workshop)
                try order(query, blockLimit: workshop.nextBlockID)
            }
        } catch { throw Self.storageError(error) }
    }

    /// Rewrites every block of which samples are deleted.
    public func purgeDeleted() throws {
        do {
            try workshop.withLock { workshop in
                try flush(&workshop)
                try purge(&workshop)
            }
        } catch { throw Self.storageError(error) }
    }

    /// Gives the order: after this no reader sees the samples. The caller has the workshop, so that the blocks stay.
    private func order(_ query: SeriesQuery, blockLimit: UInt64) throws {
        var deletion = MetricDeletion(
            sequence: 0, blockLimit: blockLimit, from: query.from, through: query.through, matchers: query.matchers)
        try Self.checkSize(deletion)
        let masks = masks(deletion)
        try state.withLock { state in
            try Self.requireOpen(state)
            // No record may come between this number and the order.
            deletion.sequence = log.lastSequence
            if state.deletions.count >= MetricDeletionFile.countLimit {
                throw StorageError(
                    .limitExceeded,
                    "\(state.deletions.count) deletions wait for their blocks to be rewritten, which is the limit. Ask for clean_tombstones first."
                )
            }
            try MetricDeletionFile.write(state.deletions + [deletion], in: path, fileSystem)
            state.deletions.append(deletion)
            for (block, mask) in masks { block.deleted.withLock { $0.add(mask) } }
            Self.deleteFromHead(deletion, &state)
        }
    }

    /// What is deleted of each block; one that turns out to be damaged is set aside.
    private func masks(_ deletion: MetricDeletion) -> [(MetricBlock, SampleMask)] {
        allBlocks().compactMap { block in
            do {
                return (block, try SampleMask(deletion, block))
            } catch {
                state.withLock { Self.setAside(block, error, &$0) }
                return nil
            }
        }
    }

    private static func checkSize(_ deletion: MetricDeletion) throws {
        if MetricDeletionFile.encode(deletion).count > MetricDeletionFile.deletionByteLimit {
            throw StorageError(
                .limitExceeded, "The conditions have more than \(MetricDeletionFile.deletionByteLimit) bytes.")
        }
    }

    /// Takes samples out of the head. There is no frozen head.
    static func deleteFromHead(_ deletion: MetricDeletion, _ state: inout State) {
        let head = state.head
        for number in 0..<UInt32(head.seriesCount) where deletion.concerns(head.labels[Int(number)]) {
            let series = head.series[Int(number)]
            if series.isEmpty, !deletion.covers(series.newest) { continue }
            head.replaceSamples(
                of: number, by: head.snapshot(number).samples().without(deletion.from...deletion.through),
                newest: newestElsewhere(head.labels[Int(number)], &state))
        }
    }

    /// Rewrites the blocks of which samples are deleted, then forgets the deletions that concern nothing any more.
    func purge(_ workshop: inout Workshop) throws {
        for block in allBlocks() where !block.deleted.withLock(\.isEmpty) { try merge([block], &workshop) }
        try forgetSettledDeletions()
    }

    /// Forgets the deletions of which no block and no log record is left. Blocks that were set aside count: a later start
    /// may find them readable.
    func forgetSettledDeletions() throws {
        let deletions = state.withLock { $0.deletions }
        if deletions.isEmpty { return }
        let oldestBlock = try fileSystem.list(blocksPath).compactMap(MetricBlockFormat.id(directoryName:)).min() ?? .max
        let oldestRecord = log.firstSequence
        let left = deletions.filter { oldestBlock < $0.blockLimit || oldestRecord <= $0.sequence }
        if left.count == deletions.count { return }
        // What was removed must not come back after a loss of power, when nothing hides it any more.
        for directory in [blocksPath, log.directory] { try fileSystem.syncDirectory(directory) }
        try MetricDeletionFile.write(left, in: path, fileSystem)
        state.withLock { $0.deletions = left }
    }
}
