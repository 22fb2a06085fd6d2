import ByteCoding
import TelemetryModel

/// One page while it is written.
struct PageDraft {
    /// A number in a table of the block or of the page.
    struct Number: Hashable {
        var number: Int
        var isShared: Bool

        /// As pages write it: the page's own go on behind those of the block.
        func code(_ sharedCount: Int) -> UInt64 { UInt64(isShared ? number : sharedCount + number - 1) }
    }

    let batch: SpanBatch
    var classes: RowClasses
    var ownColumns = SymbolTable()
    var ownResources = SymbolTable()
    var ownClasses = SymbolTable()
    var resources: [Number] = []
    private var traceIDs: [TraceID] = []
    private var traceOfRow: [UInt32] = []
    /// The row of each row's parent, or -1.
    private var parents: [Int] = []
    private var streams = [ByteWriter](repeating: ByteWriter(), count: SpanPageFormat.Stream.allCases.count)
    fileprivate(set) var columnStreams: [(column: Int, bytes: ByteWriter)] = []
    private var texts: TextColumnEncoder

    init(_ batch: SpanBatch) {
        self.batch = batch
        classes = RowClasses(batch)
        texts = TextColumnEncoder(symbolCount: batch.symbols.count)
    }

    /// Head, own tables, directory, streams.
    func assembled(_ sharedCounts: [Int]) -> [UInt8] {
        var writer = ByteWriter(capacity: streams.reduce(1024) { $0 + $1.count })
        for count in [batch.count, traceIDs.count, classes.owners.events.count, classes.owners.links.count] {
            writer.writeVarint(UInt64(count))
        }
        for (count, own) in zip(sharedCounts, [ownColumns, ownResources, ownClasses]) {
            writer.writeVarint(UInt64(count))
            writer.writeVarint(UInt64(own.count - 1))
            for number in 1..<max(1, own.count) { own.withBytes(UInt32(number)) { writer.writeLengthPrefixed($0) } }
        }
        for stream in streams { writer.writeVarint(UInt64(stream.count)) }
        writer.writeVarint(UInt64(columnStreams.count))
        for (index, stream) in columnStreams {
            let column = classes.columns[index]
            writer.writeVarint(Number(number: column.number, isShared: column.isShared).code(sharedCounts[0]))
            writer.writeVarint(UInt64(stream.count))
        }
        for stream in streams { writer.writeBytes(stream.bytes) }
        for (_, stream) in columnStreams { writer.writeBytes(stream.bytes) }
        return writer.bytes
    }
}

extension PageDraft {
    subscript(stream: SpanPageFormat.Stream) -> ByteWriter {
        get { streams[stream.rawValue] }
        _modify { yield &streams[stream.rawValue] }
    }

    mutating func writeStreams(
        _ packer: ZstdPacker, _ templates: inout TemplateDraft, sharedCounts: (resources: Int, classes: Int)
    ) throws {
        try writeTraces(packer)
        try writeParents(packer)
        try writeTimes(packer)
        try writeCodes(packer, sharedCounts)
        let rows = batch.rows
        try writeTexts(
            .statusMessages, rows.compactMap { $0.statusMessage == 0 ? nil : UInt64($0.statusMessage) }, packer, &templates)
        try writeTexts(.traceStates, rows.compactMap { $0.traceState == 0 ? nil : UInt64($0.traceState) }, packer, &templates)
        let dropping = rows.filter { PageOwners.presence($0) & SpanPageFormat.Presence.dropped != 0 }
        for column: KeyPath<SpanRow, UInt32> in [\.droppedAttributeCount, \.droppedEventCount, \.droppedLinkCount] {
            try NumberColumn.encode(dropping.map { UInt64($0[keyPath: column]) }, .codes, to: &self[.dropped], packer)
        }
        try writeEvents(packer)
        try writeLinks(packer, &templates)
    }

