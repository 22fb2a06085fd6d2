import ByteCoding
import Storage
import TelemetryModel

/// Reads a page of version 2, or what a projection wants of it. Every count is bounded before room is made for it.
final class SpanPageDecoder {
    let bytes: UnsafeRawBufferPointer
    let tables: SpanTables
    let projection: SpanProjection
    private let catalog: ClassCatalog
    let unpacker: ZstdUnpacker
    private(set) var rowCount = 0
    private var traceCount = 0
    private(set) var eventCount = 0
    private(set) var linkCount = 0
    /// How many entries of each table of the block count for this page.
    private var sharedCounts: [Int] = []
    private var own = [SpanTables.Entries](repeating: SpanTables.Entries(), count: 3)
    private var streams: [Range<Int>] = []
    /// Where the values of each column are, by its number.
    private(set) var columnStreams: [Int: Range<Int>] = [:]
    /// The rows to be built.
    private(set) var wanted: Range<Int> = 0..<0
    private var batch = SpanBatch()
    /// Of each row whether a trace begins with it.
    private var traceStarts: [Bool] = []
    private var parents: [Int] = []

    /// Reads the head of a page.
    init(
        _ bytes: UnsafeRawBufferPointer, _ tables: SpanTables, _ catalog: ClassCatalog, _ projection: SpanProjection, rowCount: Int
    ) throws(ByteCodingError) {
        self.bytes = bytes
        self.tables = tables
        self.catalog = catalog
        self.projection = projection
        unpacker = try ZstdUnpacker()
        var reader = ByteReader(bytes)
        self.rowCount = try reader.readCount(limit: SpanBlockFormat.pageRowLimit)
        traceCount = try reader.readCount(limit: self.rowCount)
        eventCount = try reader.readCount(limit: SpanBatchCodec.rowLimit)
        linkCount = try reader.readCount(limit: bytes.count / 24)
        if self.rowCount != rowCount {
            throw ByteCodingError(.malformed, "a page has \(self.rowCount) rows instead of \(rowCount)")
        }
        wanted = 0..<rowCount
        for table in own.indices {
            sharedCounts.append(try reader.readCount(limit: tables[SpanTable.allCases[table]].count))
            try own[table].append(&reader)
        }
        try readDirectory(&reader)
    }

