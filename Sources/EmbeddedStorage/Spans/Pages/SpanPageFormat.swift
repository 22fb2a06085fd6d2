import ByteCoding
import TelemetryModel

/// What writer and reader of pages in version 2 of `Schemas/format/span-block.md` agree on.
enum SpanPageFormat {
    /// A column of texts takes at most so many numbers.
    static let numberLimit = 1 << 25
    /// The texts of a page have at most so many bytes together.
    static let textByteLimit = 1 << 30

    /// The streams of a page, in their order; the columns of attributes stand behind them.
    enum Stream: Int, CaseIterable {
        /// Lengths of the runs of rows that are one trace, then the ids of the traces, 16 bytes each.
        case traces
        /// The class of each row, then of each event, then of each link.
        case classes
        /// Eight bytes a row.
        case spanIDs
        /// 0 no parent, 1 elsewhere, else zigzag distance in rows + 2; then the ids of those elsewhere.
        case parents
        /// What starts are told from, a byte ``StartPredictor/Base``; zigzag distances from it.
        case starts
        /// Zigzag differences of end and start.
        case durations
        /// 0 for the resource of the parent, when that is a row before; else the resource's number + 1.
        case resources
        /// Of rows whose class says so: messages, trace states, numbers of what was dropped.
        case statusMessages
        case traceStates
        case dropped
        /// Of rows whose class says so the number of events; of each event its distance from the span's start, and the number
        /// of dropped attributes.
        case events
        /// Of rows whose class says so the number of links; trace id, span id of each link, trace states, dropped attributes.
        case links
    }

    /// What rows of a class have, a bit each.
    enum Presence {
        static let statusMessage: UInt8 = 1
        static let traceState: UInt8 = 2
        static let dropped: UInt8 = 4
        static let events: UInt8 = 8
        static let links: UInt8 = 16
    }

    /// What a class is of; the first byte of its entry.
    enum Owner: UInt8 {
        case span = 0
        case event = 1
        case link = 2
    }

    /// Kind, status and side in one byte.
    static func parts(_ row: SpanRow) -> UInt8 { row.kind.rawValue | row.status.rawValue << 3 | row.side.rawValue << 5 }

    // MARK: - Entries of tables

