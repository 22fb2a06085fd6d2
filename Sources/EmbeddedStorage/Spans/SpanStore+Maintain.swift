import Platform
import Storage
import TelemetryModel

extension SpanStore: Maintenance {
    /// Writes everything in the head to a block.
    public func flush() throws { try working { try cut(.everything, &$0) } }

    /// Flushes, then merges all blocks into as few as the limit of their size allows. A second call waits for the first
    /// and then finds nothing to do.
    public func compact() throws {
        try working { workshop in
            try cut(.everything, &workshop)
            let blocks = state.withLock { $0.blocks }
            for group in mergeGroups(blocks) { try merge(group, areAll: group.count == blocks.count, &workshop) }
        }
    }

    /// Makes what was logged durable.
    public func sync() throws {
        try state.withLock { try Self.requireOpen($0) }
        try syncLog()
    }

    /// Deletes what retention lets go, cuts what is due, merges blocks of one size when there are enough of them.
    public func maintain() throws {
        try working { workshop in
            try deleteExpired(&workshop)
            try releaseHeld(&workshop)
            if let scope = dueCut() { try cut(scope, &workshop) }
            if let group = dueMerge() { try merge(group, areAll: false, &workshop) }
        }
    }

    /// Flushes and closes. What cannot be flushed stays in the log and is read from there at the next start.
    public func close() throws {
        if state.withLock({ $0.isClosed }) { return }
        defer { state.withLock { $0.isClosed = true } }
        try flush()
        try syncLog()
    }

    /// What the span half says about itself; the fields of metrics are zero.
    public func status() -> StoreStatus {
        let logByteCount = log.byteCount
        let setAside = log.setAside
        let failure = log.failure
        return state.withLock { state in
            var status = StoreStatus()
            status.headSpans = state.head.spanCount
            status.spanBlocks = state.stored.count
            status.damagedSegments = setAside.count
            status.byteCount = logByteCount + setAside.byteCount + state.stored.reduce(0) { $0 + $1.meta.dataByteCount }
            status.damages = state.damages
            status.writeRefusal = state.refusal ?? failure?.message
            return status
        }
    }

    /// Does a piece of work that changes the blocks, alone. Throws what callers of the storage interface know.
    func working(_ body: (inout Workshop) throws -> Void) throws {
        do {
            try workshop.withLock { workshop in
                try state.withLock { try Self.requireOpen($0) }
                try removeUndeleted(&workshop)
                try body(&workshop)
                state.withLock { $0.refusal = nil }
            }
        } catch let damage as SpanBlockDamage {
            setAside(damage)
            throw Self.storageError(damage)
        } catch {
            throw Self.storageError(error)
        }
    }

    // MARK: - Merging

    /// All blocks in groups that together stay below the limit of a block's size; groups of one are left out.
    private func mergeGroups(_ blocks: [SpanBlock]) -> [[SpanBlock]] {
        var groups: [[SpanBlock]] = []
        var spanCount = 0
        for block in blocks.sorted(by: { ($0.meta.minimumStart, $0.meta.id) < ($1.meta.minimumStart, $1.meta.id) }) {
            if groups.isEmpty || spanCount + block.meta.rowCount > options.blockSpanLimit {
                groups.append([])
                spanCount = 0
            }
            groups[groups.count - 1].append(block)
            spanCount += block.meta.rowCount
        }
        return groups.filter { $0.count > 1 }
    }

    /// The oldest blocks of the smallest size class that has enough of them; classes differ by the merge width, so that a
    /// span is rewritten once a class.
    private func dueMerge() -> [SpanBlock]? {
        let blocks = state.withLock { $0.blocks }.sorted { ($0.meta.minimumStart, $0.meta.id) < ($1.meta.minimumStart, $1.meta.id) }
        var smallest = 0
        var limit = options.cutSpanCount * options.mergeWidth
        while smallest < options.blockSpanLimit {
            let group = Array(blocks.filter { $0.meta.rowCount > smallest && $0.meta.rowCount <= limit }.prefix(options.mergeWidth))
            let spanCount = group.reduce(0) { $0 + $1.meta.rowCount }
            if group.count == options.mergeWidth, spanCount <= options.blockSpanLimit { return group }
            smallest = limit
            limit *= options.mergeWidth
        }
        return nil
    }

