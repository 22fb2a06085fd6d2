import Storage
import TelemetryModel

extension SpanStore: TraceReader {
    /// All spans of each trace; see ``TraceReader``.
    public func traces(_ ids: [TraceID]) throws -> [SpanBatch] {
        try reading { snapshot in try ids.map { try snapshot.trace($0) } }
    }

    /// The traces that satisfy a query; see ``TraceReader``.
    public func search(_ query: TraceQuery) throws -> [TraceID] {
        try reading { snapshot in
            var search = TraceSearch(query, snapshot, try partedTraces(snapshot))
            return try search.run()
        }
    }

    /// Every span in a range; see ``TraceReader``. A block that turns out to be damaged ends the scan with `corrupt`; it is
    /// set aside, so that the next scan goes through.
    public func scan(
        from: UInt64, through: UInt64, _ projection: SpanProjection, _ body: (SpanBatch) throws -> Void
    ) throws {
        try scan(from: from, through: through, projection, isWhole: false, body)
    }

    /// The whole traces of which a span starts in a range; see ``TraceReader`` and ``scan(from:through:_:_:)``.
    public func scanTraces(from: UInt64, through: UInt64, _ body: (SpanBatch) throws -> Void) throws {
        try scan(from: from, through: through, .everything, isWhole: true, body)
    }

    private func scan(
        from: UInt64, through: UInt64, _ projection: SpanProjection, isWhole: Bool, _ body: (SpanBatch) throws -> Void
    ) throws {
        if from > through { return }
        do {
            let snapshot = try snapshot()
            var scan = try SpanScan(
                snapshot, try partedTraces(snapshot), from: from, through: through, projection, isWhole: isWhole)
            try scan.run(body)
        } catch let damage as SpanBlockDamage {
            setAside(damage)
            throw Self.storageError(damage)
        }
    }

    /// The spans of a range by the value of an attribute; see ``TraceReader``.
    public func tallies(_ query: SpanValueQuery) throws -> SpanValueTallies {
        if query.from > query.through { return SpanValueTallies(query) }
        return try reading { snapshot in
            let values = try ValueScan(query)
            var scan = try SpanScan(
                snapshot, try partedTraces(snapshot), from: query.from, through: query.through, query.projection
            ) { try values.add($1, of: $0) }
            try scan.run { try values.add($0) }
            return values.tallies
        }
    }

    /// The names kept by blocks and head; see ``RollupReader``.
    public func operationNames() throws -> Set<OperationName> {
        try reading { snapshot in
            let names = headNames.names(snapshot.head)
            if let last = lastNames.withLock({ $0 }), last.version == snapshot.blocksVersion { return last.names.union(names) }
            var stored: Set<OperationName> = []
            for block in snapshot.blocks { stored.formUnion(try block.operationNames()) }
            lastNames.withLock { last in
                if last.map({ $0.version < snapshot.blocksVersion }) ?? true { last = (snapshot.blocksVersion, stored) }
            }
            return stored.union(names)
        }
    }

    /// The parted traces of a snapshot's blocks, made anew when the blocks are others than at the last call.
    private func partedTraces(_ snapshot: Snapshot) throws -> PartedTraces {
        if let last = lastParted.withLock({ $0 }), last.version == snapshot.blocksVersion { return last.traces }
        let traces = try PartedTraces(of: snapshot.blocks)
        lastParted.withLock { last in
            if last.map({ $0.version < snapshot.blocksVersion }) ?? true { last = (snapshot.blocksVersion, traces) }
        }
        return traces
    }
}

extension SpanStore.Snapshot {
    /// All spans of one trace, from head and blocks.
    func trace(_ id: TraceID) throws -> SpanBatch {
        let hash = TraceFilter.hash(id)
        var found: [(source: Int, run: TraceRun)] = []
        for (number, block) in blocks.enumerated() where block.mayContain(hash) {
            found += try block.runs(of: id).map { (number, $0) }
        }
        if let number = head.number(of: id) {
            found += head.runs(ofTrace: number).map { (blocks.count, $0.run) }
        }
        if found.count == 1, found[0].run.rows == found[0].run.batch.spans.rows.indices { return found[0].run.batch.spans }
        var assembler = TraceAssembler()
        assembler.add(found)
        return assembler.take()
    }
}
