import Platform
import Storage
import TelemetryModel

extension MetricStore: Maintenance {
    /// Writes everything in the head to a block.
    public func flush() throws {
        do { try workshop.withLock { try flush(&$0) } } catch { throw Self.storageError(error) }
    }

    /// Flushes, then merges neighbouring blocks as far as the limits allow.
    public func compact() throws {
        do {
            try workshop.withLock { workshop in
                try flush(&workshop)
                while try downsample(&workshop) {}
                while let group = mergeable(MergePlan.everything) { try merge(group, &workshop) }
                try purge(&workshop)
            }
        } catch { throw Self.storageError(error) }
    }

    /// Syncs the log.
    public func sync() throws {
        do { try log.sync() } catch { throw Self.storageError(error) }
    }

    /// Flushes when the head or the log is large, merges small blocks, deletes what retention lets go, and asks the disk
    /// again after a refused write.
    public func maintain() throws {
        try sync()
        probe()
        let (samples, isFrozen) = state.withLock { ($0.head.sampleCount, $0.frozen != nil) }
        if isFrozen || samples >= options.headSampleLimit || log.byteCount >= options.logByteLimit { try flush() }
        do {
            try workshop.withLock { workshop in
                try deleteExpired()
                _ = try downsample(&workshop)
                if let group = mergeable(MergePlan.neighbours) { try merge(group, &workshop) }
                try forgetSettledDeletions()
            }
        } catch { throw Self.storageError(error) }
    }

    /// Flushes and refuses everything from now on.
    public func close() throws {
        defer { state.withLock { $0.isClosed = true } }
        try flush()
    }

    /// Counts, damages, and why nothing is taken in.
    public func status() -> StoreStatus {
        var status = StoreStatus()
        state.withLock { state in
            status.headSeries = state.head.seriesCount
            status.headSamples = state.head.sampleCount + (state.frozen?.head.sampleCount ?? 0)
            status.metricBlocks = state.blocks.count + state.downsampled.blocks.count
            status.downsampled = state.downsampled.status
            status.byteCount = (state.blocks + state.downsampled.blocks).reduce(0) { $0 + $1.byteCount }
            status.deletions = state.deletions.count
            status.damages = state.damages
            status.writeRefusal = state.refusal
        }
        let setAside = log.setAside
        status.damagedSegments = setAside.count
        status.byteCount += log.byteCount + setAside.byteCount
        if let rewrite = log.lastRewrite { status.damages.append(rewrite) }
        if let failure = log.failure { status.writeRefusal = "\(failure)" }
        return status
    }

    /// Logs a record without samples when the last write was refused: the disk may have room again.
    private func probe() {
        state.withLock { state in
            if state.refusal == nil || state.isClosed { return }
            do {
                _ = try log.append(type: MetricLogFormat.recordType, version: MetricLogFormat.version) { segment, writer in
                    state.encoder.write(
                        [], UnsafeBufferPointer(start: nil, count: 0), state.head, window: options.outOfOrderWindow,
                        segment: segment, to: &writer)
                }
                state.refusal = nil
            } catch {
                state.refusal = "\(Self.storageError(error))"
            }
        }
    }

    // MARK: - Flush

    func flush(_ workshop: inout Workshop) throws {
        // A head frozen by a flush that failed comes first, then the present one; what is written meanwhile can wait.
        if state.withLock({ $0.frozen != nil }) { try flushOnce(&workshop) }
        try flushOnce(&workshop)
    }

    private func flushOnce(_ workshop: inout Workshop) throws {
        if let frozen = try freeze() {
            let writer = try MetricBlockWriter(id: workshop.nextBlockID, in: blocksPath, fileSystem)
            workshop.nextBlockID += 1
            let first = state.withLock { $0.flushedThrough } + 1
            let block = try finish(writer, sequences: min(first, frozen.through)...frozen.through, replaced: []) { writer in
                try frozen.head.forEachInOrder { labels, samples in try writer.add(labels, samples) }
            }
            state.withLock { state in
                state.frozen = nil
                state.flushedThrough = frozen.through
                if let block { state.blocks.append(block) }
            }
            try log.deleteSegments(through: frozen.through)
        }
    }

