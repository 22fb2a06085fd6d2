import Storage
import TelemetryModel
import TraceAnalysis

extension AnswerEngine {
    /// Who calls whom, which services depend on themselves, and how much depends on each.
    public func dependencies(_ request: AnswerRequest) throws -> DependenciesAnswer {
        let window = try window(request)
        let table = try sums(window, [.edges, .operations, .nodes])
        let edges = Self.edges(table)
        let cycles = DependencyCycles.cycles(edges.map { (caller: $0.caller, callee: $0.callee) })
        return DependenciesAnswer(
            range: window.rollupRange, complete: edges.count <= window.limit, computedFrom: .rollup,
            edges: Array(edges.prefix(window.limit)), cycles: cycles.map { DependencyCycle(services: $0.members, path: $0.path) },
            criticality: Self.criticality(table))
    }

    /// The edges of a table without minutes.
    static func edges(_ table: RollupTable) -> [DependencyEdge] {
        let edges = table.edges.map { key, row in
            var tally = Tally()
            tally.add(row)
            return DependencyEdge(
                caller: key.caller, callee: key.callee, kind: String(describing: key.kind), calls: tally.calls,
                errors: tally.errors, totalSeconds: tally.totalSeconds, p50Seconds: tally.p50Seconds,
                p95Seconds: tally.p95Seconds, p99Seconds: tally.p99Seconds, firstSeen: time(minute: row.firstMinute),
                lastSeen: time(minute: row.lastMinute),
                seenBy: row.seenByServer == 0 ? .client : row.seenByClient == 0 ? .server : .both)
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
