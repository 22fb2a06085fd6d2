import Storage
import TelemetryModel

extension SpanStore: TraceReader, RollupReader {
    /// All spans of each trace; see ``TraceReader``.
    public func traces(_ ids: [TraceID]) throws -> [SpanBatch] {
        try reading { snapshot in
            let sources = snapshot.sources()
            return try ids.map { try Self.trace($0, sources) }
        }
    }

    /// The traces that satisfy a query; see ``TraceReader``.
    public func search(_ query: TraceQuery) throws -> [TraceID] {
        try reading { snapshot in
            var search = TraceSearch(query, snapshot)
            return try search.run()
        }
    }

    /// Every span in a range; see ``TraceReader``. A block that turns out to be damaged ends the scan with `corrupt`; it is
    /// set aside, so that the next scan goes through.
    public func scan(
        from: UInt64, through: UInt64, _ projection: SpanProjection, _ body: (SpanBatch) throws -> Void
    ) throws {
        if from > through { return }
        do {
            let sources = try snapshot().sources(from: from, through: through)
            var merge = try TraceMerge(sources, from: from, through: through, projection)
            var assembler = TraceAssembler()
            while let trace = try merge.next() {
                assembler.add(trace) { $0.start >= from && $0.start <= through }
                if assembler.batch.count >= SpanBlockFormat.pageRowTarget { try body(assembler.take()) }
            }
            if !assembler.batch.isEmpty { try body(assembler.take()) }
        } catch let damage as SpanBlockDamage {
            setAside(damage)
            throw Self.storageError(damage)
        }
    }

    /// The sums of whole minutes over head and blocks; see ``RollupReader``.
    public func rollups(minutes: ClosedRange<Int64>) throws -> RollupTable {
        try reading { snapshot in
            var table = headRollups.table(snapshot.head).restricted(to: minutes)
            for block in snapshot.blocks where block.overlaps(minutes: minutes) {
                table.merge(try block.rollups().restricted(to: minutes))
            }
            return table
        }
    }

    /// All spans of one trace.
    static func trace(_ id: TraceID, _ sources: [any TraceSource]) throws -> SpanBatch {
        let hash = TraceFilter.hash(id)
        var found: [(source: Int, run: TraceRun)] = []
        for (number, source) in sources.enumerated() where source.mayContain(hash) {
            found += try source.runs(of: id).map { (number, $0) }
        }
        if found.count == 1, found[0].run.rows == found[0].run.batch.spans.rows.indices { return found[0].run.batch.spans }
        var assembler = TraceAssembler()
        assembler.add(found)
        return assembler.take()
    }
}

extension SpanStore.Snapshot {
    /// The blocks that have a span in the closed range, and the head.
    func sources(from: UInt64 = 0, through: UInt64 = .max) -> [any TraceSource] {
        blocks.filter { $0.meta.minimumStart <= through && $0.meta.maximumStart >= from } + [HeadSource(head)]
    }
}

extension SpanBlock {
    /// Whether a span of the block starts in one of the minutes since 1970.
    func overlaps(minutes: ClosedRange<Int64>) -> Bool {
        Int64(meta.minimumStart / 60_000_000_000) <= minutes.upperBound
            && Int64(meta.maximumStart / 60_000_000_000) >= minutes.lowerBound
    }
}
