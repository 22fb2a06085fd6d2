import TelemetryModel
import TraceAnalysis

/// Adds up spans by host, client, or the value of an attribute, by looking at each of them.
struct AttributeScan {
    /// Values beyond this are not counted, and the answer says that it is not complete.
    static let valueLimit = 100_000

    private(set) var isCut = false
    private let question: TopQuestion
    private let keys: [String]
    private let label: String
    private var groups: [Group] = []
    private var groupOfValue: [String: Int] = [:]
    private var totalCritical: UInt64 = 0

    private struct Group {
        var value: String
        var tally = Tally()
        var share = Share()
    }

    init(_ question: TopQuestion) {
        self.question = question
        switch question.of {
        case .host: (keys, label) = ([SemanticConventions.hostName, SemanticConventions.hostID], "host")
        case .client: (keys, label) = (SemanticConventions.clientAddress, "client")
        case .attribute(let key): (keys, label) = ([key], key)
        case .operation, .endpoint, .service, .statement: (keys, label) = ([], "")
        }
    }

    /// Adds the spans of whole traces.
    mutating func add(_ batch: SpanBatch) {
        let symbols = keys.compactMap { batch.symbols.find($0) }
        let service = question.service.map { batch.symbols.find($0) }
        let times = SpanTimes(batch)
        for time in times.criticalNanoseconds { totalCritical &+= time }
        if symbols.isEmpty { return }
        var known: [AttributeRow: Int] = [:]
        let ofResource = batch.resources.map { Self.first(symbols, in: $0.attributes, batch) }
        for (index, row) in batch.rows.enumerated() {
            if let service, batch.resources[Int(row.resource)].serviceName != service { continue }
            if question.of == .client, row.kind != .server { continue }
            let own = question.of == .host ? nil : Self.first(symbols, in: row.attributes, batch)
            let inherited = question.of == .client ? nil : ofResource[Int(row.resource)]
            guard let attribute = own ?? inherited, let group = group(attribute, batch, &known) else { continue }
            groups[group].tally.add(span: row)
            groups[group].share.selfNanoseconds &+= times.selfNanoseconds[index]
            groups[group].share.criticalNanoseconds &+= times.criticalNanoseconds[index]
        }
    }

    private static func first(_ keys: [SymbolTable.Symbol], in range: RowRange, _ batch: SpanBatch) -> AttributeRow? {
        for key in keys {
            if let row = batch.attribute(key, in: range) { return row }
        }
        return nil
    }

    private mutating func group(_ attribute: AttributeRow, _ batch: SpanBatch, _ known: inout [AttributeRow: Int]) -> Int? {
        if let group = known[attribute] { return group }
        let value = AttributeValueCoding.value(attribute, batch.symbols).text
        if let group = groupOfValue[value] {
            known[attribute] = group
            return group
        }
        guard groups.count < Self.valueLimit else {
            isCut = true
            return nil
        }
        groups.append(Group(value: value))
        groupOfValue[value] = groups.count - 1
        known[attribute] = groups.count - 1
        return groups.count - 1
    }

    /// A row for each value.
    func rows() -> [TopEntry] {
        groups.map { TopEntry([label: $0.value], $0.tally, $0.share, totalCritical: totalCritical) }
    }
}