    /// Which traces of blocks go into the one that replaces them.
    enum MergeScope {
        case all
        case none
        /// Those that are chosen from batches of whole traces.
        case some((SpanBatch) -> Set<TraceID>)
    }

    /// Merges blocks into one that replaces them and counts what they count. `areAll`: no trace has parts outside of them.
    /// The new block says of sampling what they said, and what `note` adds.
    func merge(
        _ blocks: [SpanBlock], _ scope: MergeScope = .all, areAll: Bool, _ workshop: inout Workshop,
        note: (inout SamplingSection) -> Void = { _ in }
    ) throws {
        let id = workshop.nextBlockID
        workshop.nextBlockID += 1
        let path = directory.temporaryPath(of: id)
        var writer = try SpanBlockWriter(id: id, directory: path, fileSystem: fileSystem)
        let merged: SpanBlock
        do {
            try write(blocks, scope, to: &writer)
            for block in blocks where block.meta.minimumStart <= block.meta.maximumStart {
                writer.cover(from: block.meta.minimumStart, through: block.meta.maximumStart)
            }
            var sampling = SamplingSection(merging: try blocks.map { try $0.readSampling() })
            note(&sampling)
            let rollups = try RollupSectionWriter.merged(try blocks.map { try $0.rollups() })
            if !areAll { for parted in blocks.flatMap(\.parted) { writer.markParted(parted) } }
            let logThrough = blocks.map(\.meta.logThrough).max() ?? 0
            try writer.finish(
                rollups: rollups, sampling: sampling.bytes, logThrough: logThrough,
                replaces: blocks.map(\.meta.id) + workshop.undeleted)
            merged = try SpanBlock(directory: path, fileSystem: fileSystem, cache: cache)
        } catch {
            writer.discard()
            throw error
        }
        try publish(id, &workshop)
        try replace(blocks, with: merged, &workshop)
    }

    /// Writes the traces of several blocks in order. Their rollups need no spans: those of a late part say what it changes,
    /// so that they add up whatever is merged with what.
    private func write(_ blocks: [SpanBlock], _ scope: MergeScope, to writer: inout SpanBlockWriter) throws {
        if case .none = scope { return }
        var merge = try TraceMerge(blocks)
        var assembler = TraceAssembler()
        func add(_ batch: SpanBatch) throws {
            guard case .some(let choose) = scope else { return try writer.add(batch) }
            let ids = choose(batch)
            try writer.add(batch.keeping(batch.rows.indices.filter { ids.contains(batch.rows[$0].traceID) }))
        }
        while let trace = try merge.next() {
            assembler.add(trace)
            if assembler.batch.count >= SpanBlockFormat.pageRowTarget { try add(assembler.take()) }
        }
        try add(assembler.take())
    }

    /// Takes blocks out of use, a new one in, and removes their directories.
    func replace(_ old: [SpanBlock], with new: SpanBlock?, _ workshop: inout Workshop) throws {
        let ids = Set(old.map(\.meta.id))
        state.withLock { state in
            state.blocks.removeAll { ids.contains($0.meta.id) }
            state.held.removeAll { ids.contains($0.meta.id) }
            if let new { state.add(new) }
            state.blocksVersion += 1
        }
        for id in ids.sorted() {
            cache.forget(block: id)
            workshop.undeleted.append(id)
        }
        try removeUndeleted(&workshop)
    }

    private func removeUndeleted(_ workshop: inout Workshop) throws {
        while let id = workshop.undeleted.first {
            try directory.remove(id)
            workshop.undeleted.removeFirst()
        }
    }
}