    /// A resource: service name, dropped attributes, schema URL, attributes.
    static func resource(_ row: ResourceRow, _ batch: SpanBatch) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        batch.symbols.withBytes(row.serviceName) { writer.writeLengthPrefixed($0) }
        writer.writeVarint(UInt64(row.droppedAttributeCount))
        batch.symbols.withBytes(row.schemaURL) { writer.writeLengthPrefixed($0) }
        writeAttributes(row.attributes, batch, &writer)
        return writer.bytes
    }

    /// A scope: name, version, dropped attributes, schema URL, attributes.
    static func scope(_ row: ScopeRow, _ batch: SpanBatch) -> [UInt8] {
        var writer = ByteWriter(capacity: 128)
        batch.symbols.withBytes(row.name) { writer.writeLengthPrefixed($0) }
        batch.symbols.withBytes(row.version) { writer.writeLengthPrefixed($0) }
        writer.writeVarint(UInt64(row.droppedAttributeCount))
        batch.symbols.withBytes(row.schemaURL) { writer.writeLengthPrefixed($0) }
        writeAttributes(row.attributes, batch, &writer)
        return writer.bytes
    }

    private static func writeAttributes(_ range: RowRange, _ batch: SpanBatch, _ writer: inout ByteWriter) {
        writer.writeVarint(UInt64(range.count))
        for index in range.indices {
            let row = batch.attributes[index]
            batch.symbols.withBytes(row.key) { writer.writeLengthPrefixed($0) }
            writer.writeByte(row.type.rawValue)
            writeValue(row, batch.symbols, &writer)
        }
    }

    /// A value, whose type the reader knows.
    static func writeValue(_ row: AttributeRow, _ symbols: SymbolTable, _ writer: inout ByteWriter) {
        switch row.type {
        case .empty: break
        case .string, .bytes, .composite:
            symbols.withBytes(UInt32(truncatingIfNeeded: row.payload)) { writer.writeLengthPrefixed($0) }
        case .bool: writer.writeByte(UInt8(truncatingIfNeeded: row.payload))
        case .int: writer.writeVarint(ColumnCoding.zigzag(Int64(bitPattern: row.payload)))
        case .double: writer.writeInteger(row.payload)
        }
    }

    /// The payload of a value.
    static func readValue(
        _ type: AttributeType, _ reader: inout ByteReader, _ symbols: inout SymbolTable
    ) throws(ByteCodingError) -> UInt64 {
        switch type {
        case .empty: 0
        case .string, .bytes, .composite: UInt64(symbols.intern(try reader.readLengthPrefixed()))
        case .bool: UInt64(try reader.readByte() & 1)
        case .int: UInt64(bitPattern: ColumnCoding.unzigzag(try reader.readVarint()))
        case .double: try reader.readInteger()
        }
    }

    /// Moves past a value.
    static func skipValue(_ type: AttributeType, _ reader: inout ByteReader) throws(ByteCodingError) {
        switch type {
        case .empty: break
        case .string, .bytes, .composite: _ = try reader.readLengthPrefixed()
        case .bool: _ = try reader.readByte()
        case .int: _ = try reader.readVarint()
        case .double: try reader.skip(8)
        }
    }

    /// Adds the attributes that an entry lists to the pool.
    static func readAttributes(_ reader: inout ByteReader, _ batch: inout SpanBatch) throws(ByteCodingError) -> RowRange {
        let count = try reader.readCount(limit: reader.remaining)
        let start = batch.attributes.count
        for _ in 0..<count {
            let key = batch.symbols.intern(try reader.readLengthPrefixed())
            let position = reader.position
            guard let type = AttributeType(rawValue: try reader.readByte()) else {
                throw .malformed(at: position, "an attribute of unknown type")
            }
            let payload = try readValue(type, &reader, &batch.symbols)
            batch.attributes.append(AttributeRow(key: key, type: type, payload: payload))
        }
        return RowRange(start: UInt32(start), count: UInt32(count))
    }

    /// Adds a resource to the batch; without its attributes unless they are wanted.
    static func readResource(
        _ bytes: UnsafeRawBufferPointer, whole: Bool, _ batch: inout SpanBatch
    ) throws(ByteCodingError) -> UInt32 {
        var reader = ByteReader(bytes)
        var row = ResourceRow(attributes: .none, droppedAttributeCount: 0, schemaURL: 0, serviceName: 0)
        row.serviceName = batch.symbols.intern(try reader.readLengthPrefixed())
        if whole {
            row.droppedAttributeCount = try readWord(&reader)
            row.schemaURL = batch.symbols.intern(try reader.readLengthPrefixed())
            row.attributes = try readAttributes(&reader, &batch)
            if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind a resource") }
        }
        batch.resources.append(row)
        return UInt32(batch.resources.count - 1)
    }

    /// Calls `body` with the key of each attribute of a resource.
    static func forEachResourceKey(
        _ bytes: UnsafeRawBufferPointer, _ body: (String) -> Void
    ) throws(ByteCodingError) {
        var reader = ByteReader(bytes)
        _ = try reader.readLengthPrefixed()
        _ = try readWord(&reader)
        _ = try reader.readLengthPrefixed()
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            body(String(decoding: try reader.readLengthPrefixed(), as: UTF8.self))
            let position = reader.position
            guard let type = AttributeType(rawValue: try reader.readByte()) else {
                throw .malformed(at: position, "an attribute of unknown type")
            }
            try skipValue(type, &reader)
        }
    }

    /// Adds a scope to the batch.
    static func readScope(_ bytes: UnsafeRawBufferPointer, _ batch: inout SpanBatch) throws(ByteCodingError) -> UInt32 {
        var reader = ByteReader(bytes)
        var row = ScopeRow(name: 0, version: 0, attributes: .none, droppedAttributeCount: 0, schemaURL: 0)
        row.name = batch.symbols.intern(try reader.readLengthPrefixed())
        row.version = batch.symbols.intern(try reader.readLengthPrefixed())
        row.droppedAttributeCount = try readWord(&reader)
        row.schemaURL = batch.symbols.intern(try reader.readLengthPrefixed())
        row.attributes = try readAttributes(&reader, &batch)
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind a scope") }
        batch.scopes.append(row)
        return UInt32(batch.scopes.count - 1)
    }

    /// A number of 32 bits.
    static func readWord(_ reader: inout ByteReader) throws(ByteCodingError) -> UInt32 {
        UInt32(try reader.readCount(limit: Int(UInt32.max)))
    }
}

/// Tells the start of a span from what is known before it.
struct StartPredictor {
    /// What a start is told from.
    enum Base: UInt8, CaseIterable {
        /// The start of the row before.
        case rowBefore = 0
        /// The start of the parent.
        case parent = 1
        /// The end of the parent's child before this one, or the start of the parent when there is none.
        case siblingEnd = 2
    }

    private let base: Base
    private let traceStarts: [Bool]
    /// The start of each row so far; for ``Base/siblingEnd``, the end of its last child.
    private var known: [UInt64] = []
    private var lastStart: UInt64 = 0
    private var lastTraceStart: UInt64

    /// Prepares for rows of which `traceStarts` says whether each begins a trace; the trace before them began at
    /// `lastTraceStart`.
    init(_ base: Base, traceStarts: [Bool], lastTraceStart: UInt64 = 0) {
        self.base = base
        self.traceStarts = traceStarts
        self.lastTraceStart = lastTraceStart
        known.reserveCapacity(traceStarts.count)
    }

    /// What the start of the next row is told from; `parent` is a row before it, or negative.
    @inline(__always)
    func expectation(parent: Int) -> UInt64 {
        if traceStarts[known.count] { return lastTraceStart }
        return parent < 0 || base == .rowBefore ? lastStart : known[parent]
    }

    /// Takes in the next row.
    @inline(__always)
    mutating func add(start: UInt64, end: UInt64, parent: Int) {
        if traceStarts[known.count] { lastTraceStart = start }
        if base == .siblingEnd, parent >= 0 { known[parent] = end }
        known.append(start)
        lastStart = start
    }
}
