import Storage
import TelemetryModel
import TraceAnalysis

/// Adds up spans by host, client, or the value of an attribute, by looking at each of them.
///
/// What is not asked for is not read: times of their own and on critical paths need the tree of every trace, which costs
/// many times what adding up does, so they are known only when rows are sorted by one of them.
struct AttributeScan {
    /// Values beyond this are not counted, and the answer says that it is not complete.
    static let valueLimit = 100_000

    private(set) var isCut = false
    private let question: TopQuestion
    private let keys: [String]
    private let label: String
    /// Whether times of their own and on critical paths are wanted.
    private let needsTimes: Bool
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
        needsTimes = question.by == .self || question.by == .critical
        switch question.of {
        case .host: (keys, label) = ([SemanticConventions.hostName, SemanticConventions.hostID], "host")
        case .client: (keys, label) = (SemanticConventions.clientAddress, "client")
        case .attribute(let key): (keys, label) = ([key], key)
        case .operation, .endpoint, .service, .statement: (keys, label) = ([], "")
        }
    }

    /// The parts of spans that are looked at.
    var projection: SpanProjection {
        var columns: SpanProjection.Columns = [.durations, .kinds]
        if question.of != .client { columns.insert(.resources) }
        if question.service != nil { columns.insert(.services) }
        if question.of != .host { columns.insert(.attributes) }
        if needsTimes { columns.formUnion([.spanIDs, .parents, .starts, .names, .resources]) }
        return SpanProjection(columns, attributeKeys: keys)
    }

    /// Adds the spans of whole traces.
    mutating func add(_ batch: SpanBatch) {
        let times = needsTimes ? SpanTimes(batch) : nil
        for time in times?.criticalNanoseconds ?? [] { totalCritical &+= time }
        let symbols = keys.compactMap { batch.symbols.find($0) }
        if symbols.isEmpty { return }
        var service: SymbolTable.Symbol?
        if let name = question.service {
            service = batch.symbols.find(name)
            if service == nil { return }
        }
        var groupsOfBatch = GroupsOfBatch(symbolCount: batch.symbols.count)
        let inherited = batch.resources.map { resource in
            question.of == .client ? nil : Self.first(symbols, in: resource.attributes, batch)
        }
        for (index, row) in batch.rows.enumerated() {
            if let service, batch.resources[Int(row.resource)].serviceName != service { continue }
            if question.of == .client, row.kind != .server { continue }
            let own = question.of == .host ? nil : Self.first(symbols, in: row.attributes, batch)
            guard let attribute = own ?? inherited[Int(row.resource)], let group = group(attribute, batch, &groupsOfBatch)
            else { continue }
            groups[group].tally.add(span: row)
            if let times {
                groups[group].share.selfNanoseconds &+= times.selfNanoseconds[index]
                groups[group].share.criticalNanoseconds &+= times.criticalNanoseconds[index]
            }
        }
    }

    private static func first(_ keys: [SymbolTable.Symbol], in range: RowRange, _ batch: SpanBatch) -> AttributeRow? {
        if range.count == 0 { return nil }
        for key in keys {
            if let row = batch.attribute(key, in: range) { return row }
        }
        return nil
    }

    /// The groups of the values that one batch has shown: of texts by symbol, of others by value.
    private struct GroupsOfBatch {
        /// Group + 1, or 0 for a text that has not come yet.
        var ofSymbols: [Int32]
        var ofOthers: [AttributeRow: Int] = [:]

        init(symbolCount: Int) { ofSymbols = [Int32](repeating: 0, count: symbolCount) }

        subscript(attribute: AttributeRow) -> Int? {
            get {
                guard attribute.type == .string else { return ofOthers[attribute] }
                let group = ofSymbols[Int(attribute.payload)]
                return group == 0 ? nil : Int(group - 1)
            }
            set {
                guard let newValue else { return }
                if attribute.type == .string {
                    ofSymbols[Int(attribute.payload)] = Int32(newValue + 1)
                } else {
                    ofOthers[attribute] = newValue
                }
            }
        }
    }

    private mutating func group(_ attribute: AttributeRow, _ batch: SpanBatch, _ known: inout GroupsOfBatch) -> Int? {
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
        groups.map {
            TopEntry(
                [label: $0.value], $0.tally, needsTimes ? $0.share : nil, totalCritical: needsTimes ? totalCritical : nil)
        }
    }
}
