import Storage
import TelemetryModel

extension AnswerEngine {
    /// A caller that runs a statement this often within one call asks row by row.
    public static let nPlusOneLimit: UInt64 = 10

    /// What services ask of databases; with `service`, only what this one asks.
    public func statements(service: String?, _ request: AnswerRequest) throws -> StatementsAnswer {
        let window = try window(request)
        let table = try exampleRows(window, [.statements, .operations])
        var groups: [StatementIdentity: StatementGroup] = [:]
        for (key, row) in table.statements {
            if let service, key.callerService != service { continue }
            let identity = StatementIdentity(key)
            let caller = OperationIdentity(service: key.callerService, operation: key.callerOperation)
            groups[identity, default: StatementGroup()].add(row, from: caller)
        }
        let endpoints = Self.endpoints(table)
        let statements = groups.map { $1.summary($0, endpoints) }
            .sorted { ($1.totalSeconds, $0.fingerprint, $0.host) < ($0.totalSeconds, $1.fingerprint, $1.host) }
        return StatementsAnswer(
            range: window.rollupRange, complete: statements.count <= window.limit, computedFrom: .rollup,
            statements: Array(statements.prefix(window.limit)))
    }

    /// Calls and time of the operations by which calls enter their service.
    private static func endpoints(_ table: RollupTable) -> [OperationIdentity: Tally] {
        var tallies: [OperationIdentity: Tally] = [:]
        for (key, row) in table.operations where row.entryCalls > 0 {
            tallies[OperationIdentity(service: key.service, operation: key.operation), default: Tally()].add(row)
        }
        return tallies
    }
}

private struct StatementIdentity: Hashable {
    var system: String
    var namespace: String
    var host: String
    var fingerprint: String

    init(_ key: StatementKey) {
        system = key.system
        namespace = key.namespace
        host = key.host
        fingerprint = key.fingerprint
    }
}

/// A statement with its callers.
private struct StatementGroup {
    private var tally = Tally()
    private var maximum: UInt64 = 0
    private var callers: [OperationIdentity: (tally: Tally, maximum: UInt64)] = [:]

    mutating func add(_ row: StatementRollup, from caller: OperationIdentity) {
        tally.add(row)
        maximum = max(maximum, row.maximumPerCaller)
        var known = callers[caller] ?? (Tally(), 0)
        known.tally.add(row)
        known.maximum = max(known.maximum, row.maximumPerCaller)
        callers[caller] = known
    }

    func summary(_ key: StatementIdentity, _ endpoints: [OperationIdentity: Tally]) -> StatementSummary {
        let rows = callers.map { caller, known -> StatementCaller in
            let endpoint = endpoints[caller]
            return StatementCaller(
                service: caller.service, operation: caller.operation, calls: known.tally.calls, errors: known.tally.errors,
                callsPerRequest: Self.ratio(Double(known.tally.calls), Double(endpoint?.calls ?? 0)),
                totalSeconds: known.tally.totalSeconds, p95Seconds: known.tally.p95Seconds,
                endpointShare: Self.ratio(known.tally.totalSeconds, endpoint?.totalSeconds ?? 0),
                maximumPerRequest: known.maximum,
                nPlusOne: !caller.operation.isEmpty && known.maximum >= AnswerEngine.nPlusOneLimit)
        }
        return StatementSummary(
            system: key.system, namespace: key.namespace, host: key.host, fingerprint: key.fingerprint, calls: tally.calls,
            errors: tally.errors, totalSeconds: tally.totalSeconds, p50Seconds: tally.p50Seconds, p95Seconds: tally.p95Seconds,
            p99Seconds: tally.p99Seconds, maximumPerRequest: maximum, nPlusOne: rows.contains(where: \.nPlusOne),
            callers: rows.sorted {
                ($1.totalSeconds, $0.service, $0.operation) < ($0.totalSeconds, $1.service, $1.operation)
            }, exemplarTraceIDs: tally.exemplarTraceIDs)
    }

    private static func ratio(_ a: Double, _ b: Double) -> Double { b > 0 ? a / b : 0 }
}
