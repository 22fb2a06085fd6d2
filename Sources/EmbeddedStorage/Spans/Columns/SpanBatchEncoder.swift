import ByteCoding
import TelemetryModel

/// The writing half of ``SpanBatchCodec``.
struct SpanBatchEncoder {
    private let batch: SpanBatch
    private var symbols: SymbolNumbering
    private var shapes: AttributeShapes
    private var body: ByteWriter
    private var traceIDs: [TraceID] = []
    /// The number of each row's trace in `traceIDs`.
    private var traceOfRow: [UInt32] = []
    /// The events and links of the rows, in the order of the rows.
    private var events: [Int] = []
    private var links: [Int] = []

    init(_ batch: SpanBatch) {
        self.batch = batch
        symbols = SymbolNumbering(count: batch.symbols.count)
        shapes = AttributeShapes(symbolCount: batch.symbols.count)
        body = ByteWriter(capacity: 64 + batch.count * 64)
    }

    mutating func encode() -> [UInt8] {
        for row in batch.rows {
            if row.events.count > 0 { events.append(contentsOf: row.events.indices) }
            if row.links.count > 0 { links.append(contentsOf: row.links.indices) }
        }
        writeTraces()
        writeParents()
        writeTimes()
        writeRowColumns()
        writeResources()
        writeScopes()
        writeEvents()
        writeLinks()
        writeAttributes()
        return assembled()
    }

    /// Head, symbols (known only now), body.
    private func assembled() -> [UInt8] {
        var writer = ByteWriter(capacity: body.count + batch.symbols.byteCount + symbols.order.count * 2 + 64)
        writer.writeByte(SpanBatchCodec.version)
        for count in [
            batch.rows.count, traceIDs.count, batch.resources.count, batch.scopes.count, events.count, links.count,
            symbols.order.count,
        ] {
            writer.writeVarint(UInt64(count))
        }
        for symbol in symbols.order { writer.writeVarint(UInt64(batch.symbols.withBytes(symbol) { $0.count })) }
        for symbol in symbols.order { batch.symbols.withBytes(symbol) { writer.writeBytes($0) } }
        writer.writeBytes(body.bytes)
        return writer.bytes
    }

    private mutating func writeTraces() {
        traceOfRow.reserveCapacity(batch.count)
        var numbers = HashedNumbers()
        var codes: [UInt64] = []
        codes.reserveCapacity(batch.count)
        for row in batch.rows {
            if let last = traceOfRow.last, traceIDs[Int(last)] == row.traceID {
                traceOfRow.append(last)
                codes.append(SpanBatchCodec.TraceCode.same)
                continue
            }
            let hash = SeededHash.hash(row.traceID.high, row.traceID.low)
            if let found = numbers.first(hash, where: { traceIDs[$0] == row.traceID }) {
                let known = UInt32(found)
                traceOfRow.append(known)
                codes.append(SpanBatchCodec.TraceCode.firstNumber &+ UInt64(known))
            } else {
                let number = UInt32(traceIDs.count)
                numbers.insert(Int(number), hash)
                traceIDs.append(row.traceID)
                traceOfRow.append(number)
                codes.append(SpanBatchCodec.TraceCode.new)
            }
        }
        ColumnCoding.write(codes.count, to: &body) { codes[$0] }
        for id in traceIDs {
            body.writeInteger(id.high)
            body.writeInteger(id.low)
        }
        for row in batch.rows { body.writeInteger(row.spanID.value) }
    }

    private mutating func writeParents() {
        let rows = batch.rows
        let table = SpanRowTable(rows, traceOfRow)
        var codes: [UInt64] = []
        codes.reserveCapacity(rows.count)
        var elsewhere: [UInt64] = []
        for index in rows.indices {
            let parent = rows[index].parentSpanID
            if parent.isZero {
                codes.append(SpanBatchCodec.ParentCode.none)
            } else if let found = table.row(of: parent, trace: traceOfRow[index]) {
                codes.append(SpanBatchCodec.ParentCode.firstDistance &+ ColumnCoding.zigzag(Int64(index - found)))
            } else {
                codes.append(SpanBatchCodec.ParentCode.elsewhere)
                elsewhere.append(parent.value)
            }
        }
        ColumnCoding.write(codes.count, to: &body) { codes[$0] }
        for id in elsewhere { body.writeInteger(id) }
    }

