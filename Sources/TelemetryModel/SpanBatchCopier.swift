/// Copies rows from one batch into another and translates their symbols, resources and scopes, each once.
///
/// The translation belongs to one source batch; make a new copier for the next one.
public struct SpanBatchCopier {
    private var symbols: [SymbolTable.Symbol?]
    private var resources: [UInt32?]
    private var scopes: [UInt32?]

    /// Prepares to copy rows of `source`.
    public init(from source: SpanBatch) {
        symbols = Array(repeating: nil, count: source.symbols.count)
        resources = Array(repeating: nil, count: source.resources.count)
        scopes = Array(repeating: nil, count: source.scopes.count)
    }

    /// Appends row `index` of `source`, which must be the batch that this copier was made for, to `target`.
    public mutating func copy(_ index: Int, of source: SpanBatch, to target: inout SpanBatch) {
        var row = source.rows[index]
        row.resource = resource(row.resource, source, &target)
        row.scope = scope(row.scope, source, &target)
        row.name = symbol(row.name, source, &target)
        row.statusMessage = symbol(row.statusMessage, source, &target)
        row.traceState = symbol(row.traceState, source, &target)
        row.attributes = attributes(row.attributes, source, &target)
        row.events = events(row.events, source, &target)
        row.links = links(row.links, source, &target)
        target.rows.append(row)
    }

    private mutating func symbol(
        _ symbol: SymbolTable.Symbol, _ source: SpanBatch, _ target: inout SpanBatch
    )
        -> SymbolTable.Symbol
    {
        if let known = symbols[Int(symbol)] { return known }
        let new = source.symbols.withBytes(symbol) { target.symbols.intern($0) }
        symbols[Int(symbol)] = new
        return new
    }

    private mutating func attributes(_ range: RowRange, _ source: SpanBatch, _ target: inout SpanBatch) -> RowRange {
        let start = target.attributes.count
        for index in range.indices {
            var row = source.attributes[index]
            row.key = symbol(row.key, source, &target)
            switch row.type {
            case .string, .bytes, .composite:
                row.payload = UInt64(symbol(SymbolTable.Symbol(row.payload), source, &target))
            case .empty, .bool, .int, .double: break
            }
            target.attributes.append(row)
        }
        return RowRange(start: UInt32(start), count: range.count)
    }

    private mutating func resource(_ index: UInt32, _ source: SpanBatch, _ target: inout SpanBatch) -> UInt32 {
        if let known = resources[Int(index)] { return known }
        var row = source.resources[Int(index)]
        row.attributes = attributes(row.attributes, source, &target)
        row.schemaURL = symbol(row.schemaURL, source, &target)
        row.serviceName = symbol(row.serviceName, source, &target)
        target.resources.append(row)
        let new = UInt32(target.resources.count - 1)
        resources[Int(index)] = new
        return new
    }

    private mutating func scope(_ index: UInt32, _ source: SpanBatch, _ target: inout SpanBatch) -> UInt32 {
        if let known = scopes[Int(index)] { return known }
        var row = source.scopes[Int(index)]
        row.name = symbol(row.name, source, &target)
        row.version = symbol(row.version, source, &target)
        row.attributes = attributes(row.attributes, source, &target)
        row.schemaURL = symbol(row.schemaURL, source, &target)
        target.scopes.append(row)
        let new = UInt32(target.scopes.count - 1)
        scopes[Int(index)] = new
        return new
    }

    private mutating func events(_ range: RowRange, _ source: SpanBatch, _ target: inout SpanBatch) -> RowRange {
        var rows: [EventRow] = []
        rows.reserveCapacity(Int(range.count))
        for index in range.indices {
            var row = source.events[index]
            row.name = symbol(row.name, source, &target)
            row.attributes = attributes(row.attributes, source, &target)
            rows.append(row)
        }
        let start = target.events.count
        target.events.append(contentsOf: rows)
        return RowRange(start: UInt32(start), count: range.count)
    }

    private mutating func links(_ range: RowRange, _ source: SpanBatch, _ target: inout SpanBatch) -> RowRange {
        var rows: [LinkRow] = []
        rows.reserveCapacity(Int(range.count))
        for index in range.indices {
            var row = source.links[index]
            row.traceState = symbol(row.traceState, source, &target)
            row.attributes = attributes(row.attributes, source, &target)
            rows.append(row)
        }
        let start = target.links.count
        target.links.append(contentsOf: rows)
        return RowRange(start: UInt32(start), count: range.count)
    }
}

extension SpanBatch {
    /// Appends every row of `other`.
    public mutating func append(contentsOf other: SpanBatch) { append(rows: other.rows.indices, of: other) }

    /// Appends some rows of `other`, in the order given.
    public mutating func append(rows indices: some Sequence<Int>, of other: SpanBatch) {
        var copier = SpanBatchCopier(from: other)
        for index in indices { copier.copy(index, of: other, to: &self) }
    }
}
