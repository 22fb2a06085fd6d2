import ByteCoding
import TelemetryModel

/// The reading half of ``SpanBatchCodec``. Every count is bounded by what the remaining bytes can hold or by
/// ``SpanBatchCodec/rowLimit`` before room is made for it.
struct SpanBatchDecoder {
    private var reader: ByteReader
    private var batch = SpanBatch()
    private var symbols = SymbolResolver(count: 0)
    private var traceOfRow: [UInt32] = []
    private var traceCount = 0

    init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

    mutating func decode() throws(ByteCodingError) -> SpanBatch {
        let version = try reader.readByte()
        if version != SpanBatchCodec.version {
            throw ByteCodingError(.malformed, "a batch of spans in version \(version), which is not known here,")
        }
        let limit = min(reader.remaining, SpanBatchCodec.rowLimit)
        let rowCount = try reader.readCount(limit: limit / 8)
        traceCount = try reader.readCount(limit: min(rowCount, limit / 16))
        let resourceCount = try reader.readCount(limit: limit)
        let scopeCount = try reader.readCount(limit: limit)
        let eventCount = try reader.readCount(limit: SpanBatchCodec.rowLimit)
        let linkCount = try reader.readCount(limit: limit / 24)
        try readSymbols()
        batch.rows = [SpanRow](repeating: SpanRow(), count: rowCount)
        try readTraces()
        try readParents()
        try readTimes()
        try readRowColumns(resources: resourceCount, scopes: scopeCount, events: eventCount, links: linkCount)
        try readResources(resourceCount)
        try readScopes(scopeCount)
        try readEvents(eventCount)
        try readLinks(linkCount)
        try readAttributes()
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind the end of a batch of spans") }
        return batch
    }

    private mutating func readSymbols() throws(ByteCodingError) {
        let count = try reader.readCount(limit: min(reader.remaining, SpanBatchCodec.rowLimit))
        var lengths: [Int] = []
        lengths.reserveCapacity(count)
        for _ in 0..<count { lengths.append(try reader.readCount(limit: reader.bytes.count)) }
        for (index, length) in lengths.enumerated() {
            let start = reader.position
            if Int(batch.symbols.intern(try reader.readBytes(length))) != index + 1 {
                throw .malformed(at: start, "a string that is empty or stands twice in a batch")
            }
        }
        symbols = SymbolResolver(count: count)
    }

