/// Copies rows from one batch into another and translates their symbols, resources and scopes, each once.
///
/// The translation belongs to one source and one target; make a new copier for others.
public struct SpanBatchCopier {
    private let source: SpanBatch
    /// What each symbol of the source has become + 1, or 0.
    private var symbols: [UInt32]
    private var resources: [UInt32?]
    private var scopes: [UInt32?]

    /// Prepares to copy rows of `source`.
    public init(from source: SpanBatch) {
        self.source = source
        symbols = Array(repeating: 0, count: source.symbols.count)
        resources = Array(repeating: nil, count: source.resources.count)
        scopes = Array(repeating: nil, count: source.scopes.count)
    }

    /// Appends row `index` of the source to `target`.
    public mutating func copy(_ index: Int, to target: inout SpanBatch) {
        var row = source.rows[index]
        row.resource = resource(row.resource, &target)
        row.scope = scope(row.scope, &target)
        row.name = symbol(row.name, &target)
        row.statusMessage = symbol(row.statusMessage, &target)
        row.traceState = symbol(row.traceState, &target)
        row.attributes = attributes(row.attributes, &target)
        row.events = events(row.events, &target)
        row.links = links(row.links, &target)
        target.rows.append(row)
    }

    @inline(__always)
    private mutating func symbol(_ symbol: SymbolTable.Symbol, _ target: inout SpanBatch) -> SymbolTable.Symbol {
        let known = symbols[Int(symbol)]
        return known != 0 ? known &- 1 : newSymbol(symbol, &target)
    }

    private mutating func newSymbol(_ symbol: SymbolTable.Symbol, _ target: inout SpanBatch) -> SymbolTable.Symbol {
        let new = target.symbols.intern(symbol, of: source.symbols)
        symbols[Int(symbol)] = new + 1
        return new
    }

    private mutating func attributes(_ range: RowRange, _ target: inout SpanBatch) -> RowRange {
        let start = target.attributes.count
        for index in range.indices {
            var row = source.attributes[index]
            row.key = symbol(row.key, &target)
            switch row.type {
            case .string, .bytes, .composite:
                row.payload = UInt64(symbol(SymbolTable.Symbol(row.payload), &target))
            case .empty, .bool, .int, .double: break
            }
            target.attributes.append(row)
        }
        return RowRange(start: UInt32(start), count: range.count)
    }

    private mutating func resource(_ index: UInt32, _ target: inout SpanBatch) -> UInt32 {
        if let known = resources[Int(index)] { return known }
        var row = source.resources[Int(index)]
        row.attributes = attributes(row.attributes, &target)
        row.schemaURL = symbol(row.schemaURL, &target)
        row.serviceName = symbol(row.serviceName, &target)
        target.resources.append(row)
        let new = UInt32(target.resources.count - 1)
        resources[Int(index)] = new
        return new
    }

    private mutating func scope(_ index: UInt32, _ target: inout SpanBatch) -> UInt32 {
        if let known = scopes[Int(index)] { return known }
        var row = source.scopes[Int(index)]
        row.name = symbol(row.name, &target)
        row.version = symbol(row.version, &target)
        row.attributes = attributes(row.attributes, &target)
        row.schemaURL = symbol(row.schemaURL, &target)
        target.scopes.append(row)
        let new = UInt32(target.scopes.count - 1)
        scopes[Int(index)] = new
        return new
    }

    private mutating func events(_ range: RowRange, _ target: inout SpanBatch) -> RowRange {
        if range.count == 0 { return RowRange(start: UInt32(target.events.count), count: 0) }
        var rows: [EventRow] = []
        rows.reserveCapacity(Int(range.count))
        for index in range.indices {
            var row = source.events[index]
            row.name = symbol(row.name, &target)
            row.attributes = attributes(row.attributes, &target)
            rows.append(row)
        }
        let start = target.events.count
        target.events.append(contentsOf: rows)
        return RowRange(start: UInt32(start), count: range.count)
    }

    private mutating func links(_ range: RowRange, _ target: inout SpanBatch) -> RowRange {
        if range.count == 0 { return RowRange(start: UInt32(target.links.count), count: 0) }
        var rows: [LinkRow] = []
        rows.reserveCapacity(Int(range.count))
        for index in range.indices {
            var row = source.links[index]
            row.traceState = symbol(row.traceState, &target)
            row.attributes = attributes(row.attributes, &target)
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
        for index in indices { copier.copy(index, to: &self) }
    }
}