    /// Starts as distances from the first row of their trace, that one from the first row of the trace before; ends as durations.
    private mutating func writeTimes() {
        let rows = batch.rows
        var bases = [UInt64?](repeating: nil, count: traceIDs.count)
        var lastBase: UInt64 = 0
        var codes: [UInt64] = []
        codes.reserveCapacity(rows.count)
        for (index, row) in rows.enumerated() {
            let trace = Int(traceOfRow[index])
            if let base = bases[trace] {
                codes.append(ColumnCoding.zigzag(Int64(bitPattern: row.start &- base)))
            } else {
                codes.append(ColumnCoding.zigzag(Int64(bitPattern: row.start &- lastBase)))
                bases[trace] = row.start
                lastBase = row.start
            }
        }
        ColumnCoding.write(codes.count, to: &body) { codes[$0] }
        ColumnCoding.write(rows.count, to: &body) { ColumnCoding.zigzag(Int64(bitPattern: rows[$0].end &- rows[$0].start)) }
    }

    private mutating func writeRowColumns() {
        let rows = batch.rows
        let count = rows.count
        symbols.write(count, to: &body) { rows[$0].name }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].resource) }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].scope) }
        ColumnCoding.write(count, to: &body) { Self.parts(rows[$0]) }
        symbols.write(count, to: &body) { rows[$0].statusMessage }
        symbols.write(count, to: &body) { rows[$0].traceState }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].flags) }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].events.count) }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].links.count) }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].droppedAttributeCount) }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].droppedEventCount) }
        ColumnCoding.write(count, to: &body) { UInt64(rows[$0].droppedLinkCount) }
    }

    /// Kind, status and side in one number.
    private static func parts(_ row: SpanRow) -> UInt64 {
        UInt64(row.kind.rawValue) | UInt64(row.status.rawValue) << 3 | UInt64(row.side.rawValue) << 5
    }

    private mutating func writeResources() {
        let rows = batch.resources
        ColumnCoding.write(rows.count, to: &body) { UInt64(rows[$0].droppedAttributeCount) }
        symbols.write(rows.count, to: &body) { rows[$0].schemaURL }
        symbols.write(rows.count, to: &body) { rows[$0].serviceName }
    }

    private mutating func writeScopes() {
        let rows = batch.scopes
        symbols.write(rows.count, to: &body) { rows[$0].name }
        symbols.write(rows.count, to: &body) { rows[$0].version }
        ColumnCoding.write(rows.count, to: &body) { UInt64(rows[$0].droppedAttributeCount) }
        symbols.write(rows.count, to: &body) { rows[$0].schemaURL }
    }

    private mutating func writeEvents() {
        let rows = batch.events
        let order = events
        var times: [UInt64] = []
        times.reserveCapacity(order.count)
        for row in batch.rows {
            for index in row.events.indices { times.append(ColumnCoding.zigzag(Int64(bitPattern: rows[index].time &- row.start))) }
        }
        ColumnCoding.write(order.count, to: &body) { times[$0] }
        symbols.write(order.count, to: &body) { rows[order[$0]].name }
        ColumnCoding.write(order.count, to: &body) { UInt64(rows[order[$0]].droppedAttributeCount) }
    }

    private mutating func writeLinks() {
        let rows = batch.links
        let order = links
        for index in order {
            body.writeInteger(rows[index].traceID.high)
            body.writeInteger(rows[index].traceID.low)
            body.writeInteger(rows[index].spanID.value)
        }
        symbols.write(order.count, to: &body) { rows[order[$0]].traceState }
        ColumnCoding.write(order.count, to: &body) { UInt64(rows[order[$0]].flags) }
        ColumnCoding.write(order.count, to: &body) { UInt64(rows[order[$0]].droppedAttributeCount) }
    }

    // MARK: - Attributes

    /// The attribute runs of everything that owns some, in the order of the format.
    private func owners() -> [RowRange] {
        var ranges: [RowRange] = []
        ranges.reserveCapacity(batch.resources.count + batch.scopes.count + batch.count + events.count + links.count)
        ranges.append(contentsOf: batch.resources.lazy.map(\.attributes))
        ranges.append(contentsOf: batch.scopes.lazy.map(\.attributes))
        ranges.append(contentsOf: batch.rows.lazy.map(\.attributes))
        for index in events { ranges.append(batch.events[index].attributes) }
        for index in links { ranges.append(batch.links[index].attributes) }
        return ranges
    }

    private mutating func writeAttributes() {
        let owners = owners()
        let codes = owners.map { shapes.shape(of: batch.attributes[$0.indices]) }
        shapes.countValues()
        writeShapes()
        ColumnCoding.write(codes.count, to: &body) { codes[$0] }
        var next: [Int] = []
        var total = 0
        for column in shapes.columns {
            next.append(total)
            total += column.count
        }
        let values = [UInt64](unsafeUninitializedCapacity: total) { buffer, count in
            for range in owners {
                for index in range.indices {
                    let row = batch.attributes[index]
                    let column = shapes.knownColumn(row)
                    buffer[next[column]] = row.payload
                    next[column] &+= 1
                }
            }
            count = total
        }
        var start = 0
        for column in shapes.columns {
            writeValues(values[start..<(start + column.count)], column.type)
            start += column.count
        }
    }

    private mutating func writeShapes() {
        let columns = shapes.columns
        body.writeVarint(UInt64(columns.count))
        for column in columns {
            body.writeVarint(symbols.code(column.key))
            body.writeByte(column.type.rawValue)
        }
        body.writeVarint(UInt64(shapes.shapeEnds.count))
        var start = 0
        for end in shapes.shapeEnds {
            body.writeVarint(UInt64(end - start))
            for column in shapes.shapeColumns[start..<end] { body.writeVarint(UInt64(column)) }
            start = end
        }
    }

    private mutating func writeValues(_ values: ArraySlice<UInt64>, _ type: AttributeType) {
        let start = values.startIndex
        switch type {
        case .empty: break
        case .string, .bytes, .composite:
            symbols.write(values.count, to: &body) { UInt32(truncatingIfNeeded: values[start &+ $0]) }
        case .bool: ColumnCoding.write(values.count, to: &body) { values[start &+ $0] }
        case .int: ColumnCoding.write(values.count, to: &body) { ColumnCoding.zigzag(Int64(bitPattern: values[start &+ $0])) }
        case .double: for value in values { body.writeInteger(value) }
        }
    }
}

