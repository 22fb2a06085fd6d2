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
            status.spanBlocks = state.blocks.count
            status.damagedSegments = setAside.count
            status.byteCount = logByteCount + setAside.byteCount + state.blocks.reduce(0) { $0 + $1.meta.dataByteCount }
            status.damages = state.damages
            status.writeRefusal = state.refusal ?? failure?.message
            return status
        }
    }

    /// Does a piece of work that changes the blocks, alone. Throws what callers of the storage interface know.
    private func working(_ body: (inout Workshop) throws -> Void) throws {
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

    // MARK: - Retention

    private func deleteExpired(_ workshop: inout Workshop) throws {
        let now = time.now()
        guard options.retention > 0, now > options.retention else { return }
        let limit = now - options.retention
        let expired = state.withLock { $0.blocks.filter { $0.meta.maximumStart < limit } }
        if expired.isEmpty { return }
        try replace(expired, with: nil, &workshop)
    }

    /// The bytes of all blocks.
    var blockByteCount: Int { state.withLock { $0.blocks.reduce(0) { $0 + $1.meta.dataByteCount } } }

    /// Deletes the blocks whose newest span started first, until the others have at most so many bytes.
    func deleteOldest(above byteLimit: Int) throws {
        try working { workshop in
            let blocks = state.withLock { $0.blocks }.sorted { $0.meta.maximumStart < $1.meta.maximumStart }
            var byteCount = blocks.reduce(0) { $0 + $1.meta.dataByteCount }
            let expired = Array(
                blocks.prefix { block in
                    defer { byteCount -= block.meta.dataByteCount }
                    return byteCount > byteLimit
                })
            if !expired.isEmpty { try replace(expired, with: nil, &workshop) }
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

    /// Merges blocks into one that replaces them. `areAll`: no trace has parts outside of them.
    private func merge(_ blocks: [SpanBlock], areAll: Bool, _ workshop: inout Workshop) throws {
        let id = workshop.nextBlockID
        workshop.nextBlockID += 1
        let path = directory.temporaryPath(of: id)
        var writer = try SpanBlockWriter(id: id, directory: path, fileSystem: fileSystem)
        let merged: SpanBlock
        do {
            let rollups = try write(blocks, to: &writer)
            if !areAll { for parted in blocks.flatMap(\.parted) { writer.markParted(parted) } }
            let logThrough = blocks.map(\.meta.logThrough).max() ?? 0
            try writer.finish(rollups: rollups, logThrough: logThrough, replaces: blocks.map(\.meta.id) + workshop.undeleted)
            merged = try SpanBlock(directory: path, fileSystem: fileSystem, cache: cache)
        } catch {
            writer.discard()
            throw error
        }
        try publish(id, &workshop)
        try replace(blocks, with: merged, &workshop)
    }

    /// Writes the traces of several blocks in order. Returns their rollups: the sums that the blocks have, unless a trace
    /// may have been split among them.
    private func write(_ blocks: [SpanBlock], to writer: inout SpanBlockWriter) throws -> RollupTable {
        let mayJoin = blocks.contains { !$0.parted.isEmpty }
        var rollups = RollupTable()
        if !mayJoin { for block in blocks { rollups.merge(try block.rollups()) } }
        var merge = try TraceMerge(blocks)
        var assembler = TraceAssembler()
        func writePage() throws {
            let page = assembler.take()
            if mayJoin { rollups.merge(options.rollup(page)) }
            try writer.add(page)
        }
        while let trace = try merge.next() {
            assembler.add(trace)
            if assembler.batch.count >= SpanBlockFormat.pageRowTarget { try writePage() }
        }
        try writePage()
        return rollups
    }

    /// Takes blocks out of use, a new one in, and removes their directories.
    private func replace(_ old: [SpanBlock], with new: SpanBlock?, _ workshop: inout Workshop) throws {
        let ids = Set(old.map(\.meta.id))
        state.withLock { state in
            state.blocks.removeAll { ids.contains($0.meta.id) }
            if let new { state.blocks.append(new) }
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