    private mutating func writeTraces(_ packer: ZstdPacker) throws {
        var lengths: [UInt64] = []
        traceOfRow.reserveCapacity(batch.count)
        for row in batch.rows {
            if traceIDs.last != row.traceID {
                traceIDs.append(row.traceID)
                lengths.append(0)
            }
            lengths[lengths.count - 1] += 1
            traceOfRow.append(UInt32(traceIDs.count - 1))
        }
        try NumberColumn.encode(lengths, .codes, to: &self[.traces], packer)
        for id in traceIDs {
            self[.traces].writeInteger(id.high)
            self[.traces].writeInteger(id.low)
        }
        self[.spanIDs] = ByteWriter(capacity: batch.count * 8)
        for row in batch.rows { self[.spanIDs].writeInteger(row.spanID.value) }
    }

    private mutating func writeParents(_ packer: ZstdPacker) throws {
        let rows = batch.rows
        let table = SpanRowTable(rows, traceOfRow)
        var codes: [UInt64] = []
        codes.reserveCapacity(rows.count)
        parents.reserveCapacity(rows.count)
        var elsewhere: [UInt64] = []
        for index in rows.indices {
            let parent = rows[index].parentSpanID
            var found = -1
            if parent.isZero {
                codes.append(SpanBatchCodec.ParentCode.none)
            } else if let row = table.row(of: parent, trace: traceOfRow[index]) {
                found = row
                codes.append(SpanBatchCodec.ParentCode.firstDistance &+ ColumnCoding.zigzag(Int64(index - row)))
            } else {
                codes.append(SpanBatchCodec.ParentCode.elsewhere)
                elsewhere.append(parent.value)
            }
            parents.append(found < index ? found : -1)
        }
        try NumberColumn.encode(codes, .codes, to: &self[.parents], packer)
        for id in elsewhere { self[.parents].writeInteger(id) }
    }

    private mutating func writeTimes(_ packer: ZstdPacker) throws {
        let rows = batch.rows
        let traceStarts = traceOfRow.indices.map { $0 == 0 || traceOfRow[$0] != traceOfRow[$0 - 1] }
        var best: (base: StartPredictor.Base, codes: [UInt64], bitCount: Int)?
        for base in StartPredictor.Base.allCases {
            var predictor = StartPredictor(base, traceStarts: traceStarts)
            var codes: [UInt64] = []
            codes.reserveCapacity(rows.count)
            var bitCount = 0
            for (index, row) in rows.enumerated() {
                let code = ColumnCoding.zigzag(Int64(bitPattern: row.start &- predictor.expectation(parent: parents[index])))
                predictor.add(start: row.start, end: row.end, parent: parents[index])
                codes.append(code)
                bitCount += 64 - code.leadingZeroBitCount
            }
            if bitCount < best?.bitCount ?? .max { best = (base, codes, bitCount) }
        }
        guard let best else { return }
        self[.starts].writeByte(best.base.rawValue)
        try NumberColumn.encode(best.codes, .measures, to: &self[.starts], packer)
        let durations = rows.map { ColumnCoding.zigzag(Int64(bitPattern: $0.end &- $0.start)) }
        try NumberColumn.encode(durations, .measures, to: &self[.durations], packer)
    }

    /// Classes and resources by number.
    private mutating func writeCodes(_ packer: ZstdPacker, _ sharedCounts: (resources: Int, classes: Int)) throws {
        let numbers = classes.classes.map { Number(number: $0.number, isShared: $0.isShared).code(sharedCounts.classes) }
        let codes = classes.classOfOwner.map { numbers[Int($0)] }
        try NumberColumn.encode(codes, .codes, to: &self[.classes], packer)
        let resources = batch.rows.indices.map { index -> UInt64 in
            let number = self.resources[Int(batch.rows[index].resource)]
            let parent = parents[index]
            if parent >= 0, self.resources[Int(batch.rows[parent].resource)] == number { return 0 }
            return number.code(sharedCounts.resources) + 1
        }
        try NumberColumn.encode(resources, .codes, to: &self[.resources], packer)
    }