    private func readDirectory(_ reader: inout ByteReader) throws(ByteCodingError) {
        var lengths: [Int] = []
        for _ in SpanPageFormat.Stream.allCases { lengths.append(try reader.readCount(limit: reader.remaining)) }
        let columnCount = try reader.readCount(limit: reader.remaining)
        var columns: [Int] = []
        for _ in 0..<columnCount {
            let start = reader.position
            columns.append(try place(try reader.readVarint(), .columns, sharedCount: tables[.columns].count, at: start))
            lengths.append(try reader.readCount(limit: reader.remaining))
        }
        var ranges: [Range<Int>] = []
        for length in lengths {
            let start = reader.position
            try reader.skip(length)
            ranges.append(start..<reader.position)
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind the end of a page") }
        streams = Array(ranges.prefix(SpanPageFormat.Stream.allCases.count))
        for (column, range) in zip(columns, ranges.dropFirst(streams.count)) { columnStreams[column] = range }
    }

    /// One more than the greatest number that the page may use in a table.
    func limit(_ table: SpanTable) -> Int {
        // The page's own entries begin with number 1, their empty one is not counted.
        sharedCounts[table.rawValue] + own[table.rawValue].count - 1
    }

    /// A number in a table that has been checked: below `sharedCounts` in the block's, else in the page's own.
    func number(_ code: UInt64, _ table: SpanTable, at position: Int) throws(ByteCodingError) -> Int {
        let limit = limit(table)
        if code == 0 || code >= UInt64(limit) { throw .malformed(at: position, "entry \(code) of \(limit) in a table") }
        return Int(code)
    }

    /// A checked number as a place in a list in which the page's own entries stand behind all of the block's.
    @inline(__always)
    func place(_ code: UInt64, _ table: SpanTable, sharedCount: Int, at position: Int) throws(ByteCodingError) -> Int {
        let number = try number(code, table, at: position)
        return number < sharedCounts[table.rawValue] ? number : sharedCount + number - sharedCounts[table.rawValue]
    }

    /// Lends an entry by a number that was checked.
    func withEntry<Result>(
        _ number: Int, _ table: SpanTable, _ body: (UnsafeRawBufferPointer) throws(ByteCodingError) -> Result
    ) throws(ByteCodingError) -> Result {
        let sharedCount = sharedCounts[table.rawValue]
        do {
            return number < sharedCount
                ? try tables[table].withBytes(number) { try body($0) }
                : try own[table.rawValue].withBytes(number - sharedCount + 1) { try body($0) }
        } catch let error as ByteCodingError { throw error } catch { throw ByteCodingError(.malformed, "\(error)") }
    }

    func reader(_ stream: SpanPageFormat.Stream) -> ByteReader { reader(streams[stream.rawValue]) }

    func reader(_ range: Range<Int>) -> ByteReader { ByteReader(UnsafeRawBufferPointer(rebasing: bytes[range])) }

    func wants(_ columns: SpanProjection.Columns) -> Bool { !projection.columns.isDisjoint(with: columns) }

    /// The bytes of each stream; those of attributes by key.
    func columnByteCounts() throws(ByteCodingError) -> [(name: String, byteCount: Int)] {
        var counts: [(name: String, byteCount: Int)] = []
        for (stream, range) in zip(SpanPageFormat.Stream.allCases, streams) { counts.append(("\(stream)", range.count)) }
        for (place, range) in columnStreams {
            let shared = tables[.columns].count
            let number = place < shared ? place : sharedCounts[SpanTable.columns.rawValue] + place - shared
            let name = try withEntry(number, .columns) { (bytes) throws(ByteCodingError) in
                String(decoding: bytes.dropFirst(), as: UTF8.self)
            }
            counts.append(("attribute " + name, range.count))
        }
        counts.append(("directory", bytes.count - counts.reduce(0) { $0 + $1.byteCount }))
        return counts
    }

    // MARK: - Rows

    /// Only these rows are decoded.
    func restrict(to rows: Range<Int>) { wanted = rows.clamped(to: 0..<rowCount) }

    /// The rows of a trace.
    func rows(of id: TraceID) throws(ByteCodingError) -> Range<Int>? {
        var reader = reader(.traces)
        var row = 0
        for length in try NumberColumn.decode(traceCount, from: &reader, unpacker) {
            if length == 0 || length > UInt64(rowCount - row) { throw .malformed(at: reader.position, "a trace of \(length) rows") }
            let end = row + Int(length)
            let isWanted = try reader.readInteger(UInt64.self) == id.high
            if try reader.readInteger(UInt64.self) == id.low, isWanted { return row..<end }
            row = end
        }
        return nil
    }

    /// The rows that were asked for, with what the projection wants.
    func decode() throws(ByteCodingError) -> SpanBatch {
        var rows = [SpanRow](repeating: SpanRow(), count: wanted.count)
        try readTraces(&rows)
        if wants(.spanIDs) || wants(.parents) { try readSpanIDs(&rows) }
        if wants([.parents, .starts, .resources, .services]) { try readParents(&rows) }
        if wants(.times) { try readTimes(&rows) }
        if wants([.names, .kinds, .statusMessages, .scopes, .attributes, .events, .links, .others]) {
            var catalog = catalog
            if own[SpanTable.columns.rawValue].count > 1 || own[SpanTable.classes.rawValue].count > 1 {
                try catalog.append(
                    own[SpanTable.columns.rawValue], own[SpanTable.classes.rawValue],
                    sharedColumnCount: sharedCounts[SpanTable.columns.rawValue])
            }
            var attributes = try PageAttributes(self, catalog, catalog.base)
            try attributes.read(&rows)
            batch = attributes.batch
        }
        if wants([.resources, .services]) { try readResources(&rows) }
        // Whoever reads a row may look at its resource and scope, wanted or not.
        if batch.resources.isEmpty {
            batch.resources.append(ResourceRow(attributes: .none, droppedAttributeCount: 0, schemaURL: 0, serviceName: 0))
        }
        if batch.scopes.isEmpty {
            batch.scopes.append(ScopeRow(name: 0, version: 0, attributes: .none, droppedAttributeCount: 0, schemaURL: 0))
        }
        batch.rows = rows
        return batch
    }

    private func readTraces(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        var reader = reader(.traces)
        let lengths = try NumberColumn.decode(traceCount, from: &reader, unpacker)
        traceStarts = [Bool](repeating: false, count: rowCount)
        var row = 0
        for length in lengths {
            let id = TraceID(high: try reader.readInteger(), low: try reader.readInteger())
            if length == 0 || length > UInt64(rowCount - row) { throw .malformed(at: reader.position, "a trace of \(length) rows") }
            traceStarts[row] = true
            let end = row + Int(length)
            for index in (row..<end).clamped(to: wanted) { rows[index - wanted.lowerBound].traceID = id }
            row = end
        }
        if row != rowCount { throw .malformed(at: reader.position, "rows that belong to no trace") }
    }

    private func spanID(_ row: Int) -> SpanID {
        SpanID(
            UInt64(
                littleEndian: bytes.loadUnaligned(
                    fromByteOffset: streams[SpanPageFormat.Stream.spanIDs.rawValue].lowerBound &+ row &* 8, as: UInt64.self)))
    }

    private func readSpanIDs(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        if reader(.spanIDs).remaining != rowCount * 8 { throw ByteCodingError(.malformed, "a page lacks ids of spans") }
        for index in rows.indices { rows[index].spanID = spanID(wanted.lowerBound &+ index) }
    }

    private func readParents(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        var reader = reader(.parents)
        let codes = try NumberColumn.decode(rowCount, from: &reader, unpacker)
        parents = [Int](repeating: -1, count: rowCount)
        let areWanted = wants(.parents)
        for (index, code) in codes.enumerated() {
            switch code {
            case SpanBatchCodec.ParentCode.none: break
            case SpanBatchCodec.ParentCode.elsewhere:
                let id = SpanID(try reader.readInteger())
                if areWanted, wanted.contains(index) { rows[index - wanted.lowerBound].parentSpanID = id }
            default:
                let distance = ColumnCoding.unzigzag(code &- SpanBatchCodec.ParentCode.firstDistance)
                let (row, overflow) = Int64(index).subtractingReportingOverflow(distance)
                guard !overflow, row >= 0, row < Int64(rowCount) else {
                    throw .malformed(at: reader.position, "a parent outside of its page")
                }
                if row < index { parents[index] = Int(row) }
                if areWanted, wanted.contains(index) { rows[index - wanted.lowerBound].parentSpanID = spanID(Int(row)) }
            }
        }
    }

    private func readTimes(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        var reader = reader(.durations)
        let durations = try NumberColumn.decode(rowCount, from: &reader, unpacker)
        guard wants(.starts) else {
            for index in rows.indices {
                let duration = ColumnCoding.unzigzag(durations[wanted.lowerBound &+ index])
                if duration < 0 { rows[index].start = duration.magnitude } else { rows[index].end = UInt64(duration) }
            }
            return
        }
        reader = self.reader(.starts)
        if rowCount == 0 { return }
        guard let base = StartPredictor.Base(rawValue: try reader.readByte()) else {
            throw ByteCodingError(.malformed, "starts in an unknown form")
        }
        let codes = try NumberColumn.decode(rowCount, from: &reader, unpacker)
        var predictor = StartPredictor(base, traceStarts: traceStarts)
        for index in 0..<wanted.upperBound {
            let parent = parents[index]
            let start = predictor.expectation(parent: parent) &+ UInt64(bitPattern: ColumnCoding.unzigzag(codes[index]))
            let end = start &+ UInt64(bitPattern: ColumnCoding.unzigzag(durations[index]))
            predictor.add(start: start, end: end, parent: parent)
            if index >= wanted.lowerBound {
                rows[index &- wanted.lowerBound].start = start
                rows[index &- wanted.lowerBound].end = end
            }
        }
    }

    private func readResources(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        var reader = reader(.resources)
        let codes = try NumberColumn.decode(rowCount, from: &reader, unpacker)
        var numbers = [Int](repeating: 0, count: rowCount)
        // Where the batch has a resource, + 1.
        var known = [UInt32](repeating: 0, count: limit(.resources))
        var last = (number: -1, resource: UInt32(0))
        for index in 0..<wanted.upperBound {
            if codes[index] == 0 {
                if parents[index] < 0 { throw .malformed(at: reader.position, "the resource of a parent that is not there") }
                numbers[index] = numbers[parents[index]]
            } else {
                numbers[index] = try number(codes[index] &- 1, .resources, at: reader.position)
            }
            if index < wanted.lowerBound { continue }
            if numbers[index] != last.number {
                last.number = numbers[index]
                if known[last.number] != 0 {
                    last.resource = known[last.number] &- 1
                } else {
                    var batch = SpanBatch()
                    swap(&batch, &self.batch)
                    last.resource = try withEntry(last.number, .resources) { (bytes) throws(ByteCodingError) in
                        try SpanPageFormat.readResource(bytes, whole: projection.columns.contains(.resources), &batch)
                    }
                    swap(&batch, &self.batch)
                    known[last.number] = last.resource &+ 1
                }
            }
            rows[index &- wanted.lowerBound].resource = last.resource
        }
    }
}
