import Platform
import Storage

// Deleting what is too old or too much. Samples go only when all aggregates that are to be kept of them are on the disk.
extension MetricStore {
    func deleteExpired() throws {
        let now = time.nowMilliseconds()
        let (blocks, downsampled) = state.withLock { ($0.blocks, $0.downsampled) }
        if options.retentionTime > 0 {
            try delete(
                blocks.filter { $0.meta.last < now - options.retentionTime && isSettled($0, downsampled) })
        }
        for resolution in options.resolutions {
            try delete(downsampled.blocks(resolution).filter { $0.meta.last < now - options.retention(resolution) })
        }
    }

    /// The bytes of all blocks.
    var blockByteCount: Int { allBlocks().reduce(0) { $0 + $1.byteCount } }

    /// Deletes the oldest blocks until the others have at most so many bytes: first those of samples, then those of five
    /// minutes, then those of an hour, and last the samples that stand in no aggregates yet.
    func deleteOldest(above byteLimit: Int) throws {
        do {
            try workshop.withLock { _ in
                let (blocks, downsampled) = state.withLock { ($0.blocks, $0.downsampled) }
                func isSettled(_ block: MetricBlock) -> Bool { self.isSettled(block, downsampled) }
                let order =
                    [blocks.filter(isSettled)] + MetricResolution.allCases.map(downsampled.blocks)
                    + [blocks.filter { !isSettled($0) }]
                var byteCount = order.joined().reduce(0) { $0 + $1.byteCount }
                let expired = order.flatMap { $0.sorted { $0.meta.last < $1.meta.last } }.prefix { block in
                    defer { byteCount -= block.byteCount }
                    return byteCount > byteLimit
                }
                try delete(Array(expired))
            }
        } catch { throw Self.storageError(error) }
    }

    /// Whether a block of samples has given all aggregates that are to be kept of it.
    private func isSettled(_ block: MetricBlock, _ downsampled: DownsampledBlocks) -> Bool {
        options.resolutions.allSatisfy { downsampled.covers(block, $0) }
    }

    private func delete(_ expired: [MetricBlock]) throws {
        let ids = Set(expired.map(\.meta.id))
        if ids.isEmpty { return }
        let downsampled = state.withLock { $0.downsampled }
        var horizons = downsampled.horizons
        if !downsampled.blocks.isEmpty || !options.resolutions.isEmpty {
            for block in expired {
                if block.resolution == nil { horizons.passSamples(block.meta.last) }
                let isFine = block.resolution == nil ? downsampled.covers(block, .fiveMinutes) : block.resolution != .fiveMinutes
                if !isFine { horizons.passFiveMinutes(block.meta.last) }
            }
            // Before anything is missing it is known that it may be.
            if horizons != downsampled.horizons { try MetricHorizonsFile.write(horizons, in: path, fileSystem) }
        }
        state.withLock { state in
            state.downsampled.horizons = horizons
            state.replace(ids, by: nil)
        }
        for block in expired { try block.remove(fileSystem) }
    }
}
