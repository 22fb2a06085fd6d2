import TelemetryModel

/// Adds the spans of whole traces up into a ``RollupTable``.
///
/// Inside, everything is keyed by numbers; texts are made once, at the end. What a trace adds up to depends on its spans
/// alone, not on what else is in the batch; ``RollupVocabulary`` sees to it that there are not too many names.
public struct RollupBuilder {
    /// The sums of a batch that holds whole traces; the spans of one may lie scattered.
    ///
    /// With `counting`, only spans that start in this range of nanoseconds since 1970 are counted, and the others only say
    /// who called; what an entry point's trace adds up to counts when the trace's root starts in it.
    public static func rollup(_ batch: SpanBatch, counting: ClosedRange<UInt64> = 0...UInt64.max) -> RollupTable {
        var builder = RollupBuilder(batch, counting: counting)
        for rows in TraceGroups.rows(batch) { builder.add(AnalysedTrace(batch, rows: rows, clocks: builder.clocks)) }
        return builder.names.table(builder.sums)
    }

    private let batch: SpanBatch
    private let counting: ClosedRange<UInt64>
    private let clocks: [UInt32]
    private let instances: [InstanceSymbols]
    private var reader: SpanFactReader
    private var names: RollupNames
    private var sums = SymbolicRollup()

    private init(_ batch: SpanBatch, counting: ClosedRange<UInt64>) {
        self.batch = batch
        self.counting = counting
        clocks = ClockSkew.clocks(batch)
        reader = SpanFactReader(batch)
        var names = RollupNames(batch)
        instances = batch.resources.indices.map { names.instance($0, batch) }
        self.names = names
    }

    private static func minute(_ nanoseconds: UInt64) -> Int64 { Int64(nanoseconds / 60_000_000_000) }

    private mutating func add(_ trace: AnalysedTrace) {
        guard let root = trace.tree.mainRoot else { return }
        var services: [UInt32] = []
        var operations: [UInt32] = []
        services.reserveCapacity(trace.tree.count)
        operations.reserveCapacity(trace.tree.count)
        for node in 0..<trace.tree.count {
            let service = names.text(trace.services[node], batch)
            services.append(service)
            operations.append(names.text(trace.span(node, batch).name, batch))
        }
        let labels = NodeLabels(services: services, operations: operations)
        addOperations(trace, labels)
        addNodes(trace, labels, root: root)
        let links = DependencyLinks(batch, trace, &reader)
        for link in links.links { add(link, trace, labels) }
        addStatements(links.executions, trace, labels)
    }

    private mutating func addOperations(_ trace: AnalysedTrace, _ labels: NodeLabels) {
        for node in 0..<trace.tree.count {
            let row = trace.span(node, batch)
            guard counting.contains(row.start) else { continue }
            let minute = Self.minute(row.start)
            reader.read(batch, row)
            let statusClass = reader.statusClass(batch)
            let key = SymbolicRollup.OperationKey(
                minute: minute, service: labels.services[node], operation: labels.operations[node], kind: row.kind)
            sums.operations[key, default: OperationRollup()].count(
                row, statusClass: statusClass, isEntry: trace.isEntry(node), isRoot: row.parentSpanID.isZero)
            let instance = instances[Int(row.resource)]
            sums.instances[SymbolicRollup.InstanceKey(minute: minute, instance: instance), default: InstanceRollup()].count(row)
        }
    }

    private mutating func addNodes(_ trace: AnalysedTrace, _ labels: NodeLabels, root: Int) {
        let start = trace.span(root, batch).start
        guard counting.contains(start) else { return }
        let selfTimes = trace.timing.selfTimes(trace.tree)
        let critical = CriticalPath(trace.tree, trace.timing, root: root).times(nodeCount: trace.tree.count)
        for node in 0..<trace.tree.count {
            let key = SymbolicRollup.NodeKey(
                minute: Self.minute(start), entryService: labels.services[root], entryOperation: labels.operations[root],
                service: labels.services[node], operation: labels.operations[node])
            var one = NodeRollup()
            one.calls = 1
            one.errors = trace.span(node, batch).status == .error ? 1 : 0
            one.selfNanoseconds = selfTimes[node]
            one.criticalNanoseconds = critical[node]
            sums.nodes[key, default: NodeRollup()].merge(one)
        }
    }