    private mutating func readTraces() throws(ByteCodingError) {
        let count = batch.rows.count
        let limit = traceCount
        var met = 0
        var last = 0
        var numbers: [UInt32] = []
        numbers.reserveCapacity(count)
        let start = reader.position
        try ColumnCoding.read(count, from: &reader) { (index, code) throws(ByteCodingError) in
            switch code {
            case SpanBatchCodec.TraceCode.same where index > 0: break
            case SpanBatchCodec.TraceCode.new where met < limit:
                last = met
                met += 1
            case SpanBatchCodec.TraceCode.firstNumber..<(SpanBatchCodec.TraceCode.firstNumber &+ UInt64(met)):
                last = Int(code &- SpanBatchCodec.TraceCode.firstNumber)
            default: throw .malformed(at: start, "a row that belongs to no trace")
            }
            numbers.append(UInt32(truncatingIfNeeded: last))
        }
        if met != limit { throw .malformed(at: start, "a trace without rows") }
        traceOfRow = numbers
        let ids = try reader.readBytes(traceCount * 16)
        let spanIDs = try reader.readBytes(count * 8)
        for index in 0..<count {
            let offset = Int(numbers[index]) * 16
            batch.rows[index].traceID = TraceID(
                high: UInt64(littleEndian: ids.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
                low: UInt64(littleEndian: ids.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
            batch.rows[index].spanID = SpanID(
                UInt64(littleEndian: spanIDs.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)))
        }
    }

    private mutating func readParents() throws(ByteCodingError) {
        var rows: [SpanRow] = []
        swap(&rows, &batch.rows)
        var elsewhere: [Int] = []
        let start = reader.position
        try ColumnCoding.read(rows.count, from: &reader) { (index, code) throws(ByteCodingError) in
            switch code {
            case SpanBatchCodec.ParentCode.none: break
            case SpanBatchCodec.ParentCode.elsewhere: elsewhere.append(index)
            default:
                let distance = ColumnCoding.unzigzag(code &- SpanBatchCodec.ParentCode.firstDistance)
                let (row, overflow) = Int64(index).subtractingReportingOverflow(distance)
                guard !overflow, row >= 0, row < Int64(rows.count) else {
                    throw .malformed(at: start, "a parent outside of its batch")
                }
                rows[index].parentSpanID = rows[Int(row)].spanID
            }
        }
        for index in elsewhere { rows[index].parentSpanID = SpanID(try reader.readInteger()) }
        swap(&rows, &batch.rows)
    }

    private mutating func readTimes() throws(ByteCodingError) {
        var rows: [SpanRow] = []
        swap(&rows, &batch.rows)
        var bases = [UInt64?](repeating: nil, count: traceCount)
        var lastBase: UInt64 = 0
        let traces = traceOfRow
        try ColumnCoding.read(rows.count, from: &reader) { (index, code) throws(ByteCodingError) in
            let distance = UInt64(bitPattern: ColumnCoding.unzigzag(code))
            let trace = Int(traces[index])
            if let base = bases[trace] {
                rows[index].start = base &+ distance
            } else {
                lastBase = lastBase &+ distance
                rows[index].start = lastBase
                bases[trace] = lastBase
            }
        }
        try ColumnCoding.read(rows.count, from: &reader) { (index, code) throws(ByteCodingError) in
            rows[index].end = rows[index].start &+ UInt64(bitPattern: ColumnCoding.unzigzag(code))
        }
        swap(&rows, &batch.rows)
    }

    private mutating func readRowColumns(
        resources: Int, scopes: Int, events: Int, links: Int
    ) throws(ByteCodingError) {
        var rows: [SpanRow] = []
        swap(&rows, &batch.rows)
        let count = rows.count
        try symbols.read(count, from: &reader) { rows[$0].name = $1 }
        try number(count, below: resources, "resource") { rows[$0].resource = $1 }
        try number(count, below: scopes, "scope") { rows[$0].scope = $1 }
        let start = reader.position
        try ColumnCoding.read(count, from: &reader) { (index, value) throws(ByteCodingError) in
            guard value < 64, let kind = SpanKind(rawValue: UInt8(value & 7)),
                let status = SpanStatus(rawValue: UInt8(value >> 3 & 3)),
                let side = SpanSide(rawValue: UInt8(value >> 5))
            else { throw .malformed(at: start, "a kind, status and side of \(value)") }
            rows[index].kind = kind
            rows[index].status = status
            rows[index].side = side
        }
        try symbols.read(count, from: &reader) { rows[$0].statusMessage = $1 }
        try symbols.read(count, from: &reader) { rows[$0].traceState = $1 }
        try word(count) { rows[$0].flags = $1 }
        try runs(count, total: events) { rows[$0].events = $1 }
        try runs(count, total: links) { rows[$0].links = $1 }
        try word(count) { rows[$0].droppedAttributeCount = $1 }
        try word(count) { rows[$0].droppedEventCount = $1 }
        try word(count) { rows[$0].droppedLinkCount = $1 }
        swap(&rows, &batch.rows)
    }

    private mutating func readResources(_ count: Int) throws(ByteCodingError) {
        let empty = ResourceRow(attributes: .none, droppedAttributeCount: 0, schemaURL: 0, serviceName: 0)
        var rows = [ResourceRow](repeating: empty, count: count)
        try word(count) { rows[$0].droppedAttributeCount = $1 }
        try symbols.read(count, from: &reader) { rows[$0].schemaURL = $1 }
        try symbols.read(count, from: &reader) { rows[$0].serviceName = $1 }
        batch.resources = rows
    }

    private mutating func readScopes(_ count: Int) throws(ByteCodingError) {
        let empty = ScopeRow(name: 0, version: 0, attributes: .none, droppedAttributeCount: 0, schemaURL: 0)
        var rows = [ScopeRow](repeating: empty, count: count)
        try symbols.read(count, from: &reader) { rows[$0].name = $1 }
        try symbols.read(count, from: &reader) { rows[$0].version = $1 }
        try word(count) { rows[$0].droppedAttributeCount = $1 }
        try symbols.read(count, from: &reader) { rows[$0].schemaURL = $1 }
        batch.scopes = rows
    }

    private mutating func readEvents(_ count: Int) throws(ByteCodingError) {
        var rows = [EventRow](repeating: EventRow(time: 0, name: 0, attributes: .none, droppedAttributeCount: 0), count: count)
        try ColumnCoding.read(count, from: &reader) { (index, code) throws(ByteCodingError) in
            rows[index].time = UInt64(bitPattern: ColumnCoding.unzigzag(code))
        }
        for span in batch.rows {
            for index in span.events.indices { rows[index].time = rows[index].time &+ span.start }
        }
        try symbols.read(count, from: &reader) { rows[$0].name = $1 }
        try word(count) { rows[$0].droppedAttributeCount = $1 }
        batch.events = rows
    }

    private mutating func readLinks(_ count: Int) throws(ByteCodingError) {
        var rows: [LinkRow] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            let trace = TraceID(high: try reader.readInteger(), low: try reader.readInteger())
            let span = SpanID(try reader.readInteger())
            rows.append(
                LinkRow(traceID: trace, spanID: span, traceState: 0, flags: 0, attributes: .none, droppedAttributeCount: 0))
        }
        try symbols.read(count, from: &reader) { rows[$0].traceState = $1 }
        try word(count) { rows[$0].flags = $1 }
        try word(count) { rows[$0].droppedAttributeCount = $1 }
        batch.links = rows
    }

    // MARK: - Attributes

    private mutating func readAttributes() throws(ByteCodingError) {
        let columns = try readAttributeColumns()
        let shapes = try readShapes(columnCount: columns.count)
        let ownerCount =
            batch.resources.count + batch.scopes.count + batch.rows.count + batch.events.count + batch.links.count
        let numbers = try ColumnCoding.readArray(ownerCount, below: UInt64(shapes.count), from: &reader)
        var counts = [Int](repeating: 0, count: columns.count)
        var total = 0
        for number in numbers {
            let shape = shapes[Int(number)]
            total += shape.count
            if total > SpanBatchCodec.rowLimit {
                throw ByteCodingError(.tooLarge, "a batch of more than \(SpanBatchCodec.rowLimit) attributes")
            }
            for column in shape { counts[Int(column)] += 1 }
        }
        var values: [[UInt64]] = []
        for (column, count) in zip(columns, counts) { values.append(try readValues(count, column.type)) }
        assignAttributes(columns, shapes, numbers, values, total: total)
    }

    private mutating func readAttributeColumns() throws(ByteCodingError) -> [AttributeShapes.Column] {
        var columns: [AttributeShapes.Column] = []
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            let key = try symbols.symbol(try reader.readVarint())
            let start = reader.position
            guard let type = AttributeType(rawValue: try reader.readByte()) else {
                throw .malformed(at: start, "an attribute of unknown type")
            }
            columns.append(AttributeShapes.Column(key: key, type: type))
        }
        return columns
    }