    private mutating func writeTexts(
        _ stream: SpanPageFormat.Stream, _ values: [UInt64], _ packer: ZstdPacker, _ templates: inout TemplateDraft
    ) throws {
        try texts.encode(values, batch.symbols, &templates, to: &streams[stream.rawValue], packer)
    }

    private mutating func writeEvents(_ packer: ZstdPacker) throws {
        var counts: [UInt64] = []
        var times: [UInt64] = []
        var dropped: [UInt64] = []
        for row in batch.rows where row.events.count > 0 {
            counts.append(UInt64(row.events.count))
            for index in row.events.indices {
                times.append(ColumnCoding.zigzag(Int64(bitPattern: batch.events[index].time &- row.start)))
                dropped.append(UInt64(batch.events[index].droppedAttributeCount))
            }
        }
        try NumberColumn.encode(counts, .codes, to: &self[.events], packer)
        try NumberColumn.encode(times, .measures, to: &self[.events], packer)
        try NumberColumn.encode(dropped, .codes, to: &self[.events], packer)
    }

    private mutating func writeLinks(_ packer: ZstdPacker, _ templates: inout TemplateDraft) throws {
        let links = classes.owners.links.map { batch.links[$0] }
        let counts = batch.rows.compactMap { $0.links.count == 0 ? nil : UInt64($0.links.count) }
        try NumberColumn.encode(counts, .codes, to: &self[.links], packer)
        for link in links {
            self[.links].writeInteger(link.traceID.high)
            self[.links].writeInteger(link.traceID.low)
            self[.links].writeInteger(link.spanID.value)
        }
        try writeTexts(.links, links.map { UInt64($0.traceState) }, packer, &templates)
        try NumberColumn.encode(links.map { UInt64($0.droppedAttributeCount) }, .codes, to: &self[.links], packer)
    }
}

extension PageDraft {
    /// Writes the values of attributes that are not part of classes, each column as a stream of its own.
    mutating func writeColumns(_ packer: ZstdPacker, _ templates: inout TemplateDraft) throws {
        // Taken once: what is read through `self` in a loop is held and let go of each time.
        let (classes, batch) = (classes, batch)
        let isConstant = classes.columns.map(\.isConstant)
        var next: [Int] = []
        var total = 0
        for column in classes.columns {
            next.append(total)
            total += column.isConstant ? 0 : column.count
        }
        let values = [UInt64](unsafeUninitializedCapacity: total) { buffer, count in
            for range in classes.owners.attributes {
                for index in range.indices {
                    let row = batch.attributes[index]
                    let column = classes.column(row)
                    if isConstant[column] { continue }
                    buffer[next[column]] = row.payload
                    next[column] &+= 1
                }
            }
            count = total
        }
        for (index, column) in classes.columns.enumerated() where !column.isConstant {
            var writer = ByteWriter()
            let range = (next[index] - column.count)..<next[index]
            try write(values[range], column.type, &writer, packer, &templates)
            columnStreams.append((index, writer))
        }
    }

    private mutating func write(
        _ values: ArraySlice<UInt64>, _ type: AttributeType, _ writer: inout ByteWriter, _ packer: ZstdPacker,
        _ templates: inout TemplateDraft
    ) throws {
        switch type {
        case .empty: break
        case .string, .bytes, .composite: try texts.encode(values, batch.symbols, &templates, to: &writer, packer)
        case .bool: try NumberColumn.encode(Array(values), .codes, to: &writer, packer)
        case .int:
            let codes = values.map { ColumnCoding.zigzag(Int64(bitPattern: $0)) }
            try NumberColumn.encode(codes, .codes, to: &writer, packer)
        case .double:
            // Turned around, so that round numbers, which end with many zero bits, are small.
            try NumberColumn.encode(values.map(\.byteSwapped), .codes, to: &writer, packer)
        }
    }
}
