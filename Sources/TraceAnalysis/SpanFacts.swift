import TelemetryModel

/// What a span says about itself that analysis gives a meaning to, under current and older names.
enum SpanFact: Int, CaseIterable {
    case databaseSystem, databaseNamespace, databaseQuery, databaseSummary, databaseOperation, databaseCollection
    case serverAddress, networkPeerAddress, peerService, statusCode, messagingSystem, messagingDestination, url

    /// The attribute names, the most telling first.
    var names: [String] {
        switch self {
        case .databaseSystem: SemanticConventions.databaseSystem
        case .databaseNamespace: SemanticConventions.databaseNamespace
        case .databaseQuery: SemanticConventions.databaseQuery
        case .databaseSummary: SemanticConventions.databaseSummary
        case .databaseOperation: SemanticConventions.databaseOperation
        case .databaseCollection: SemanticConventions.databaseCollection
        case .serverAddress: SemanticConventions.serverAddress
        case .networkPeerAddress: SemanticConventions.networkPeerAddress
        case .peerService: SemanticConventions.peerService
        case .statusCode: SemanticConventions.httpStatusCode
        case .messagingSystem: SemanticConventions.messagingSystem
        case .messagingDestination: SemanticConventions.messagingDestination
        case .url: SemanticConventions.httpURL
        }
    }
}

/// Reads the facts of the spans of one batch. The names are looked up once; a span costs one step an attribute.
struct SpanFactReader {
    /// For each symbol of the batch: 0, or 1 + fact * 8 + rank of the name.
    private var roles: [UInt8]
    private var found: [AttributeRow?]
    private var ranks: [UInt8]

    init(_ batch: SpanBatch) {
        roles = [UInt8](repeating: 0, count: batch.symbols.count)
        found = [AttributeRow?](repeating: nil, count: SpanFact.allCases.count)
        ranks = [UInt8](repeating: 0, count: SpanFact.allCases.count)
        for fact in SpanFact.allCases {
            for (rank, name) in fact.names.enumerated() {
                guard let symbol = batch.symbols.find(name), roles[Int(symbol)] == 0 else { continue }
                roles[Int(symbol)] = UInt8(1 + fact.rawValue * 8 + rank)
            }
        }
    }

    /// Reads a span; what the one before said is forgotten.
    mutating func read(_ batch: SpanBatch, _ row: SpanRow) {
        for fact in found.indices { found[fact] = nil }
        for index in row.attributes.indices {
            let attribute = batch.attributes[index]
            let role = roles[Int(attribute.key)]
            if role == 0 { continue }
            let fact = Int((role &- 1) / 8)
            let rank = (role &- 1) % 8
            if found[fact] != nil, ranks[fact] <= rank { continue }
            found[fact] = attribute
            ranks[fact] = rank
        }
    }

    /// Whether the last span read says this at all.
    func has(_ fact: SpanFact) -> Bool { found[fact.rawValue] != nil }

    /// The symbol of a text, or 0 when the span does not say it or says it as something else.
    func symbol(_ fact: SpanFact) -> SymbolTable.Symbol {
        guard let row = found[fact.rawValue], row.type == .string else { return 0 }
        return SymbolTable.Symbol(truncatingIfNeeded: row.payload)
    }

    /// Whatever the span says as text, or "".
    func text(_ fact: SpanFact, _ batch: SpanBatch) -> String {
        guard let row = found[fact.rawValue] else { return "" }
        return AttributeValueCoding.value(row, batch.symbols).text
    }

    /// 1 to 5 for an HTTP status code of 100 to 599, else 0; of any span, whichever was read last.
    func statusClass(_ batch: SpanBatch, _ span: SpanRow) -> Int {
        let base = UInt8(1 + SpanFact.statusCode.rawValue * 8)
        var best: (rank: UInt8, row: AttributeRow)?
        for index in span.attributes.indices {
            let row = batch.attributes[index]
            let role = roles[Int(row.key)]
            guard role >= base, role < base + 8, best.map({ role - base < $0.rank }) ?? true else { continue }
            best = (role - base, row)
        }
        return best.map { Self.statusClass($0.row, batch) } ?? 0
    }

    private static func statusClass(_ row: AttributeRow, _ batch: SpanBatch) -> Int {
        let code: Int64?
        switch row.type {
        case .int: code = Int64(bitPattern: row.payload)
        case .string: code = Int64(batch.symbols.string(SymbolTable.Symbol(truncatingIfNeeded: row.payload)))
        default: code = nil
        }
        guard let code, code >= 100, code < 600 else { return 0 }
        return Int(code / 100)
    }
}
