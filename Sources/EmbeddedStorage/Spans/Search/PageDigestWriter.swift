import ByteCoding
import Storage
import TelemetryModel

/// Collects, page by page, what lets a search pass over a page without reading it, and writes it as the section `digests`
/// of a block; see ``PageDigests`` for what it says.
struct PageDigestWriter {
    private struct Operation: Hashable {
        var service: SymbolTable.Symbol
        var name: SymbolTable.Symbol
        var kind: SpanKind
    }

    /// What the spans of one operation on one page come to.
    private struct Extremes {
        var operation: Operation
        var duration: UInt16 = 0
        var hasError = false
        /// The next operation of the same name, as an index + 1; 0 for none.
        var next = 0
    }

    private struct Pair: Hashable {
        var key: SymbolTable.Symbol
        var value: UInt64
    }

    private var texts = SymbolTable()
    private var operations: [Operation: UInt32] = [:]
    private var operationOrder: [Operation] = []
    private var keys: [SymbolTable.Symbol: UInt32] = [:]
    private var keyOrder: [SymbolTable.Symbol] = []
    private var pages = ByteWriter()
    private var pageCount = 0

    /// Takes in the next page.
    mutating func add(_ page: SpanBatch) {
        pageCount += 1
        addOperations(page)
        addKeys(page)
        addValues(page)
    }

    /// The bytes of the section.
    func finish() -> [UInt8] {
        var writer = ByteWriter(capacity: pages.bytes.count + texts.byteCount + operationOrder.count * 4)
        writer.writeVarint(UInt64(texts.count))
        for symbol in 1..<max(1, texts.count) { texts.withBytes(UInt32(symbol)) { writer.writeLengthPrefixed($0) } }
        writer.writeVarint(UInt64(operationOrder.count))
        for operation in operationOrder {
            writer.writeVarint(UInt64(operation.service))
            writer.writeVarint(UInt64(operation.name))
            writer.writeByte(operation.kind.rawValue)
        }
        writer.writeVarint(UInt64(keyOrder.count))
        for key in keyOrder { writer.writeVarint(UInt64(key)) }
        writer.writeVarint(UInt64(pageCount))
        writer.writeBytes(pages.bytes)
        return writer.bytes
    }

    // MARK: - Operations

    private mutating func addOperations(_ page: SpanBatch) {
        let extremes = Self.extremes(page)
        guard extremes.count <= PageDigests.pageOperationLimit else { return pages.writeVarint(0) }
        var numbered: [(number: UInt32, extremes: Extremes)] = []
        for value in extremes {
            let own = Operation(
                service: intern(value.operation.service, page), name: intern(value.operation.name, page),
                kind: value.operation.kind)
            guard let number = number(own) else { return pages.writeVarint(0) }
            numbered.append((number, value))
        }
        numbered.sort { $0.number < $1.number }
        pages.writeVarint(UInt64(numbered.count) + 1)
        var last: UInt32 = 0
        for (number, value) in numbered {
            pages.writeVarint(UInt64(number - last))
            pages.writeVarint(UInt64(value.duration) << 1 | (value.hasError ? 1 : 0))
            last = number
        }
    }

    private static func extremes(_ page: SpanBatch) -> [Extremes] {
        let services = page.resources.map(\.serviceName)
        var extremes: [Extremes] = []
        // The first operation of each name, as an index + 1: few names belong to several services or kinds.
        var firsts = [Int](repeating: 0, count: page.symbols.count)
        for row in page.rows {
            let operation = Operation(service: services[Int(row.resource)], name: row.name, kind: row.kind)
            var index = firsts[Int(row.name)]
            while index != 0, extremes[index - 1].operation != operation { index = extremes[index - 1].next }
            if index == 0 {
                extremes.append(Extremes(operation: operation, next: firsts[Int(row.name)]))
                index = extremes.count
                firsts[Int(row.name)] = index
            }
            extremes[index - 1].duration = max(extremes[index - 1].duration, DurationSketch.bucketIndex(row.duration))
            if row.status == .error { extremes[index - 1].hasError = true }
        }
        return extremes
    }

    private mutating func number(_ operation: Operation) -> UInt32? {
        if let known = operations[operation] { return known }
        if operationOrder.count >= PageDigests.operationLimit { return nil }
        operations[operation] = UInt32(operationOrder.count)
        operationOrder.append(operation)
        return UInt32(operationOrder.count - 1)
    }

    private mutating func intern(_ symbol: SymbolTable.Symbol, _ page: SpanBatch) -> SymbolTable.Symbol {
        page.symbols.withBytes(symbol) { texts.intern($0) }
    }

    // MARK: - Keys

    private mutating func addKeys(_ page: SpanBatch) {
        var types = [UInt8](repeating: 0, count: page.symbols.count)
        var found: [SymbolTable.Symbol] = []
        func note(_ key: SymbolTable.Symbol, _ bit: UInt8) {
            if types[Int(key)] == 0 { found.append(key) }
            types[Int(key)] |= bit
        }
        for attribute in page.attributes { note(attribute.key, 1 << attribute.type.rawValue) }
        for event in page.events { note(event.name, PageDigests.eventBit) }
        guard found.count <= PageDigests.pageKeyLimit else { return pages.writeVarint(0) }
        var numbered: [(number: UInt32, types: UInt8)] = []
        for symbol in found {
            guard let number = number(key: intern(symbol, page)) else { return pages.writeVarint(0) }
            numbered.append((number, types[Int(symbol)]))
        }
        numbered.sort { $0.number < $1.number }
        pages.writeVarint(UInt64(numbered.count) + 1)
        var last: UInt32 = 0
        for (number, types) in numbered {
            pages.writeVarint(UInt64(number - last))
            pages.writeByte(types)
            last = number
        }
    }

    private mutating func number(key: SymbolTable.Symbol) -> UInt32? {
        if let known = keys[key] { return known }
        if keyOrder.count >= PageDigests.keyLimit { return nil }
        keys[key] = UInt32(keyOrder.count)
        keyOrder.append(key)
        return UInt32(keyOrder.count - 1)
    }

    // MARK: - Values

    private mutating func addValues(_ page: SpanBatch) {
        var pairs: [Pair] = []
        // The key under which each text was met first, + 1: nearly every text stands under one key.
        var keys = [UInt32](repeating: 0, count: page.symbols.count)
        var others: Set<Pair> = []
        for attribute in page.attributes where attribute.type == .string {
            let value = Int(attribute.payload)
            if keys[value] == attribute.key &+ 1 { continue }
            let pair = Pair(key: attribute.key, value: attribute.payload)
            if keys[value] != 0, !others.insert(pair).inserted { continue }
            if keys[value] == 0 { keys[value] = attribute.key &+ 1 }
            if page.symbols.withBytes(SymbolTable.Symbol(value), { $0.count <= PageDigests.valueByteLimit }) { pairs.append(pair) }
        }
        guard pairs.count <= PageDigests.pageValueLimit else { return pages.writeVarint(0) }
        // Two thirds of what a filter of trace ids is given: eight bits a value.
        var filter = TraceFilter(expecting: pairs.count * 2 / 3)
        for pair in pairs {
            filter.insert(
                page.symbols.withBytes(pair.key) { key in
                    page.symbols.withBytes(SymbolTable.Symbol(pair.value)) { PageDigests.hash(key: key, value: $0) }
                })
        }
        let bytes = filter.bytes
        pages.writeVarint(UInt64(bytes.count))
        pages.writeBytes(bytes)
    }
}