    private mutating func add(_ link: DependencyLink, _ trace: AnalysedTrace, _ labels: NodeLabels) {
        guard let first = link.callerNode ?? link.calleeNode, let last = link.calleeNode ?? link.callerNode else { return }
        let start = trace.span(first, batch).start
        guard counting.contains(start) else { return }
        let key = SymbolicRollup.EdgeKey(
            minute: Self.minute(start), caller: name(link.caller, labels), callee: name(link.callee, labels), kind: link.kind)
        var one = EdgeRollup()
        one.calls = 1
        one.errors = trace.span(first, batch).status == .error || trace.span(last, batch).status == .error ? 1 : 0
        one.seenByClient = link.callerNode == nil ? 0 : 1
        one.seenByServer = link.calleeNode == nil ? 0 : 1
        one.durations.add(trace.span(last, batch).duration)
        one.firstMinute = key.minute
        one.lastMinute = key.minute
        sums.edges[key, default: EdgeRollup()].merge(one)
    }

    private mutating func name(_ party: DependencyLink.Party, _ labels: NodeLabels) -> UInt32 {
        switch party {
        case .node(let node): labels.services[node]
        case .peer(let text): names.texts.intern(text)
        }
    }

    private mutating func addStatements(_ executions: [Int], _ trace: AnalysedTrace, _ labels: NodeLabels) {
        var executionsOfCaller: [SymbolicRollup.Execution: UInt64] = [:]
        for node in executions {
            let row = trace.span(node, batch)
            reader.read(batch, row)
            let fingerprint = names.fingerprint(reader, row, batch)
            let caller = Int(trace.entries[node])
            let execution = SymbolicRollup.Execution(caller: Int32(truncatingIfNeeded: caller), fingerprint: fingerprint)
            executionsOfCaller[execution, default: 0] += 1
            guard counting.contains(row.start) else { continue }
            let key = SymbolicRollup.StatementKey(
                minute: Self.minute(row.start), system: names.text(reader.symbol(.databaseSystem), batch),
                namespace: names.texts.intern(reader.text(.databaseNamespace, batch)), host: names.host(reader, batch),
                fingerprint: fingerprint, callerService: labels.services[node],
                callerOperation: caller == node ? 0 : labels.operations[caller])
            sums.statements[key, default: StatementRollup()].count(row, inCaller: executionsOfCaller[execution] ?? 1)
        }
    }
}

/// Service and operation of each node of a trace, as symbols of the builder's texts.
private struct NodeLabels {
    var services: [UInt32]
    var operations: [UInt32]
}

extension OperationRollup {
    fileprivate mutating func count(_ row: SpanRow, statusClass: Int, isEntry: Bool, isRoot: Bool) {
        if calls == 0 || row.duration > durations.maximum
            || (row.duration == durations.maximum && row.traceID < slowestTraceID)
        {
            slowestTraceID = row.traceID
        }
        calls &+= 1
        errors &+= row.status == .error ? 1 : 0
        codeClasses[statusClass] &+= 1
        durations.add(row.duration)
        entryCalls &+= isEntry ? 1 : 0
        rootCalls &+= isRoot ? 1 : 0
    }
}

extension StatementRollup {
    fileprivate mutating func count(_ row: SpanRow, inCaller executions: UInt64) {
        if calls == 0 || row.duration > durations.maximum
            || (row.duration == durations.maximum && row.traceID < slowestTraceID)
        {
            slowestTraceID = row.traceID
        }
        calls &+= 1
        errors &+= row.status == .error ? 1 : 0
        durations.add(row.duration)
        maximumPerCaller = max(maximumPerCaller, executions)
    }
}

extension InstanceRollup {
    fileprivate mutating func count(_ row: SpanRow) {
        calls &+= 1
        errors &+= row.status == .error ? 1 : 0
        lastSeen = max(lastSeen, row.start)
    }
}
