import Storage

extension MetricStoreOptions {
    /// How long aggregates are kept, milliseconds; 0: none are made.
    func retention(_ resolution: MetricResolution) -> Int64 {
        switch resolution {
        case .fiveMinutes: retention5m
        case .oneHour: retention1h
        }
    }

    /// The resolutions of which aggregates are made.
    var resolutions: [MetricResolution] { MetricResolution.allCases.filter { retention($0) > 0 } }
}

extension MetricBlock {
    /// How wide its buckets are; nil: it holds samples.
    var resolution: MetricResolution? { MetricResolution(rawValue: meta.resolutionMilliseconds) }
}

extension MetricStore.State {
    /// Takes blocks out of use and another one into use.
    mutating func replace(_ ids: Set<UInt64>, by block: MetricBlock?) {
        blocks.removeAll { ids.contains($0.meta.id) }
        downsampled.remove(ids)
        guard let block else { return }
        if block.meta.resolutionMilliseconds == 0 {
            blocks.append(block)
            blocks.sort { ($0.meta.lastSequence, $0.meta.id) < ($1.meta.lastSequence, $1.meta.id) }
        } else {
            downsampled.add([block])
        }
    }

    /// Moves the blocks of aggregates to where they belong.
    mutating func sortOutDownsampled() {
        downsampled.add(blocks.filter { $0.meta.resolutionMilliseconds != 0 })
        blocks.removeAll { $0.meta.resolutionMilliseconds != 0 }
    }
}

extension MetricStore {
    /// Where the samples that a query would read are gone, and what is kept does not answer it exactly.
    public func coarseRanges(_ query: SeriesQuery) throws -> [CoarseRange] {
        let downsampled = state.withLock { $0.downsampled }
        return try settingDamageAside { try DownsampledPlan(query, downsampled)?.coarseRanges() ?? [] }
    }

    /// Blocks of samples and of aggregates.
    func allBlocks() -> [MetricBlock] { state.withLock { $0.blocks + $0.downsampled.blocks } }

    /// Makes the aggregates of the next block of samples that is due, for each resolution; false when none was.
    func downsample(_ workshop: inout Workshop) throws -> Bool {
        var isFound = false
        for resolution in options.resolutions {
            let (blocks, downsampled) = state.withLock { ($0.blocks, $0.downsampled) }
            guard let block = due(blocks, downsampled, resolution) else { continue }
            isFound = true
            if block.meta.last < time.nowMilliseconds() - options.retention(resolution) {
                state.withLock { $0.downsampled.pass(block.meta.lastSequence, resolution) }
                continue
            }
            do {
                let made = try write(DownsampleBuilder(resolution, block, all: blocks, downsampled), &workshop)
                state.withLock { state in
                    if let made { state.replace([], by: made) }
                    // Nothing is made of a block of staleness markers.
                    state.downsampled.pass(block.meta.lastSequence, resolution)
                }
            } catch let damage as MetricBlockDamage {
                state.withLock { Self.setAside(damage, &$0) }
            }
        }
        return isFound
    }

    /// The first block, in the order of writing, that has no aggregates and is to have them: one that will hardly be touched
    /// any more by late samples, or all up to one that retention waits for.
    private func due(
        _ blocks: [MetricBlock], _ downsampled: DownsampledBlocks, _ resolution: MetricResolution
    ) -> MetricBlock? {
        let uncovered = blocks.filter { !downsampled.covers($0, resolution) }
        guard let next = uncovered.first else { return nil }
        let now = time.nowMilliseconds()
        let settled = now - options.outOfOrderWindow - MetricResolution.oneHour.milliseconds
        let isAwaited = options.retentionTime > 0 && uncovered.contains { $0.meta.last < now - options.retentionTime }
        return next.meta.last < settled || isAwaited ? next : nil
    }

    private func write(_ builder: DownsampleBuilder, _ workshop: inout Workshop) throws -> MetricBlock? {
        let meta = builder.block.meta
        var writer = try MetricBlockWriter(
            id: workshop.nextBlockID, in: blocksPath, resolutionMilliseconds: builder.resolution.milliseconds, fileSystem)
        workshop.nextBlockID += 1
        do {
            try builder.forEach { try writer.add($0, $1) }
            if writer.isEmpty {
                writer.abandon()
                return nil
            }
            let made = try writer.finish(sequences: meta.firstSequence...meta.lastSequence, replaced: [])
            return try MetricBlock(directory: blocksPath, id: made.id, fileSystem, cache)
        } catch {
            writer.abandon()
            throw error
        }
    }
}
