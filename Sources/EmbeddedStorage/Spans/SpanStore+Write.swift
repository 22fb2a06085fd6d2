import ByteCoding
import Platform
import Storage
import TelemetryModel

extension SpanStore: SpanWriter {
    /// How far beyond its bound the head may grow while a cut is under way, or while cuts fail.
    private static let hardLimitFactor = 2

    /// Compares, logs and keeps a batch; see ``SpanWriter``. Cuts the head when it has passed its bound.
    public func write(_ batch: SpanBatch) throws -> WriteReceipt {
        if batch.isEmpty { return WriteReceipt(durability: options.durability) }
        // Encoded before the lock is taken, on the assumption that every span is new, which is nearly always so.
        let record = try SpanLogRecord.encode(batch)
        // The head keeps it for minutes, and growing has left up to half of it empty.
        var batch = batch
        batch.trim()
        let identities = SpanIdentities(batch)
        let (receipt, headByteCount) = try withoutDamaged {
            let (blocks, version) = try presentBlocks()
            return try admit(batch, identities, record, try StoredSpans(of: batch, identities, in: blocks, version: version))
        }
        if options.durability == .synced, receipt.stored > 0 { try syncLog() }
        if headByteCount > options.headByteLimit { relieve(headByteCount) }
        return receipt
    }

    /// Logs and keeps what is new of a batch. Returns the memory that the head takes then.
    private func admit(
        _ batch: SpanBatch, _ identities: SpanIdentities, _ record: [UInt8], _ asked: StoredSpans
    ) throws -> (WriteReceipt, Int) {
        try state.withLock { state in
            try Self.requireOpen(state)
            if let refusal = state.refusal, state.head.byteCount > Self.hardLimitFactor * options.headByteLimit {
                throw StorageError(.unavailable, refusal)
            }
            // A cut or a merge has changed the blocks since they were asked; that is rare enough to ask under the lock.
            let stored =
                asked.version == state.blocksVersion
                ? asked : try StoredSpans(of: batch, identities, in: state.stored, version: state.blocksVersion)
            let admission = SpanAdmission(batch, identities, head: state.head, stored: stored)
            var receipt = admission.receipt
            receipt.durability = options.durability
            if admission.accepted.isEmpty { return (receipt, state.head.byteCount) }
            let kept = batch.keeping(admission.accepted)
            try append(kept.count == batch.count ? record : try SpanLogRecord.encode(kept), &state)
            state.head.insert(SharedSpanBatch(kept), arrival: time.monotonic())
            for id in stored.traces { state.head.markParted(id) }
            return (receipt, state.head.byteCount)
        }
    }

    private func append(_ record: [UInt8], _ state: inout State) throws {
        do {
            _ = try log.append(type: SpanLogRecord.type, version: SpanLogRecord.version, payload: record)
            state.refusal = nil
        } catch {
            state.refusal = error.message
            throw StorageError(.unavailable, error.message)
        }
    }

    /// Makes everything that was logged durable.
    func syncLog() throws {
        do { try log.sync() } catch { throw StorageError(.unavailable, error.message) }
    }

    /// Has the head cut because it is too large, elsewhere if there is a pool for it. Who comes meanwhile goes on, up to the
    /// hard limit, and then waits.
    private func relieve(_ headByteCount: Int) {
        if headByteCount > Self.hardLimitFactor * options.headByteLimit { return workshop.withLock { relieve(&$0) } }
        guard let pool = options.cutPool else { return workshop.withLockIfAvailable { relieve(&$0) } ?? () }
        if isRelieving.exchange(true, ordering: .acquiringAndReleasing) { return }
        do {
            try pool.submit { [self] in
                workshop.withLock { relieve(&$0) }
                isRelieving.store(false, ordering: .releasing)
            }
        } catch {
            // The pool is full or closed: the next writer asks again.
            isRelieving.store(false, ordering: .releasing)
        }
    }

    private func relieve(_ workshop: inout Workshop) {
        if state.withLock({ $0.head.byteCount <= options.headByteLimit || $0.isClosed }) { return }
        // What was written is acknowledged already: a failure to cut is told in the status and, when the head has reached
        // its hard limit, to the next writers.
        do {
            try cut(.longestIdle, &workshop)
        } catch {
            state.withLock { $0.refusal = "The head could not be written to a block: \(error)" }
        }
    }
}
