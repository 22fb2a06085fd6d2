import TelemetryModel

/// Who an instance is, as symbols of the builder's texts.
struct InstanceSymbols: Hashable {
    var service: UInt32
    var instance: UInt32
    var version: UInt32
    var hostID: UInt32
    var hostName: UInt32
    var containerID: UInt32
}

/// A ``RollupTable`` whose texts are still numbers.
struct SymbolicRollup {
    struct OperationKey: Hashable {
        var minute: Int64
        var service: UInt32
        var operation: UInt32
        var kind: SpanKind
    }

    struct EdgeKey: Hashable {
        var minute: Int64
        var caller: UInt32
        var callee: UInt32
        var kind: EdgeKind
    }

    struct StatementKey: Hashable {
        var minute: Int64
        var system: UInt32
        var namespace: UInt32
        var host: UInt32
        var fingerprint: UInt32
        var callerService: UInt32
        var callerOperation: UInt32
    }

    struct NodeKey: Hashable {
        var minute: Int64
        var entryService: UInt32
        var entryOperation: UInt32
        var service: UInt32
        var operation: UInt32
    }

    struct InstanceKey: Hashable {
        var minute: Int64
        var instance: InstanceSymbols
    }

    /// What is counted to find statements that are run again and again within one call.
    struct Execution: Hashable {
        var caller: Int32
        var fingerprint: UInt32
    }

    var operations: [OperationKey: OperationRollup] = [:]
    var edges: [EdgeKey: EdgeRollup] = [:]
    var statements: [StatementKey: StatementRollup] = [:]
    var nodes: [NodeKey: NodeRollup] = [:]
    var instances: [InstanceKey: InstanceRollup] = [:]
}

/// The texts of a rollup that is being made.
struct RollupNames {
    /// Every text of the table, once.
    var texts = SymbolTable()
    /// For each symbol of the batch: its symbol here + 1, or 0.
    private var translated: [UInt32]
    private var fingerprintOfQuery: [UInt64: UInt32] = [:]
    private var dialects: [SymbolTable.Symbol: StatementFingerprint.Dialect] = [:]
    private var buffer: [UInt8] = []

    init(_ batch: SpanBatch) {
        translated = [UInt32](repeating: 0, count: batch.symbols.count)
    }

    /// The symbol here of a symbol of the batch.
    mutating func text(_ symbol: SymbolTable.Symbol, _ batch: SpanBatch) -> UInt32 {
        let known = translated[Int(symbol)]
        if known != 0 { return known - 1 }
        let new = batch.symbols.withBytes(symbol) { texts.intern($0) }
        translated[Int(symbol)] = new + 1
        return new
    }

    /// Who produced the telemetry of a resource.
    mutating func instance(_ index: Int, _ batch: SpanBatch) -> InstanceSymbols {
        let attributes = batch.attributeList(batch.resources[index].attributes)
        func value(_ key: String) -> String { attributes[key]?.text ?? "" }
        let host = value(SemanticConventions.hostName)
        let process = value(SemanticConventions.processID)
        var instance = value(SemanticConventions.serviceInstanceID)
        if instance.isEmpty { instance = value(SemanticConventions.containerID) }
        if instance.isEmpty { instance = host.isEmpty || process.isEmpty ? host + process : "\(host):\(process)" }
        return InstanceSymbols(
            service: text(batch.resources[index].serviceName, batch), instance: texts.intern(instance),
            version: texts.intern(value(SemanticConventions.serviceVersion)),
            hostID: texts.intern(value(SemanticConventions.hostID)), hostName: texts.intern(host),
            containerID: texts.intern(value(SemanticConventions.containerID)))
    }

    /// The database's host as the span names it.
    mutating func host(_ reader: SpanFactReader, _ batch: SpanBatch) -> UInt32 {
        let symbol = reader.symbol(.serverAddress)
        return text(symbol == 0 ? reader.symbol(.networkPeerAddress) : symbol, batch)
    }

    /// The fingerprint of the statement that a span executed; where the span does not say the statement, the summary, the
    /// operation and its table, or the span's name stand for it.
    mutating func fingerprint(_ reader: SpanFactReader, _ row: SpanRow, _ batch: SpanBatch) -> UInt32 {
        let query = reader.symbol(.databaseQuery)
        if query == 0 { return texts.intern(substitute(reader, row, batch)) }
        let system = reader.symbol(.databaseSystem)
        let key = UInt64(system) << 32 | UInt64(query)
        if let known = fingerprintOfQuery[key] { return known }
        let dialect = dialects[system] ?? StatementFingerprint.Dialect(system: batch.symbols.string(system))
        dialects[system] = dialect
        batch.symbols.withBytes(query) { StatementFingerprint.fingerprint($0, dialect, into: &buffer) }
        let symbol = buffer.withUnsafeBytes { texts.intern($0) }
        fingerprintOfQuery[key] = symbol
        return symbol
    }

    private func substitute(_ reader: SpanFactReader, _ row: SpanRow, _ batch: SpanBatch) -> String {
        let summary = reader.text(.databaseSummary, batch)
        if !summary.isEmpty { return summary }
        let parts = [reader.text(.databaseOperation, batch), reader.text(.databaseCollection, batch)].filter { !$0.isEmpty }
        return parts.isEmpty ? batch.symbols.string(row.name) : parts.joined(separator: " ")
    }

    /// The table with its texts.
    func table(_ sums: SymbolicRollup) -> RollupTable {
        let strings = (0..<UInt32(texts.count)).map { texts.string($0) }
        func text(_ symbol: UInt32) -> String { strings[Int(symbol)] }
        var table = RollupTable()
        for (key, row) in sums.operations {
            let key = OperationKey(
                minute: key.minute, service: text(key.service), operation: text(key.operation), kind: key.kind)
            table.operations[key] = row
        }
        for (key, row) in sums.edges {
            table.edges[EdgeKey(minute: key.minute, caller: text(key.caller), callee: text(key.callee), kind: key.kind)] = row
        }
        for (key, row) in sums.statements {
            let key = StatementKey(
                minute: key.minute, system: text(key.system), namespace: text(key.namespace), host: text(key.host),
                fingerprint: text(key.fingerprint), callerService: text(key.callerService),
                callerOperation: text(key.callerOperation))
            table.statements[key] = row
        }
        for (key, row) in sums.nodes {
            let key = NodeKey(
                minute: key.minute, entryService: text(key.entryService), entryOperation: text(key.entryOperation),
                service: text(key.service), operation: text(key.operation))
            table.nodes[key] = row
        }
        for (key, row) in sums.instances {
            let who = key.instance
            let key = InstanceKey(
                minute: key.minute, service: text(who.service), instance: text(who.instance), version: text(who.version),
                hostID: text(who.hostID), hostName: text(who.hostName), containerID: text(who.containerID))
            table.instances[key] = row
        }
        return table
    }
}
