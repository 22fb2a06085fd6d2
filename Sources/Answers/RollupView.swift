import TelemetryModel

/// A service and one of its operations.
struct OperationIdentity: Hashable, Comparable {
    var service: String
    var operation: String

    static func < (a: OperationIdentity, b: OperationIdentity) -> Bool { (a.service, a.operation) < (b.service, b.operation) }
}

/// Self time and time on critical paths of an operation.
struct Share {
    var selfNanoseconds: UInt64 = 0
    var criticalNanoseconds: UInt64 = 0
}

/// Sums over all minutes of a table, by what questions ask for.
struct RollupView {
    let table: RollupTable

    init(_ table: RollupTable) { self.table = table }

    /// Whether calls enter the service with spans of this row. What a service does on its own, as a job, counts when
    /// its spans begin traces.
    static func isEntry(_ key: OperationKey, _ row: OperationRollup) -> Bool {
        key.kind == .server || key.kind == .consumer || row.rootCalls > 0
    }

    /// The calls that enter each service. A service of which only spans with another caller are known counts with all.
    func entriesByService() -> [String: Tally] {
        var entries: [String: Tally] = [:]
        var all: [String: Tally] = [:]
        for (key, row) in table.operations {
            if Self.isEntry(key, row) { entries[key.service, default: Tally()].add(row) }
            all[key.service, default: Tally()].add(row)
        }
        return all.merging(entries) { $1 }
    }

    /// Self and critical time by operation.
    func shares() -> (byOperation: [OperationIdentity: Share], totalCritical: UInt64) {
        var shares: [OperationIdentity: Share] = [:]
        var total: UInt64 = 0
        for (key, row) in table.nodes {
            shares[OperationIdentity(service: key.service, operation: key.operation), default: Share()].add(row)
            total &+= row.criticalNanoseconds
        }
        return (shares, total)
    }

    /// Self and critical time by service.
    func sharesByService() -> [String: Share] {
        var shares: [String: Share] = [:]
        for (key, row) in table.nodes { shares[key.service, default: Share()].add(row) }
        return shares
    }
}

extension Share {
    mutating func add(_ row: NodeRollup) {
        selfNanoseconds &+= row.selfNanoseconds
        criticalNanoseconds &+= row.criticalNanoseconds
    }

    /// The part of `total` that was on the critical path; 0 when there is none.
    func criticalShare(of total: UInt64) -> Double {
        total == 0 ? 0 : Double(criticalNanoseconds) / Double(total)
    }
}