/// Finds the row of a span id within a trace of the batch.
struct SpanRowTable {
    private let rows: [SpanRow]
    private let traceOfRow: [UInt32]
    /// Row + 1, or 0 for a free slot; a power of two.
    private var slots: [UInt32]

    init(_ rows: [SpanRow], _ traceOfRow: [UInt32]) {
        self.rows = rows
        self.traceOfRow = traceOfRow
        var size = 16
        while size < rows.count * 2 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        for index in rows.indices {
            var slot = start(rows[index].spanID, traceOfRow[index])
            // The first row of an id is the one that is found; further ones would only make the chain longer.
            while slots[slot] != 0, !holds(Int(slots[slot] &- 1), rows[index].spanID, traceOfRow[index]) {
                slot = (slot &+ 1) & (slots.count &- 1)
            }
            if slots[slot] == 0 { slots[slot] = UInt32(index) &+ 1 }
        }
    }

    /// The first row of this trace that has this span id.
    func row(of id: SpanID, trace: UInt32) -> Int? {
        var slot = start(id, trace)
        while slots[slot] != 0 {
            let index = Int(slots[slot] &- 1)
            if holds(index, id, trace) { return index }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        return nil
    }

    private func holds(_ row: Int, _ id: SpanID, _ trace: UInt32) -> Bool { rows[row].spanID == id && traceOfRow[row] == trace }

    private func start(_ id: SpanID, _ trace: UInt32) -> Int {
        Int(truncatingIfNeeded: SeededHash.hash(id.value, UInt64(trace))) & (slots.count &- 1)
    }
}
