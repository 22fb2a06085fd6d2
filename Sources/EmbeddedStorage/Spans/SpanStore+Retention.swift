import Storage
import TelemetryModel

extension SpanStore {
    /// Deletes the blocks whose time is over. Where errors or slow traces are kept longer, a block is rewritten to these
    /// first; its rollups, which count everything, stay until it is deleted.
    func deleteExpired(_ workshop: inout Workshop) throws {
        let now = time.now()
        guard options.retention > 0, now > options.retention else { return }
        let stored = state.withLock { $0.stored }.filter { $0.meta.maximumStart < now - options.retention }
        var expired: [SpanBlock] = []
        for block in stored {
            let age = now - block.meta.maximumStart
            let wanted = block.isHeld ? [] : options.longerKept(age: age)
            if wanted.isEmpty {
                expired.append(block)
            } else if block.sampling.thinning != wanted {
                try thin(block, to: wanted, &workshop)
            }
        }
        if !expired.isEmpty { try replace(expired, with: nil, &workshop) }
    }

    private func thin(_ block: SpanBlock, to wanted: SamplingSection.Thinning, _ workshop: inout Workshop) throws {
        let slow = options.slowDuration
        let scope = MergeScope.some { batch in
            var ids: Set<TraceID> = []
            for row in batch.rows {
                let isError = wanted.contains(.errors) && row.status == .error
                if isError || (wanted.contains(.slow) && row.duration >= slow) { ids.insert(row.traceID) }
            }
            return ids
        }
        try merge([block], scope, areAll: false, &workshop) { $0.thinning = wanted }
    }

    /// Lets go of the spans that sampling has held back long enough. Their rollups stay, in a block without spans; enough of
    /// such blocks become one.
    func releaseHeld(_ workshop: inout Workshop) throws {
        let now = time.now()
        let held = state.withLock { $0.held }
        var group = held.filter { $0.meta.rowCount > 0 && $0.sampling.heldUntil <= now }
        let bare = held.filter { $0.meta.rowCount == 0 && $0.meta[.rollups].byteCount < Self.bareRollupByteLimit }
        if bare.count >= options.mergeWidth { group += bare }
        if group.isEmpty { return }
        try merge(group, .none, areAll: false, &workshop)
    }

    /// Rollups of spans that are gone are merged until they are about so large.
    private static let bareRollupByteLimit = 4 << 20

    /// The bytes of all blocks.
    var blockByteCount: Int { state.withLock { $0.stored.reduce(0) { $0 + $1.meta.dataByteCount } } }

    /// Deletes the blocks whose newest span started first, until the others have at most so many bytes.
    func deleteOldest(above byteLimit: Int) throws {
        try working { workshop in
            let blocks = state.withLock { $0.stored }.sorted { $0.meta.maximumStart < $1.meta.maximumStart }
            var byteCount = blocks.reduce(0) { $0 + $1.meta.dataByteCount }
            let expired = Array(
                blocks.prefix { block in
                    defer { byteCount -= block.meta.dataByteCount }
                    return byteCount > byteLimit
                })
            if !expired.isEmpty { try replace(expired, with: nil, &workshop) }
        }
    }
}

extension SpanStoreOptions {
    /// What is kept of a block whose newest span is so many nanoseconds old, though the time of the others is over.
    fileprivate func longerKept(age: UInt64) -> SamplingSection.Thinning {
        var thinning: SamplingSection.Thinning = []
        if age <= keepErrors { thinning.insert(.errors) }
        if age <= keepSlow { thinning.insert(.slow) }
        return thinning
    }
}
