import Storage
import TelemetryModel

extension AnswerEngine {
    /// What exists: services with their calls, and the databases, caches, queues and peers that they call.
    public func services(_ request: AnswerRequest) throws -> ServicesAnswer {
        let window = try window(request)
        let all = ServiceDirectory(RollupView(try sums(window, .all))).summaries()
        return ServicesAnswer(
            range: window.rollupRange, complete: all.count <= window.limit, computedFrom: .rollup,
            services: Array(all.prefix(window.limit)))
    }

    /// One service. Throws ``AnswerError`` of kind `notFound` when the range has nothing of it.
    public func service(_ name: String, _ request: AnswerRequest) throws -> ServiceAnswer {
        let window = try window(request)
        let view = RollupView(try sums(window, .all))
        guard let summary = ServiceDirectory(view).summaries().first(where: { $0.name == name }) else {
            throw Self.unknownService(name, window)
        }
        let operations = Self.operations(of: name, view)
        let edges = Self.edges(view.table).filter { $0.caller == name || $0.callee == name }
        return ServiceAnswer(
            range: window.rollupRange, complete: operations.count <= window.limit, computedFrom: .rollup, service: summary,
            operations: Array(operations.prefix(window.limit)), instances: Self.instances(of: name, view.table),
            callers: edges.filter { $0.callee == name }, dependencies: edges.filter { $0.caller == name },
            minutes: Self.minutes(of: name, try table(window, .operations)))
    }

    static func unknownService(_ name: String, _ window: AnswerWindow) -> AnswerError {
        let range = window.rollupRange
        return AnswerError(
            .notFound, "No service \(name) was seen from \(range.from) to \(range.to); /api/v1/services lists those that were.",
            at: "service")
    }

    private static func operations(of service: String, _ view: RollupView) -> [OperationSummary] {
        struct Key: Hashable {
            var operation: String
            var kind: SpanKind
        }
        var tallies: [Key: (tally: Tally, isEntry: Bool, classes: [UInt64])] = [:]
        for (key, row) in view.table.operations where key.service == service {
            let isEntry = RollupView.isEntry(key, row)
            var known = tallies[Key(operation: key.operation, kind: key.kind)] ?? (Tally(), false, row.codeClasses.map { _ in 0 })
            known.tally.add(row)
            known.isEntry = known.isEntry || isEntry
            for index in row.codeClasses.indices { known.classes[index] &+= row.codeClasses[index] }
            tallies[Key(operation: key.operation, kind: key.kind)] = known
        }
        let (shares, totals) = shares(within: service, view)
        let summaries = tallies.map { key, known in
            let tally = known.tally
            let share = shares[key.operation] ?? Share()
            return OperationSummary(
                operation: key.operation, kind: key.kind.name, isEntry: known.isEntry, calls: tally.calls, errors: tally.errors,
                totalSeconds: tally.totalSeconds, p50Seconds: tally.p50Seconds, p95Seconds: tally.p95Seconds,
                p99Seconds: tally.p99Seconds, selfSeconds: Tally.seconds(share.selfNanoseconds),
                criticalShare: share.criticalShare(of: totals[key.operation] ?? 0), statusClasses: statusClasses(known.classes),
                exemplarTraceIDs: tally.exemplarTraceIDs)
        }
        return summaries.sorted { ($1.totalSeconds, $0.operation, $0.kind) < ($0.totalSeconds, $1.operation, $1.kind) }
    }

    /// Own and critical time of a service's operations, and the critical time of all traces that each of them is in.
    private static func shares(within service: String, _ view: RollupView) -> (own: [String: Share], totals: [String: UInt64]) {
        var own: [String: Share] = [:]
        var entriesOf: [String: Set<OperationIdentity>] = [:]
        var criticalOfEntry: [OperationIdentity: UInt64] = [:]
        for (key, row) in view.table.nodes {
            let entry = OperationIdentity(service: key.entryService, operation: key.entryOperation)
            criticalOfEntry[entry, default: 0] &+= row.criticalNanoseconds
            guard key.service == service else { continue }
            own[key.operation, default: Share()].add(row)
            entriesOf[key.operation, default: []].insert(entry)
        }
        let totals = entriesOf.mapValues { entries in entries.reduce(UInt64(0)) { $0 &+ (criticalOfEntry[$1] ?? 0) } }
        return (own, totals)
    }

    private static func statusClasses(_ classes: [UInt64]) -> [String: UInt64] {
        var named: [String: UInt64] = [:]
        for (index, count) in classes.enumerated() where index > 0 && count > 0 { named["\(index)xx"] = count }
        return named
    }

    static func instances(of service: String, _ table: RollupTable) -> [InstanceSummary] {
        var sums: [InstanceKey: InstanceRollup] = [:]
        for (key, row) in table.instances where key.service == service {
            var anyMinute = key
            anyMinute.minute = 0
            sums[anyMinute, default: InstanceRollup()].merge(row)
        }
        let summaries = sums.map { key, row in
            InstanceSummary(
                instance: key.instance, version: key.version, host: key.hostName.isEmpty ? key.hostID : key.hostName,
                container: key.containerID, calls: row.calls, errors: row.errors,
                lastSeen: RFC3339.text(nanoseconds: row.lastSeen))
        }
        return summaries.sorted { ($0.instance, $0.version, $0.host) < ($1.instance, $1.version, $1.host) }
    }

    private static func minutes(of service: String, _ table: RollupTable) -> [MinuteSummary] {
        var tallies: [Int64: Tally] = [:]
        for (key, row) in table.operations where key.service == service && RollupView.isEntry(key, row) {
            tallies[key.minute, default: Tally()].add(row)
        }
        return tallies.sorted { $0.key < $1.key }.map { minute, tally in
            MinuteSummary(
                time: Self.time(minute: minute), calls: tally.calls, errors: tally.errors, p50Seconds: tally.p50Seconds,
                p95Seconds: tally.p95Seconds, p99Seconds: tally.p99Seconds)
        }
    }

    /// The beginning of a minute, RFC 3339.
    static func time(minute: Int64) -> String { RFC3339.text(nanoseconds: UInt64(max(0, minute)) * AnswerWindow.minute) }
}