    private mutating func readShapes(columnCount: Int) throws(ByteCodingError) -> [[UInt32]] {
        var shapes: [[UInt32]] = []
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            var shape: [UInt32] = []
            for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
                let start = reader.position
                let column = try reader.readVarint()
                if column >= UInt64(columnCount) { throw .malformed(at: start, "an attribute in a column that is not there") }
                shape.append(UInt32(truncatingIfNeeded: column))
            }
            shapes.append(shape)
        }
        return shapes
    }

    private mutating func readValues(_ count: Int, _ type: AttributeType) throws(ByteCodingError) -> [UInt64] {
        var values: [UInt64] = []
        if type == .double { try reader.require(count * 8) }
        values.reserveCapacity(count)
        switch type {
        case .empty: values = [UInt64](repeating: 0, count: count)
        case .string, .bytes, .composite: try symbols.read(count, from: &reader) { values.append(UInt64($1)) }
        case .bool: try ColumnCoding.read(count, from: &reader) { (_, value) throws(ByteCodingError) in values.append(value & 1) }
        case .int:
            try ColumnCoding.read(count, from: &reader) { (_, value) throws(ByteCodingError) in
                values.append(UInt64(bitPattern: ColumnCoding.unzigzag(value)))
            }
        case .double: for _ in 0..<count { values.append(try reader.readInteger()) }
        }
        return values
    }

    private mutating func assignAttributes(
        _ columns: [AttributeShapes.Column], _ shapes: [[UInt32]], _ numbers: [UInt32], _ values: [[UInt64]], total: Int
    ) {
        var next = [Int](repeating: 0, count: columns.count)
        var pool: [AttributeRow] = []
        pool.reserveCapacity(total)
        var owner = 0
        func run() -> RowRange {
            let start = pool.count
            for column in shapes[Int(numbers[owner])] {
                let index = Int(column)
                pool.append(AttributeRow(key: columns[index].key, type: columns[index].type, payload: values[index][next[index]]))
                next[index] &+= 1
            }
            owner += 1
            return RowRange(start: UInt32(start), count: UInt32(pool.count - start))
        }
        for index in batch.resources.indices { batch.resources[index].attributes = run() }
        for index in batch.scopes.indices { batch.scopes[index].attributes = run() }
        for index in batch.rows.indices { batch.rows[index].attributes = run() }
        for index in batch.events.indices { batch.events[index].attributes = run() }
        for index in batch.links.indices { batch.links[index].attributes = run() }
        batch.attributes = pool
    }

    // MARK: - Columns of one kind

    /// Numbers of 32 bits.
    private mutating func word(_ count: Int, _ body: (Int, UInt32) -> Void) throws(ByteCodingError) {
        let start = reader.position
        try ColumnCoding.read(count, from: &reader) { (index, value) throws(ByteCodingError) in
            guard let word = UInt32(exactly: value) else { throw .malformed(at: start, "a number of more than 32 bits") }
            body(index, word)
        }
    }

    /// Indices below `limit`.
    private mutating func number(
        _ count: Int, below limit: Int, _ what: String, _ body: (Int, UInt32) -> Void
    ) throws(ByteCodingError) {
        let start = reader.position
        try ColumnCoding.read(count, from: &reader) { (index, value) throws(ByteCodingError) in
            if value >= UInt64(limit) { throw .malformed(at: start, "\(what) \(value) of \(limit)") }
            body(index, UInt32(truncatingIfNeeded: value))
        }
    }

    /// Lengths of runs that together are `total` long.
    private mutating func runs(_ count: Int, total: Int, _ body: (Int, RowRange) -> Void) throws(ByteCodingError) {
        let start = reader.position
        var next: UInt64 = 0
        try ColumnCoding.read(count, from: &reader) { (index, value) throws(ByteCodingError) in
            if value > UInt64(total) &- next { throw .malformed(at: start, "more events or links than the batch has") }
            body(index, value == 0 ? .none : RowRange(start: UInt32(next), count: UInt32(value)))
            next &+= value
        }
        if next != UInt64(total) { throw .malformed(at: start, "events or links that belong to no span") }
    }
}
