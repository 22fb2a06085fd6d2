import Storage
import TelemetryModel

/// The span conditions of a ``TraceQuery`` prepared for one batch: texts are looked up in its symbol table once, so that
/// most rows are decided by comparing numbers, and a batch without the texts by none.
struct SpanMatcher {
    private struct Tag {
        var key: UInt32?
        var value: String
        /// The value as it stands in string attributes, or nil when no string of the batch has it.
        var symbol: UInt32?
        var isError: Bool
    }

    private let batch: SpanBatch
    private let query: TraceQuery
    /// For each resource whether it is of the service.
    private var isOfService: [Bool] = []
    private var operation: UInt32?
    private var tags: [Tag] = []
    private var keys: [(symbol: UInt32?, isError: Bool)] = []
    /// Whether no row can match.
    private(set) var matchesNothing = false
    /// What is known of the attributes of each resource: for each condition, whether it holds there.
    private var resourceTags: [[Bool]] = []
    private var scopeTags: [[Bool]] = []

    init(_ query: TraceQuery, _ batch: SpanBatch) {
        self.query = query
        self.batch = batch
        if let name = query.service {
            let service = batch.symbols.find(name)
            isOfService = batch.resources.map { $0.serviceName == service }
            if !isOfService.contains(true) { matchesNothing = true }
        }
        if let name = query.operation {
            operation = batch.symbols.find(name)
            if operation == nil { matchesNothing = true }
        }
        for (key, value) in query.tags {
            let tag = Tag(
                key: batch.symbols.find(key), value: value, symbol: batch.symbols.find(value),
                isError: key == "error" && value == "true")
            if tag.key == nil, !tag.isError { matchesNothing = true }
            tags.append(tag)
        }
        for key in query.keys {
            let symbol = batch.symbols.find(key)
            if symbol == nil, key != "error" { matchesNothing = true }
            keys.append((symbol, key == "error"))
        }
        if matchesNothing || (tags.isEmpty && keys.isEmpty) { return }
        resourceTags = batch.resources.map { conditions($0.attributes) }
        scopeTags = batch.scopes.map { conditions($0.attributes) }
    }

    /// The parts of spans that deciding on a query needs, their starts included.
    static func projection(_ query: TraceQuery) -> SpanProjection {
        var columns: SpanProjection.Columns = .starts
        if query.service != nil { columns.insert(.services) }
        if query.operation != nil { columns.insert(.names) }
        if query.kind != nil { columns.insert(.kinds) }
        if query.minimumDuration != nil || query.maximumDuration != nil { columns.insert(.durations) }
        let keys = query.tags.map(\.key) + query.keys
        if !keys.isEmpty { columns.formUnion([.kinds, .resources, .scopes, .attributes, .events, .links]) }
        return SpanProjection(columns, attributeKeys: keys)
    }

    /// Whether all conditions hold together on this row.
    func matches(_ row: SpanRow) -> Bool {
        if matchesNothing { return false }
        if let operation, row.name != operation { return false }
        if !isOfService.isEmpty, !isOfService[Int(row.resource)] { return false }
        if let kind = query.kind, row.kind != kind { return false }
        if let least = query.minimumDuration, row.duration < least { return false }
        if let most = query.maximumDuration, row.duration > most { return false }
        for index in tags.indices where !holds(tag: index, row) { return false }
        for index in keys.indices where !holds(key: index, row) { return false }
        return true
    }

    private func holds(tag index: Int, _ row: SpanRow) -> Bool {
        let tag = tags[index]
        if tag.isError, row.status == .error { return true }
        if resourceTags[Int(row.resource)][index] || scopeTags[Int(row.scope)][index] { return true }
        if has(tag, row.attributes) { return true }
        for event in row.events.indices where has(tag, batch.events[event].attributes) { return true }
        for link in row.links.indices where has(tag, batch.links[link].attributes) { return true }
        return false
    }

    private func holds(key index: Int, _ row: SpanRow) -> Bool {
        let key = keys[index]
        if key.isError, row.status == .error { return true }
        let place = tags.count + index
        if resourceTags[Int(row.resource)][place] || scopeTags[Int(row.scope)][place] { return true }
        guard let symbol = key.symbol else { return false }
        if batch.attribute(symbol, in: row.attributes) != nil { return true }
        for event in row.events.indices {
            if batch.events[event].name == symbol || batch.attribute(symbol, in: batch.events[event].attributes) != nil {
                return true
            }
        }
        for link in row.links.indices where batch.attribute(symbol, in: batch.links[link].attributes) != nil { return true }
        return false
    }

    private func conditions(_ range: RowRange) -> [Bool] {
        tags.map { has($0, range) }
            + keys.map { key in key.symbol.map { batch.attribute($0, in: range) != nil } ?? false }
    }

    private func has(_ tag: Tag, _ range: RowRange) -> Bool {
        guard let key = tag.key else { return false }
        for index in range.indices where batch.attributes[index].key == key {
            let row = batch.attributes[index]
            if row.type == .string {
                if let symbol = tag.symbol, row.payload == UInt64(symbol) { return true }
            } else if AttributeValueCoding.value(row, batch.symbols).text == tag.value {
                return true
            }
        }
        return false
    }
}
