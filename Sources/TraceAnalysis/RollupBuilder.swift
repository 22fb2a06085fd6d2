import TelemetryModel

/// Adds the spans of whole traces up into a ``RollupTable``.
///
/// Inside, everything is keyed by numbers; texts are made once, at the end. What a trace adds up to depends on its spans
/// alone, not on what else is in its batch; ``RollupVocabulary`` sees to it that there are not too many names.
public struct RollupBuilder {
    /// The sums of a batch that holds whole traces; see ``add(_:)``.
    public static func rollup(_ batch: SpanBatch, counting: ClosedRange<UInt64> = 0...UInt64.max) -> RollupTable {
        var builder = RollupBuilder(counting: counting)
        builder.add(batch)
        return builder.table()
    }

    private let counting: ClosedRange<UInt64>
    private var names = RollupNames()
    private var sums = SymbolicRollup()

    /// With `counting`, only spans that start in this range of nanoseconds since 1970 are counted, and the others only say
    /// who called; what an entry point's trace adds up to counts when the trace's root starts in it.
    public init(counting: ClosedRange<UInt64> = 0...UInt64.max) { self.counting = counting }

    /// Adds the spans of a batch that holds whole traces; the spans of one may lie scattered.
    public mutating func add(_ batch: SpanBatch) {
        names.begin(batch)
        var pass = RollupPass(batch, instances: names.instances(batch))
        for rows in TraceGroups.rows(batch) { add(AnalysedTrace(batch, rows: rows, clocks: pass.clocks), &pass) }
    }

    /// What has been added so far.
    public func table() -> RollupTable { names.table(sums) }

    private static func minute(_ nanoseconds: UInt64) -> Int64 { Int64(nanoseconds / 60_000_000_000) }

    private mutating func add(_ trace: AnalysedTrace, _ pass: inout RollupPass) {
        guard let root = trace.tree.mainRoot else { return }
        var labels = NodeLabels(count: trace.tree.count)
        for node in 0..<trace.tree.count {
            labels.services.append(names.text(trace.services[node], pass.batch))
            labels.operations.append(names.text(trace.span(node, pass.batch).name, pass.batch))
        }
        addOperations(trace, labels, &pass)
        addNodes(trace, labels, root: root, pass)
        let links = DependencyLinks(pass.batch, trace, &pass.reader)
        for link in links.links { add(link, trace, labels, pass) }
        addStatements(links.executions, trace, labels, &pass)
    }

    private mutating func addOperations(_ trace: AnalysedTrace, _ labels: NodeLabels, _ pass: inout RollupPass) {
        for node in 0..<trace.tree.count {
            let row = trace.span(node, pass.batch)
            guard counting.contains(row.start) else { continue }
            let minute = Self.minute(row.start)
            let key = SymbolicRollup.OperationKey(
                minute: minute, service: labels.services[node], operation: labels.operations[node], kind: row.kind)
            let place = sums.operations.index(key, makeRow: OperationRollup.init)
            sums.operations[place].count(
                row, statusClass: pass.reader.statusClass(pass.batch, row), isEntry: trace.isEntry(node),
                isRoot: row.parentSpanID.isZero)
            let instance = SymbolicRollup.InstanceKey(minute: minute, instance: pass.instances[Int(row.resource)])
            let instancePlace = sums.instances.index(instance, makeRow: InstanceRollup.init)
            sums.instances[instancePlace].count(row)
        }
    }

    private mutating func addNodes(_ trace: AnalysedTrace, _ labels: NodeLabels, root: Int, _ pass: RollupPass) {
        let start = trace.span(root, pass.batch).start
        guard counting.contains(start) else { return }
        let selfTimes = trace.timing.selfTimes(trace.tree)
        let critical = CriticalPath(trace.tree, trace.timing, root: root).times(nodeCount: trace.tree.count)
        for node in 0..<trace.tree.count {
            let key = SymbolicRollup.NodeKey(
                minute: Self.minute(start), entryService: labels.services[root], entryOperation: labels.operations[root],
                service: labels.services[node], operation: labels.operations[node])
            let place = sums.nodes.index(key, makeRow: NodeRollup.init)
            sums.nodes[place].count(
                trace.span(node, pass.batch), selfNanoseconds: selfTimes[node], criticalNanoseconds: critical[node])
        }
    }

