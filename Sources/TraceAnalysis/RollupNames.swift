import TelemetryModel

/// The texts of a rollup that is being made.
struct RollupNames {
    /// Every text of the table, once.
    var texts = SymbolTable()
    /// For each symbol of the batch: its symbol here + 1, or 0.
    private var translated: [UInt32] = []
    /// Of the batch: fingerprints by system and statement.
    private var fingerprintOfQuery: [UInt64: UInt32] = [:]
    /// Of the batch: how its systems write statements.
    private var dialects: [SymbolTable.Symbol: StatementFingerprint.Dialect] = [:]
    private var buffer: [UInt8] = []
    /// The instances by their numbers.
    private var instances: [InstanceSymbols] = []
    private var numberOfInstance: [InstanceSymbols: UInt32] = [:]

    /// Forgets what is known of the symbols of the batch before.
    mutating func begin(_ batch: SpanBatch) {
        translated.removeAll(keepingCapacity: true)
        translated.append(contentsOf: repeatElement(0, count: batch.symbols.count))
        fingerprintOfQuery.removeAll(keepingCapacity: true)
        dialects.removeAll(keepingCapacity: true)
    }

    /// The symbol here of a symbol of the batch.
    mutating func text(_ symbol: SymbolTable.Symbol, _ batch: SpanBatch) -> UInt32 {
        let known = translated[Int(symbol)]
        if known != 0 { return known - 1 }
        let new = batch.symbols.withBytes(symbol) { texts.intern($0) }
        translated[Int(symbol)] = new + 1
        return new
    }

    /// The symbol here of what the last span read says, whatever its type.
    mutating func text(_ fact: SpanFact, _ reader: SpanFactReader, _ batch: SpanBatch) -> UInt32 {
        let symbol = reader.symbol(fact)
        return symbol != 0 ? text(symbol, batch) : texts.intern(reader.text(fact, batch))
    }

    /// Who produced the telemetry of each resource, by the numbers of the instances.
    mutating func instances(_ batch: SpanBatch) -> [UInt32] {
        let reader = ResourceReader(batch)
        return batch.resources.indices.map { index in
            let who = instance(index, reader, batch)
            if let known = numberOfInstance[who] { return known }
            let number = UInt32(instances.count)
            instances.append(who)
            numberOfInstance[who] = number
            return number
        }
    }

    private mutating func instance(_ index: Int, _ reader: ResourceReader, _ batch: SpanBatch) -> InstanceSymbols {
        func value(_ key: String) -> String { reader.text(key, of: index, batch) }
        let host = value(SemanticConventions.hostName)
        let process = value(SemanticConventions.processID)
        let container = value(SemanticConventions.containerID)
        var instance = value(SemanticConventions.serviceInstanceID)
        if instance.isEmpty { instance = container }
        if instance.isEmpty { instance = host.isEmpty || process.isEmpty ? host + process : "\(host):\(process)" }
        return InstanceSymbols(
            service: text(batch.resources[index].serviceName, batch), instance: texts.intern(instance),
            version: texts.intern(value(SemanticConventions.serviceVersion)),
            hostID: texts.intern(value(SemanticConventions.hostID)), hostName: texts.intern(host),
            containerID: texts.intern(container))
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
        for (key, row) in zip(sums.operations.keys, sums.operations.rows) {
            let key = OperationKey(
                minute: key.minute, service: text(key.service), operation: text(key.operation), kind: key.kind)
            table.operations[key] = row
        }
        for (key, row) in zip(sums.edges.keys, sums.edges.rows) {
            table.edges[EdgeKey(minute: key.minute, caller: text(key.caller), callee: text(key.callee), kind: key.kind)] = row
        }
        for (key, row) in zip(sums.statements.keys, sums.statements.rows) {
            let key = StatementKey(
                minute: key.minute, system: text(key.system), namespace: text(key.namespace), host: text(key.host),
                fingerprint: text(key.fingerprint), callerService: text(key.callerService),
                callerOperation: text(key.callerOperation))
            table.statements[key] = row
        }
        for (key, row) in zip(sums.nodes.keys, sums.nodes.rows) {
            let key = NodeKey(
                minute: key.minute, entryService: text(key.entryService), entryOperation: text(key.entryOperation),
                service: text(key.service), operation: text(key.operation))
            table.nodes[key] = row
        }
        for (key, row) in zip(sums.instances.keys, sums.instances.rows) {
            let who = instances[Int(key.instance)]
            let key = InstanceKey(
                minute: key.minute, service: text(who.service), instance: text(who.instance), version: text(who.version),
                hostID: text(who.hostID), hostName: text(who.hostName), containerID: text(who.containerID))
            table.instances[key] = row
        }
        return table
    }
}

/// Reads attributes of the resources of a batch.
private struct ResourceReader {
    private let symbolOfKey: [String: SymbolTable.Symbol]

    private static let keys = [
        SemanticConventions.hostName, SemanticConventions.processID, SemanticConventions.containerID,
        SemanticConventions.serviceInstanceID, SemanticConventions.serviceVersion, SemanticConventions.hostID,
    ]

    init(_ batch: SpanBatch) {
        var symbols: [String: SymbolTable.Symbol] = [:]
        for key in Self.keys { symbols[key] = batch.symbols.find(key) }
        symbolOfKey = symbols
    }

    /// Whatever a resource says as text, or "".
    func text(_ key: String, of resource: Int, _ batch: SpanBatch) -> String {
        guard let symbol = symbolOfKey[key], let row = batch.attribute(symbol, in: batch.resources[resource].attributes)
        else { return "" }
        return AttributeValueCoding.value(row, batch.symbols).text
    }
}
