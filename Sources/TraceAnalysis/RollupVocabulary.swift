import TelemetryModel

/// Which names have rows of their own in rollups: the first ``operationLimit`` operations of each service and the first
/// ``fingerprintLimit`` statements that came. Everything else counts under ``RollupTable/other``.
///
/// A name keeps the place that it got, so that what counts a trace and what takes it back later agree.
public struct RollupVocabulary: Sendable {
    /// How many operations of one service have rows of their own.
    public static let operationLimit = 1000
    /// How many statements have rows of their own.
    public static let fingerprintLimit = 5000

    private var operations: [String: Set<String>] = [:]
    private var fingerprints: Set<String> = []

    /// No names.
    public init() {}

    /// Gives the names of a table their places, as long as there are some.
    public mutating func learn(_ table: RollupTable) {
        for key in table.operations.keys { _ = name(key.operation, of: key.service) }
        for key in table.statements.keys { _ = name(statement: key.fingerprint) }
    }

    /// The table with the names that have no place counted under "other". Names that are new get places first.
    public mutating func bounded(_ table: RollupTable) -> RollupTable {
        // In order, so that the same table gets the same places whatever the seed of its dictionaries.
        if hasNew(table) {
            for key in table.operations.keys.sorted(by: { ($0.service, $0.operation) < ($1.service, $1.operation) }) {
                _ = name(key.operation, of: key.service)
            }
            for fingerprint in Set(table.statements.keys.map(\.fingerprint)).sorted() { _ = name(statement: fingerprint) }
        }
        if isWithin(table) { return table }
        var result = RollupTable()
        for (var key, row) in table.operations {
            key.operation = name(key.operation, of: key.service)
            result.operations[key, default: OperationRollup()].merge(row)
        }
        for (var key, row) in table.statements {
            key.fingerprint = name(statement: key.fingerprint)
            if !key.callerOperation.isEmpty { key.callerOperation = name(key.callerOperation, of: key.callerService) }
            result.statements[key, default: StatementRollup()].merge(row)
        }
        for (var key, row) in table.nodes {
            key.entryOperation = name(key.entryOperation, of: key.entryService)
            key.operation = name(key.operation, of: key.service)
            result.nodes[key, default: NodeRollup()].merge(row)
        }
        result.edges = table.edges
        result.instances = table.instances
        return result
    }

    private func hasNew(_ table: RollupTable) -> Bool {
        table.operations.keys.contains { operations[$0.service]?.contains($0.operation) != true }
            || table.statements.keys.contains { !fingerprints.contains($0.fingerprint) }
    }

    /// Whether every name of the table has its place.
    private func isWithin(_ table: RollupTable) -> Bool {
        func knows(_ operation: String, _ service: String) -> Bool { operations[service]?.contains(operation) == true }
        return table.operations.keys.allSatisfy { knows($0.operation, $0.service) }
            && table.statements.keys.allSatisfy {
                fingerprints.contains($0.fingerprint) && ($0.callerOperation.isEmpty || knows($0.callerOperation, $0.callerService))
            } && table.nodes.keys.allSatisfy { knows($0.operation, $0.service) && knows($0.entryOperation, $0.entryService) }
    }

    private mutating func name(_ operation: String, of service: String) -> String {
        if operation == RollupTable.other || operations[service]?.contains(operation) == true { return operation }
        if operations[service, default: []].count >= Self.operationLimit { return RollupTable.other }
        operations[service, default: []].insert(operation)
        return operation
    }

    private mutating func name(statement fingerprint: String) -> String {
        if fingerprint == RollupTable.other || fingerprints.contains(fingerprint) { return fingerprint }
        if fingerprints.count >= Self.fingerprintLimit { return RollupTable.other }
        fingerprints.insert(fingerprint)
        return fingerprint
    }
}
