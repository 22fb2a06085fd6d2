import Platform
import Storage
import TelemetryModel
import TraceAnalysis

extension SpanStore {
    /// Which traces go into the next block.
    enum CutScope {
        /// All of them.
        case everything
        /// Those that are idle or old enough.
        case due
        /// Those that are due, and of the others the longest idle, until seven eighths of the head are gone.
        case longestIdle
    }

    /// Writes traces of the head to a new block, and those that sampling does not keep to another one, whose spans are held
    /// back. Nothing is changed in memory before both are published.
    ///
    /// Traces that stay are logged again before that, so that the log up to the moment of the snapshot can be deleted.
    func cut(_ scope: CutScope, _ workshop: inout Workshop) throws {
        try log.roll()
        let (head, blocks, held, logThrough) = state.withLock { ($0.head, $0.blocks, $0.held, log.lastSequence) }
        let chosen = choose(scope, head)
        guard chosen.contains(true) else { return }
        let plan = try CutPlan(head, chosen, blocks, held: held, self)
        let staying = try logAgain(HeadSource(head) { !chosen[$0] })
        var written: [SpanBlock] = []
        do {
            for var part in plan.parts {
                // As long as the last one is not there the log is needed: it knows which spans are in the others already.
                part.logThrough = written.count + 1 == plan.parts.count ? logThrough : 0
                written.append(try write(part, completing: blocks + held, &workshop))
            }
        } catch {
            for block in written { withdraw(block.meta.id, &workshop) }
            throw error
        }
        state.withLock { state in
            state.head = Self.remainder(of: state.head, after: head, staying, chosen)
            for block in written { state.add(block) }
            state.blocksVersion += 1
        }
        try log.deleteSegments(through: logThrough)
    }

    /// Writes and publishes the block of a part of a cut.
    private func write(
        _ part: CutPlan.Part, completing stored: [SpanBlock], _ workshop: inout Workshop
    ) throws -> SpanBlock {
        let id = workshop.nextBlockID
        workshop.nextBlockID += 1
        let path = directory.temporaryPath(of: id)
        var writer = try SpanBlockWriter(
            id: id, directory: path, fileSystem: fileSystem, compressionLevel: SpanBlockFormat.cutCompressionLevel)
        let block: SpanBlock
        do {
            var builder = RollupBuilder()
            let source = HeadSource(part.head) { part.included[$0] }
            for number in 0..<source.pageCount {
                let page = try source.page(number).spans
                builder.add(page)
                try writer.add(page)
            }
            let parted = part.head.traces.indices.filter { part.included[$0] && part.head.traces[$0].isParted }
            for number in parted { writer.markParted(part.head.traces[number].id) }
            var rollups = builder.table()
            let completion = TraceCompletion(part.head, stored)
            rollups.merge(try completion.correction(ofTraces: parted, restored: part.restored))
            try writer.finish(
                rollups: RollupSectionWriter.encode(try bounded(rollups)), sampling: part.sampling.bytes,
                logThrough: part.logThrough, replaces: workshop.undeleted)
            block = try SpanBlock(directory: path, fileSystem: fileSystem, cache: cache)
        } catch {
            writer.discard()
            throw error
        }
        try publish(id, &workshop)
        return block
    }

    /// Takes a block back that has got its name; what cannot be removed now is replaced by whatever is written next.
    private func withdraw(_ id: UInt64, _ workshop: inout Workshop) {
        do { try directory.remove(id) } catch { workshop.undeleted.append(id) }
    }

    /// Gives a block its name. When that fails half-way, the block must not turn up at the next start, nor beside the next
    /// one with the same spans: what cannot be removed now is replaced by whatever is written next.
    func publish(_ id: UInt64, _ workshop: inout Workshop) throws {
        do {
            try directory.publish(id)
        } catch {
            withdraw(id, &workshop)
            throw error
        }
    }

    /// Logs the traces that stay and makes that durable. Returns them put together anew, which lets go of the rest.
    private func logAgain(_ source: HeadSource) throws -> [SharedSpanBatch] {
        var batches: [SharedSpanBatch] = []
        for number in 0..<source.pageCount {
            let page = try source.page(number)
            _ = try log.append(
                type: SpanLogRecord.type, version: SpanLogRecord.version, payload: try SpanLogRecord.encode(page.spans))
            batches.append(page)
        }
        if !batches.isEmpty { try log.sync() }
        return batches
    }

    /// The head without what went into the block: what stayed, and what has come since the snapshot.
    private static func remainder(
        of now: SpanHead, after snapshot: SpanHead, _ staying: [SharedSpanBatch], _ chosen: [Bool]
    ) -> SpanHead {
        var head = SpanHead(generation: now.generation + 1)
        let arrival = now.traces.first?.firstArrival ?? 0
        for batch in staying { head.insert(batch, arrival: arrival) }
        for batch in now.batches[snapshot.batches.count...] { head.insert(batch, arrival: arrival) }
        head.adoptTimes(from: now)
        for (number, trace) in snapshot.traces.enumerated() where chosen[number] { head.markParted(trace.id) }
        return head
    }

    // MARK: - Choosing

    /// For each trace of the head whether it goes into the next block.
    private func choose(_ scope: CutScope, _ head: SpanHead) -> [Bool] {
        switch scope {
        case .everything: return head.traces.map { _ in true }
        case .due:
            let now = time.monotonic()
            return head.traces.map { isDue($0, at: now, waiting: 0) }
        case .longestIdle:
            let now = time.monotonic()
            var chosen = head.traces.map { isDue($0, at: now, waiting: 0) }
            var spanCount = zip(head.traces, chosen).reduce(0) { $0 + ($1.1 ? $1.0.spanCount : 0) }
            let order = head.traces.indices.sorted {
                (head.traces[$0].lastArrival, head.traces[$0].firstArrival, $0)
                    < (head.traces[$1].lastArrival, head.traces[$1].firstArrival, $1)
            }
            for number in order where spanCount * 8 < head.spanCount * 7 && !chosen[number] {
                chosen[number] = true
                spanCount += head.traces[number].spanCount
            }
            return chosen
        }
    }

    /// Whether a trace has been idle or kept long enough, and has waited so many nanoseconds since.
    private func isDue(_ trace: SpanHead.Trace, at now: UInt64, waiting: UInt64) -> Bool {
        now >= trace.lastArrival &+ options.idleTime &+ waiting || now >= trace.firstArrival &+ options.ageLimit &+ waiting
    }

    /// Which cut is due now, if any.
    func dueCut() -> CutScope? {
        let head = state.withLock { $0.head }
        if head.spanCount == 0 { return nil }
        if head.byteCount > options.headByteLimit || log.byteCount > options.logByteLimit { return .longestIdle }
        let now = time.monotonic()
        var spanCount = 0
        for trace in head.traces where isDue(trace, at: now, waiting: 0) {
            spanCount += trace.spanCount
            if spanCount >= options.cutSpanCount || isDue(trace, at: now, waiting: options.cutInterval) { return .due }
        }
        return nil
    }
}