    private mutating func add(_ link: DependencyLink, _ trace: AnalysedTrace, _ labels: NodeLabels, _ pass: RollupPass) {
        guard let first = link.callerNode ?? link.calleeNode, let last = link.calleeNode ?? link.callerNode else { return }
        let (caller, callee) = (trace.span(first, pass.batch), trace.span(last, pass.batch))
        guard counting.contains(caller.start) else { return }
        let key = SymbolicRollup.EdgeKey(
            minute: Self.minute(caller.start), caller: name(link.caller, labels), callee: name(link.callee, labels),
            kind: link.kind)
        let place = sums.edges.index(key, makeRow: EdgeRollup.init)
        sums.edges[place].count(
            duration: callee.duration, isError: caller.status == .error || callee.status == .error,
            isSeenByClient: link.callerNode != nil, isSeenByServer: link.calleeNode != nil, minute: key.minute)
    }

    private mutating func name(_ party: DependencyLink.Party, _ labels: NodeLabels) -> UInt32 {
        switch party {
        case .node(let node): labels.services[node]
        case .peer(let text): names.texts.intern(text)
        }
    }

    private mutating func addStatements(
        _ executions: [Int], _ trace: AnalysedTrace, _ labels: NodeLabels, _ pass: inout RollupPass
    ) {
        if executions.isEmpty { return }
        var executionsOfCaller = SymbolicTable<SymbolicRollup.Execution, UInt64>()
        for node in executions {
            let row = trace.span(node, pass.batch)
            pass.reader.read(pass.batch, row)
            let fingerprint = names.fingerprint(pass.reader, row, pass.batch)
            let caller = Int(trace.entries[node])
            let execution = executionsOfCaller.index(
                SymbolicRollup.Execution(caller: Int32(truncatingIfNeeded: caller), fingerprint: fingerprint), makeRow: { 0 })
            executionsOfCaller[execution] += 1
            guard counting.contains(row.start) else { continue }
            let key = SymbolicRollup.StatementKey(
                minute: Self.minute(row.start), system: names.text(pass.reader.symbol(.databaseSystem), pass.batch),
                namespace: names.text(.databaseNamespace, pass.reader, pass.batch), host: names.host(pass.reader, pass.batch),
                fingerprint: fingerprint, callerService: labels.services[node],
                callerOperation: caller == node ? 0 : labels.operations[caller])
            let place = sums.statements.index(key, makeRow: StatementRollup.init)
            sums.statements[place].count(row, inCaller: executionsOfCaller[execution])
        }
    }
}

/// What a ``RollupBuilder`` knows of the batch that it adds.
private struct RollupPass {
    let batch: SpanBatch
    let clocks: [UInt32]
    /// The number of the instance of each resource.
    let instances: [UInt32]
    var reader: SpanFactReader

    init(_ batch: SpanBatch, instances: [UInt32]) {
        self.batch = batch
        self.instances = instances
        clocks = ClockSkew.clocks(batch)
        reader = SpanFactReader(batch)
    }
}

/// Service and operation of each node of a trace, as symbols of the builder's texts.
private struct NodeLabels {
    var services: [UInt32] = []
    var operations: [UInt32] = []

    init(count: Int) {
        services.reserveCapacity(count)
        operations.reserveCapacity(count)
    }
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

extension NodeRollup {
    fileprivate mutating func count(_ row: SpanRow, selfNanoseconds: UInt64, criticalNanoseconds: UInt64) {
        calls &+= 1
        errors &+= row.status == .error ? 1 : 0
        self.selfNanoseconds &+= selfNanoseconds
        self.criticalNanoseconds &+= criticalNanoseconds
    }
}

extension EdgeRollup {
    fileprivate mutating func count(
        duration: UInt64, isError: Bool, isSeenByClient: Bool, isSeenByServer: Bool, minute: Int64
    ) {
        calls &+= 1
        errors &+= isError ? 1 : 0
        seenByClient &+= isSeenByClient ? 1 : 0
        seenByServer &+= isSeenByServer ? 1 : 0
        durations.add(duration)
        firstMinute = min(firstMinute, minute)
        lastMinute = max(lastMinute, minute)
    }
}
