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
    let rowCount: Int
    let traceCount: Int
    let eventCount: Int
    let linkCount: Int
    /// How many entries of each table of the block count for this page.
    let sharedCounts: [Int]
    /// What the tables of the block had no room for.
    let own: [SpanTables.Entries]
    private let streams: [Range<Int>]
    /// Where the values of each column are, by its number.
    let columnStreams: [Int: Range<Int>]
    /// The rows to be built.
    private(set) var wanted: Range<Int>
    /// What has been read of all rows, for who reads on.
    private var knownPlans: [UInt32]?
    private var knownDurations: [UInt64]?

    /// Reads the head of a page; whoever reads many lends an unpacker.
    init(
        _ bytes: UnsafeRawBufferPointer, _ tables: SpanTables, _ catalog: ClassCatalog, _ projection: SpanProjection, rowCount: Int,
        unpacker: ZstdUnpacker? = nil
    ) throws(ByteCodingError) {
        self.bytes = bytes
        self.tables = tables
        self.catalog = catalog
        self.projection = projection
        if let unpacker { self.unpacker = unpacker } else { self.unpacker = try ZstdUnpacker() }
        var reader = ByteReader(bytes)
        self.rowCount = try reader.readCount(limit: SpanBlockFormat.pageRowLimit)
        traceCount = try reader.readCount(limit: self.rowCount)
        eventCount = try reader.readCount(limit: SpanBatchCodec.rowLimit)
        linkCount = try reader.readCount(limit: bytes.count / 24)
        if self.rowCount != rowCount {
            throw ByteCodingError(.malformed, "a page has \(self.rowCount) rows instead of \(rowCount)")
        }
        wanted = 0..<rowCount
        var sharedCounts: [Int] = []
        var own = [SpanTables.Entries](repeating: SpanTables.Entries(), count: 3)
        for table in own.indices {
            sharedCounts.append(try reader.readCount(limit: tables[SpanTable.allCases[table]].count))
            try own[table].append(&reader)
        }
        self.sharedCounts = sharedCounts
        self.own = own
        let columns = SpanTable.columns.rawValue
        (streams, columnStreams) = try Self.readDirectory(
            &reader, sharedColumns: sharedCounts[columns], ownColumns: own[columns].count - 1, allShared: tables[.columns].count)
    }

    /// Reads on in a page: some rows of it, with other parts. The catalog is the one of these parts.
    init(_ other: SpanPageDecoder, _ catalog: ClassCatalog, _ projection: SpanProjection, rows: Range<Int>) {
        (bytes, tables, unpacker, streams, columnStreams) =
            (other.bytes, other.tables, other.unpacker, other.streams, other.columnStreams)
        (rowCount, traceCount, eventCount, linkCount) = (other.rowCount, other.traceCount, other.eventCount, other.linkCount)
        (sharedCounts, own) = (other.sharedCounts, other.own)
        (knownPlans, knownDurations) = (other.knownPlans, other.knownDurations)
        self.catalog = catalog
        self.projection = projection
        wanted = rows.clamped(to: 0..<rowCount)
    }

    private static func readDirectory(
        _ reader: inout ByteReader, sharedColumns: Int, ownColumns: Int, allShared: Int
    ) throws(ByteCodingError) -> (streams: [Range<Int>], columns: [Int: Range<Int>]) {
        var lengths: [Int] = []
        for _ in SpanPageFormat.Stream.allCases { lengths.append(try reader.readCount(limit: reader.remaining)) }
        let columnCount = try reader.readCount(limit: reader.remaining)
        var columns: [Int] = []
        for _ in 0..<columnCount {
            let start = reader.position
            let number = try number(try reader.readVarint(), limit: sharedColumns + ownColumns, at: start)
            columns.append(number < sharedColumns ? number : allShared + number - sharedColumns)
            lengths.append(try reader.readCount(limit: reader.remaining))
        }
        var ranges: [Range<Int>] = []
        for length in lengths {
            let start = reader.position
            try reader.skip(length)
            ranges.append(start..<reader.position)
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind the end of a page") }
        let streams = Array(ranges.prefix(SpanPageFormat.Stream.allCases.count))
        var columnStreams: [Int: Range<Int>] = [:]
        for (column, range) in zip(columns, ranges.dropFirst(streams.count)) { columnStreams[column] = range }
        return (streams, columnStreams)
    }

    /// Whether the page has resources that the block does not share.
    var hasOwnResources: Bool { own[SpanTable.resources.rawValue].count > 1 }

    /// One more than the greatest number that the page may use in a table.
    func limit(_ table: SpanTable) -> Int {
        // The page's own entries begin with number 1, their empty one is not counted.
        sharedCounts[table.rawValue] + own[table.rawValue].count - 1
    }

    /// A number in a table that has been checked: below `sharedCounts` in the block's, else in the page's own.
    @inline(__always)
    private static func number(_ code: UInt64, limit: Int, at position: Int) throws(ByteCodingError) -> Int {
        if code == 0 || code >= UInt64(limit) { throw .malformed(at: position, "entry \(code) of \(limit) in a table") }
        return Int(code)
    }

    /// The class of each row, event and link as an index of the catalog's plans, where the page's own classes stand behind all
    /// of the block's.
    func plansOfOwners() throws(ByteCodingError) -> [UInt32] {
        if let knownPlans { return knownPlans }
        var reader = reader(.classes)
        let codes = try NumberColumn.decode(rowCount + eventCount + linkCount, from: &reader, unpacker)
        let limit = limit(.classes)
        let sharedCount = sharedCounts[SpanTable.classes.rawValue]
        let shift = tables[.classes].count - sharedCount
        var plans: [UInt32] = []
        plans.reserveCapacity(codes.count)
        for code in codes {
            let number = try Self.number(code, limit: limit, at: reader.position)
            plans.append(UInt32(truncatingIfNeeded: number < sharedCount ? number : number &+ shift))
        }
        knownPlans = plans
        return plans
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
        let traces = try readTraces(&rows)
        var parents: [Int] = []
        if wants(.spanIDs) || wants(.parents) { try readSpanIDs(&rows) }
        if wants([.parents, .starts, .resources, .services]) { parents = try readParents(traces, &rows) }
        if wants(.times) { try readTimes(traces, parents, &rows) }
        var batch = SpanBatch()
        if wants([.names, .kinds, .statusMessages, .scopes, .attributes, .events, .links, .others]) {
            let catalog = hasOwnEntries ? try extendedCatalog(catalog) : catalog
            var attributes = try PageAttributes(self, catalog, catalog.base)
            try attributes.read(&rows)
            batch = attributes.batch
        }
        if wants([.resources, .services]) { try readResources(traces, parents, &rows, &batch) }
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

    /// Where traces begin, and which rows must be looked at for those that are wanted: what a row is told from is a row of its
    /// trace before it, or the first row of another trace.
    private struct Traces {
        /// The first row of each trace.
        var firstRows: [Int] = []
        /// From the beginning of a trace to the end of what is wanted.
        var needed = 0..<0
    }

    private func readTraces(_ rows: inout [SpanRow]) throws(ByteCodingError) -> Traces {
        var reader = reader(.traces)
        let lengths = try NumberColumn.decode(traceCount, from: &reader, unpacker)
        let wanted = wanted
        var traces = Traces(needed: wanted)
        var row = 0
        for length in lengths {
            let id = TraceID(high: try reader.readInteger(), low: try reader.readInteger())
            if length == 0 || length > UInt64(rowCount - row) { throw .malformed(at: reader.position, "a trace of \(length) rows") }
            traces.firstRows.append(row)
            let end = row + Int(length)
            if row <= wanted.lowerBound, wanted.lowerBound < end { traces.needed = row..<wanted.upperBound }
            for index in (row..<end).clamped(to: wanted) { rows[index - wanted.lowerBound].traceID = id }
            row = end
        }
        if row != rowCount { throw .malformed(at: reader.position, "rows that belong to no trace") }
        return traces
    }

    private func spanID(_ row: Int) -> SpanID {
        SpanID(
            UInt64(
                littleEndian: bytes.loadUnaligned(
                    fromByteOffset: streams[SpanPageFormat.Stream.spanIDs.rawValue].lowerBound &+ row &* 8, as: UInt64.self)))
    }

    private func readSpanIDs(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        if reader(.spanIDs).remaining != rowCount * 8 { throw ByteCodingError(.malformed, "a page lacks ids of spans") }
        let first = wanted.lowerBound
        for index in rows.indices { rows[index].spanID = spanID(first &+ index) }
    }

    /// Gives for each row that is needed the place of its parent among them, or -1.
    private func readParents(_ traces: Traces, _ rows: inout [SpanRow]) throws(ByteCodingError) -> [Int] {
        let (needed, first) = (traces.needed, wanted.lowerBound)
        var reader = reader(.parents)
        let codes = try NumberColumn.decode(rowCount, only: 0..<needed.upperBound, from: &reader, unpacker)
        var parents = [Int](repeating: -1, count: needed.count)
        let areWanted = wants(.parents)
        for index in 0..<needed.lowerBound where codes[index] == SpanBatchCodec.ParentCode.elsewhere { try reader.skip(8) }
        for index in needed {
            switch codes[index] {
            case SpanBatchCodec.ParentCode.none: break
            case SpanBatchCodec.ParentCode.elsewhere:
                let id = SpanID(try reader.readInteger())
                if areWanted, index >= first { rows[index &- first].parentSpanID = id }
            case let code:
                let distance = ColumnCoding.unzigzag(code &- SpanBatchCodec.ParentCode.firstDistance)
                let (row, overflow) = Int64(index).subtractingReportingOverflow(distance)
                guard !overflow, row >= 0, row < Int64(rowCount) else {
                    throw .malformed(at: reader.position, "a parent outside of its page")
                }
                if row < index { parents[index &- needed.lowerBound] = try place(Int(row), in: needed) }
                if areWanted, index >= first { rows[index &- first].parentSpanID = spanID(Int(row)) }
            }
        }
        return parents
    }

    private func place(_ row: Int, in needed: Range<Int>) throws(ByteCodingError) -> Int {
        if row < needed.lowerBound { throw ByteCodingError(.malformed, "a parent in another trace") }
        return row &- needed.lowerBound
    }

    /// End less start of some rows, signed, as ``ColumnCoding/zigzag(_:)`` makes it.
    func durations(_ rows: Range<Int>) throws(ByteCodingError) -> [UInt64] {
        if let knownDurations { return Array(knownDurations[rows]) }
        var reader = reader(.durations)
        let durations = try NumberColumn.decode(rowCount, only: rows, from: &reader, unpacker)
        if rows.count == rowCount { knownDurations = durations }
        return durations
    }

    private func readTimes(_ traces: Traces, _ parents: [Int], _ rows: inout [SpanRow]) throws(ByteCodingError) {
        let needed = traces.needed
        let durations = try durations(needed)
        let skipped = wanted.lowerBound &- needed.lowerBound
        guard wants(.starts) else {
            for index in rows.indices {
                let duration = ColumnCoding.unzigzag(durations[skipped &+ index])
                if duration < 0 { rows[index].start = duration.magnitude } else { rows[index].end = UInt64(duration) }
            }
            return
        }
        var reader = reader(.starts)
        if rowCount == 0 { return }
        guard let base = StartPredictor.Base(rawValue: try reader.readByte()) else {
            throw ByteCodingError(.malformed, "starts in an unknown form")
        }
        let codes = try NumberColumn.decode(rowCount, only: 0..<needed.upperBound, from: &reader, unpacker)
        var traceStarts = [Bool](repeating: false, count: needed.count)
        var lastTraceStart: UInt64 = 0
        for row in traces.firstRows where row < needed.upperBound {
            if row >= needed.lowerBound {
                traceStarts[row &- needed.lowerBound] = true
            } else {
                lastTraceStart &+= UInt64(bitPattern: ColumnCoding.unzigzag(codes[row]))
            }
        }
        var predictor = StartPredictor(base, traceStarts: traceStarts, lastTraceStart: lastTraceStart)
        for index in 0..<needed.count {
            let parent = parents[index]
            let code = codes[needed.lowerBound &+ index]
            let start = predictor.expectation(parent: parent) &+ UInt64(bitPattern: ColumnCoding.unzigzag(code))
            let end = start &+ UInt64(bitPattern: ColumnCoding.unzigzag(durations[index]))
            predictor.add(start: start, end: end, parent: parent)
            if index >= skipped {
                rows[index &- skipped].start = start
                rows[index &- skipped].end = end
            }
        }
    }

    private func readResources(
        _ traces: Traces, _ parents: [Int], _ rows: inout [SpanRow], _ batch: inout SpanBatch
    ) throws(ByteCodingError) {
        let needed = traces.needed
        var reader = reader(.resources)
        let codes = try NumberColumn.decode(rowCount, only: needed, from: &reader, unpacker)
        let (limit, isWhole) = (limit(.resources), projection.columns.contains(.resources))
        let skipped = wanted.lowerBound &- needed.lowerBound
        var numbers = [Int](repeating: 0, count: needed.count)
        // Where the batch has a resource, + 1.
        var known = [UInt32](repeating: 0, count: limit)
        for index in 0..<needed.count {
            if codes[index] == 0 {
                if parents[index] < 0 { throw .malformed(at: reader.position, "the resource of a parent that is not there") }
                numbers[index] = numbers[parents[index]]
            } else {
                numbers[index] = try Self.number(codes[index] &- 1, limit: limit, at: reader.position)
            }
            if index < skipped { continue }
            let number = numbers[index]
            if known[number] == 0 {
                known[number] = try withEntry(number, .resources) { (bytes) throws(ByteCodingError) in
                    try SpanPageFormat.readResource(bytes, whole: isWhole, &batch) &+ 1
                }
            }
            rows[index &- skipped].resource = known[number] &- 1
        }
    }
}