    /// The frozen head; freezes the present one when there is none. Nil when there are no samples.
    private func freeze() throws -> Frozen? {
        try state.withLock { state in
            try Self.requireOpen(state)
            if let frozen = state.frozen { return frozen }
            if state.head.sampleCount == 0 { return nil }
            // From here on the log goes on in a new segment: the ended ones hold what is frozen, and no more.
            try log.roll()
            let frozen = Frozen(head: state.head, through: log.lastSequence)
            state.frozen = frozen
            state.head = state.head.freeze()
            state.encoder.startAfresh()
            return frozen
        }
    }

    private func finish(
        _ unfinished: MetricBlockWriter, sequences: ClosedRange<UInt64>, replaced: [UInt64],
        _ fill: (inout MetricBlockWriter) throws -> Void
    ) throws -> MetricBlock? {
        var writer = unfinished
        do {
            try fill(&writer)
            if writer.isEmpty {
                writer.abandon()
                return nil
            }
            let meta = try writer.finish(sequences: sequences, replaced: replaced)
            return try MetricBlock(directory: blocksPath, id: meta.id, fileSystem, cache)
        } catch {
            writer.abandon()
            throw error
        }
    }

    // MARK: - Merging

    /// The first blocks that are to be merged by a plan.
    private func mergeable(_ plan: ([MetricBlock], MetricStoreOptions) -> [MetricBlock]?) -> [MetricBlock]? {
        let (blocks, downsampled) = state.withLock { ($0.blocks, $0.downsampled) }
        for lane in downsampled.lanes(blocks + downsampled.blocks) {
            if let group = plan(lane, options) { return group }
        }
        return nil
    }

    /// Replaces blocks by one without what is deleted of them; by none when nothing is left.
    func merge(_ group: [MetricBlock], _ workshop: inout Workshop) throws {
        let writer = try MetricBlockWriter(
            id: workshop.nextBlockID, in: blocksPath, resolutionMilliseconds: group.first?.meta.resolutionMilliseconds ?? 0,
            fileSystem)
        workshop.nextBlockID += 1
        do {
            var scan = MetricScan()
            for block in group { try scan.add(block, []) }
            let first = group.map(\.meta.firstSequence).min() ?? 0
            let last = group.map(\.meta.lastSequence).max() ?? 0
            let merged = try finish(writer, sequences: first...last, replaced: group.map(\.meta.id)) { writer in
                try scan.forEach(SeriesQuery([], from: .min, through: .max)) { series in
                    try writer.add(series.labels, series.timestamps, series.values)
                }
            }
            let ids = Set(group.map(\.meta.id))
            state.withLock { $0.replace(ids, by: merged) }
            for block in group { try block.remove(fileSystem) }
        } catch let damage as MetricBlockDamage {
            writer.abandon()
            state.withLock { Self.setAside(damage, &$0) }
        }
    }
}

/// Which blocks are merged. Only neighbours in the order of writing are, so that the later sample goes on winning.
private enum MergePlan {
    /// The first run of blocks that fits into one.
    static func everything(_ blocks: [MetricBlock], _ options: MetricStoreOptions) -> [MetricBlock]? {
        for start in blocks.indices {
            var group: [MetricBlock] = []
            for block in blocks[start...].prefix(MetricBlockFormat.replacedLimit) {
                if !fits(group + [block], options) { break }
                group.append(block)
            }
            if group.count > 1 { return group }
        }
        return nil
    }

    /// The first run of blocks of about one size.
    static func neighbours(_ blocks: [MetricBlock], _ options: MetricStoreOptions) -> [MetricBlock]? {
        guard blocks.count >= options.mergeWidth else { return nil }
        for start in 0...(blocks.count - options.mergeWidth) {
            let group = Array(blocks[start..<(start + options.mergeWidth)])
            let counts = group.map(\.meta.sampleCount)
            let largest = counts.max() ?? 0
            if largest <= counts.reduce(0, +) - largest, fits(group, options) { return group }
        }
        return nil
    }

    /// Blocks that would live much longer than the rest of their samples' time are not made.
    private static func fits(_ group: [MetricBlock], _ options: MetricStoreOptions) -> Bool {
        let first = group.map(\.meta.first).min() ?? 0
        let last = group.map(\.meta.last).max() ?? 0
        let retention = group.first?.resolution.map(options.retention) ?? options.retentionTime
        let spanLimit = retention > 0 ? max(retention / 10, 7_200_000) : .max
        return group.reduce(0) { $0 + $1.meta.sampleCount } <= options.blockSampleLimit && last - first <= spanLimit
    }
}
