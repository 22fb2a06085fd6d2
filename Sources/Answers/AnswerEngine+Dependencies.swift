import Storage
import TelemetryModel
import TraceAnalysis

extension AnswerEngine {
    /// Who calls whom, which services depend on themselves, and how much depends on each.
    public func dependencies(_ request: AnswerRequest) throws -> DependenciesAnswer {
        let window = try window(request)
        let table = try table(window)
        let edges = Self.edges(table)
        let cycles = DependencyCycles.cycles(edges.map { (caller: $0.caller, callee: $0.callee) })
        return DependenciesAnswer(
            range: window.rollupRange, complete: edges.count <= window.limit, computedFrom: .rollup,
            edges: Array(edges.prefix(window.limit)), cycles: cycles.map { DependencyCycle(services: $0.members, path: $0.path) },
            criticality: Self.criticality(table))
    }

    static func edges(_ table: RollupTable) -> [DependencyEdge] {
        var sums: [EdgeKey: (tally: Tally, client: UInt64, server: UInt64, first: Int64, last: Int64)] = [:]
        for (key, row) in table.edges {
            var anyMinute = key
            anyMinute.minute = 0
            var sum = sums[anyMinute] ?? (Tally(), 0, 0, key.minute, key.minute)
            sum.tally.add(row)
            sum.client &+= row.seenByClient
            sum.server &+= row.seenByServer
            sum.first = min(sum.first, key.minute)
            sum.last = max(sum.last, key.minute)
            sums[anyMinute] = sum
        }
        let edges = sums.map { key, sum in
            DependencyEdge(
                caller: key.caller, callee: key.callee, kind: String(describing: key.kind), calls: sum.tally.calls,
                errors: sum.tally.errors, totalSeconds: sum.tally.totalSeconds, p50Seconds: sum.tally.p50Seconds,
                p95Seconds: sum.tally.p95Seconds, p99Seconds: sum.tally.p99Seconds, firstSeen: time(minute: sum.first),
                lastSeen: time(minute: sum.last),
                seenBy: sum.server == 0 ? .client : sum.client == 0 ? .server : .both)
        }
        return edges.sorted { ($0.caller, $0.callee, $0.kind) < ($1.caller, $1.callee, $1.kind) }
    }

    /// For each service how many entry points use it, and which part of all requests these have.
    private static func criticality(_ table: RollupTable) -> [ServiceCriticality] {
        var requests: [OperationIdentity: UInt64] = [:]
        for (key, row) in table.operations where row.rootCalls > 0 {
            requests[OperationIdentity(service: key.service, operation: key.operation), default: 0] &+= row.rootCalls
        }
        let total = requests.values.reduce(0, &+)
        var users: [String: Set<OperationIdentity>] = [:]
        for key in table.nodes.keys {
            users[key.service, default: []].insert(OperationIdentity(service: key.entryService, operation: key.entryOperation))
        }
        let rows = users.map { service, entries in
            let reached = entries.reduce(UInt64(0)) { $0 &+ (requests[$1] ?? 0) }
            return ServiceCriticality(
                service: service, entryPoints: entries.count,
                requestShare: total == 0 ? 0 : min(1, Double(reached) / Double(total)))
        }
        return rows.sorted { ($1.requestShare, $1.entryPoints, $0.service) < ($0.requestShare, $0.entryPoints, $1.service) }
    }
}
