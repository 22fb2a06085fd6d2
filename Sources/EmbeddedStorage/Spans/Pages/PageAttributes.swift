import ByteCoding
import Storage
import TelemetryModel

/// Reads what the classes of a page say of its rows, and the values that they take from columns.
struct PageAttributes {
    private let page: SpanPageDecoder
    /// The rows to be built.
    private let wanted: Range<Int>
    private let catalog: ClassCatalog
    /// The class of each row, event, link, as an index of the catalog's plans.
    private var planOfOwner: [UInt32] = []
    private var useCounts: [Int]
    private var columns: [Column]
    /// The values of columns of numbers that have been read.
    private var numbers: [UInt64] = []
    private var texts: [TextColumnDecoder] = []
    /// Where rows, attributes, events and links are built.
    private(set) var batch: SpanBatch

    /// How far a column has been read.
    private struct Column {
        var count = 0
        /// The next value.
        var cursor = 0
        var isRead = false
        /// Where its first value would be in `numbers`, of which those behind others may be missing.
        var start = 0
        /// How many values the wanted rows take.
        var wantedCount = 0
        /// Whether events or links take values too.
        var isShared = false
        /// Its index in `texts`; negative for numbers.
        var text = -1
    }

    /// Reads the class of each row; `batch` has begun with the catalog's base.
    init(_ page: SpanPageDecoder, _ catalog: ClassCatalog, _ batch: consuming SpanBatch) throws(ByteCodingError) {
        self.page = page
        wanted = page.wanted
        self.catalog = catalog
        self.batch = batch
        useCounts = [Int](repeating: 0, count: catalog.plans.count)
        columns = [Column](repeating: Column(), count: catalog.columns.count)
        try readClasses()
        try countValues()
    }

    private mutating func readClasses() throws(ByteCodingError) {
        planOfOwner = try page.plansOfOwners()
        for (index, plan) in planOfOwner.enumerated() {
            let owner: SpanPageFormat.Owner =
                index < page.rowCount ? .span : index < page.rowCount &+ page.eventCount ? .event : .link
            if catalog.plans[Int(plan)].owner != owner { throw ByteCodingError(.malformed, "a class of something else") }
            useCounts[Int(plan)] &+= 1
        }
    }

    private mutating func countValues() throws(ByteCodingError) {
        var total = 0
        for (index, useCount) in useCounts.enumerated() where useCount > 0 {
            let pieces = catalog.plans[index].pieces
            for piece in pieces where catalog.pieces[piece].column >= 0 {
                columns[catalog.pieces[piece].column].count &+= useCount
            }
            total += pieces.count * useCount
            if total > SpanBatchCodec.rowLimit {
                throw ByteCodingError(.tooLarge, "a page of more than \(SpanBatchCodec.rowLimit) attributes")
            }
        }
    }

    /// Fills in the wanted rows, whose number `rows` has.
    mutating func read(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        let areWanted = page.wants(.attributes)
        skip(0..<wanted.lowerBound)
        if areWanted, wanted.count < page.rowCount { countWantedValues() }
        for (place, index) in wanted.enumerated() {
            let plan = catalog.plans[Int(planOfOwner[index])]
            rows[place].name = plan.row.name
            rows[place].scope = plan.row.scope
            rows[place].kind = plan.row.kind
            rows[place].status = plan.row.status
            rows[place].side = plan.row.side
            rows[place].flags = plan.row.flags
            if !plan.pieces.isEmpty { rows[place].attributes = try take(plan, wanted: areWanted) }
        }
        // Those behind matter only to events and links, whose values follow theirs.
        if page.wants([.events, .links]) { skip(wanted.upperBound..<page.rowCount) }
        try readTexts(.statusMessages, SpanPageFormat.Presence.statusMessage) { rows[$0].statusMessage = $1 }
        try readTexts(.traceStates, SpanPageFormat.Presence.traceState) { rows[$0].traceState = $1 }
        try readDropped(&rows)
        try readEvents(&rows)
        try readLinks(&rows)
    }

    // MARK: - Values

    /// Finds out which values of each column are wanted, so that the others need not be read.
    private mutating func countWantedValues() {
        for row in wanted {
            for piece in catalog.plans[Int(planOfOwner[row])].pieces where catalog.pieces[piece].column >= 0 {
                columns[catalog.pieces[piece].column].wantedCount &+= 1
            }
        }
        for (index, useCount) in useCounts.enumerated() where useCount > 0 && catalog.plans[index].owner != .span {
            for piece in catalog.plans[index].pieces where catalog.pieces[piece].column >= 0 {
                columns[catalog.pieces[piece].column].isShared = true
            }
        }
    }

    /// Passes over the values of rows, by class.
    private mutating func skip(_ rows: Range<Int>) {
        if rows.isEmpty { return }
        var counts = [Int](repeating: 0, count: catalog.plans.count)
        for row in rows { counts[Int(planOfOwner[row])] &+= 1 }
        for (index, count) in counts.enumerated() where count > 0 {
            for piece in catalog.plans[index].pieces {
                let column = catalog.pieces[piece].column
                if column >= 0 { columns[column].cursor &+= count }
            }
        }
    }

    private mutating func skip(_ plan: ClassCatalog.Plan) {
        for index in plan.pieces {
            let column = catalog.pieces[index].column
            if column >= 0 { columns[column].cursor &+= 1 }
        }
    }

    /// The attributes of the next owner of a class.
    private mutating func take(_ plan: ClassCatalog.Plan, wanted: Bool) throws(ByteCodingError) -> RowRange {
        if !wanted {
            skip(plan)
            return .none
        }
        let start = batch.attributes.count
        for index in plan.pieces {
            let piece = catalog.pieces[index]
            var row = piece.row
            if piece.column >= 0 { row.payload = try next(piece.column) }
            batch.attributes.append(row)
        }
        return RowRange(start: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: plan.pieces.count))
    }

    private mutating func next(_ column: Int) throws(ByteCodingError) -> UInt64 {
        if !columns[column].isRead { try readColumn(column) }
        let place = columns[column].cursor
        columns[column].cursor = place &+ 1
        let text = columns[column].text
        if text < 0 { return numbers[columns[column].start &+ place] }
        return UInt64(try texts[text].symbol(place, &batch.symbols))
    }

    private mutating func readColumn(_ index: Int) throws(ByteCodingError) {
        columns[index].isRead = true
        let count = columns[index].count
        let type = catalog.columns[index].type
        guard let range = page.columnStreams[index] else {
            throw ByteCodingError(.malformed, "a page lacks the values of a column")
        }
        var reader = page.reader(range)
        let first = columns[index].cursor
        let isWhole = columns[index].wantedCount == 0 || columns[index].isShared
        let wanted = isWhole ? 0..<count : first..<(first + columns[index].wantedCount)
        switch type {
        case .string, .bytes, .composite:
            columns[index].text = texts.count
            texts.append(try TextColumnDecoder(count, wanted: wanted, from: &reader, page.tables[.templates], page.unpacker))
        case .empty, .bool, .int, .double:
            columns[index].start = numbers.count - wanted.lowerBound
            let values =
                type == .empty
                ? [UInt64](repeating: 0, count: wanted.count)
                : try NumberColumn.decode(count, only: wanted, from: &reader, page.unpacker)
            switch type {
            case .bool: for value in values { numbers.append(value & 1) }
            case .int: for value in values { numbers.append(UInt64(bitPattern: ColumnCoding.unzigzag(value))) }
            case .double: for value in values { numbers.append(value.byteSwapped) }
            default: numbers.append(contentsOf: values)
            }
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind the values of a column") }
    }

    // MARK: - What only some rows have

    /// How many rows have something.
    private func count(_ bit: UInt8) -> Int {
        var count = 0
        for (index, useCount) in useCounts.enumerated() where catalog.plans[index].presence & bit != 0 { count += useCount }
        return count
    }

    /// Calls `body` with each row that has something, and how many had it before.
    private func forEach(
        _ bit: UInt8, _ body: (Int, Int) throws(ByteCodingError) -> Void
    ) throws(ByteCodingError) {
        var met = 0
        for row in 0..<page.rowCount where catalog.plans[Int(planOfOwner[row])].presence & bit != 0 {
            try body(row, met)
            met += 1
        }
    }

    private mutating func readTexts(
        _ stream: SpanPageFormat.Stream, _ bit: UInt8, _ body: (Int, UInt32) -> Void
    ) throws(ByteCodingError) {
        guard page.wants(stream == .statusMessages ? .statusMessages : .others) else { return }
        let count = count(bit)
        if count == 0 { return }
        var reader = page.reader(stream)
        var column = try TextColumnDecoder(count, from: &reader, page.tables[.templates], page.unpacker)
        var symbols = SymbolTable()
        swap(&symbols, &batch.symbols)
        defer { swap(&symbols, &batch.symbols) }
        try forEach(bit) { (row, met) throws(ByteCodingError) in
            if wanted.contains(row) { body(row - wanted.lowerBound, try column.symbol(met, &symbols)) }
        }
    }

    private func readDropped(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        guard page.wants(.others) else { return }
        let count = count(SpanPageFormat.Presence.dropped)
        if count == 0 { return }
        var reader = page.reader(.dropped)
        for column: WritableKeyPath<SpanRow, UInt32> in [\.droppedAttributeCount, \.droppedEventCount, \.droppedLinkCount] {
            let numbers = try NumberColumn.decode(count, from: &reader, page.unpacker)
            try forEach(SpanPageFormat.Presence.dropped) { (row, met) throws(ByteCodingError) in
                let number = try Self.word(numbers[met])
                if wanted.contains(row) { rows[row - wanted.lowerBound][keyPath: column] = number }
            }
        }
    }

    private static func word(_ number: UInt64) throws(ByteCodingError) -> UInt32 {
        guard let word = UInt32(exactly: number) else { throw ByteCodingError(.malformed, "a number of more than 32 bits") }
        return word
    }

    /// For each row its events or links, which the stream begins with; together there must be `total`.
    private func readRuns(
        _ bit: UInt8, _ reader: inout ByteReader, total: Int
    ) throws(ByteCodingError) -> [(row: Int, items: Range<Int>)] {
        let counts = try NumberColumn.decode(count(bit), from: &reader, page.unpacker)
        var runs: [(row: Int, items: Range<Int>)] = []
        var next = 0
        try forEach(bit) { (row, met) throws(ByteCodingError) in
            if counts[met] > UInt64(total - next) {
                throw ByteCodingError(.malformed, "more events or links than the page has")
            }
            runs.append((row, next..<(next + Int(counts[met]))))
            next += Int(counts[met])
        }
        if next != total { throw ByteCodingError(.malformed, "events or links that belong to no span") }
        return runs
    }

    private mutating func readEvents(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        guard page.wants([.events, .links]), page.eventCount > 0 else { return }
        var reader = page.reader(.events)
        let runs = try readRuns(SpanPageFormat.Presence.events, &reader, total: page.eventCount)
        let times = try NumberColumn.decode(page.eventCount, from: &reader, page.unpacker)
        let dropped = try NumberColumn.decode(page.eventCount, from: &reader, page.unpacker)
        for run in runs {
            let isWanted = page.wants(.events) && wanted.contains(run.row)
            let start = batch.events.count
            for event in run.items {
                let plan = catalog.plans[Int(planOfOwner[page.rowCount + event])]
                if !isWanted {
                    skip(plan)
                    continue
                }
                let time = rows[run.row - wanted.lowerBound].start &+ UInt64(bitPattern: ColumnCoding.unzigzag(times[event]))
                batch.events.append(
                    EventRow(
                        time: time, name: plan.row.name, attributes: try take(plan, wanted: true),
                        droppedAttributeCount: try Self.word(dropped[event])))
            }
            if isWanted {
                rows[run.row - wanted.lowerBound].events = RowRange(start: UInt32(start), count: UInt32(run.items.count))
            }
        }
    }

    private mutating func readLinks(_ rows: inout [SpanRow]) throws(ByteCodingError) {
        guard page.wants(.links), page.linkCount > 0 else { return }
        var reader = page.reader(.links)
        let runs = try readRuns(SpanPageFormat.Presence.links, &reader, total: page.linkCount)
        let ids = try reader.readBytes(page.linkCount * 24)
        var states = try TextColumnDecoder(page.linkCount, from: &reader, page.tables[.templates], page.unpacker)
        let dropped = try NumberColumn.decode(page.linkCount, from: &reader, page.unpacker)
        for run in runs {
            let isWanted = wanted.contains(run.row)
            let start = batch.links.count
            for link in run.items {
                let plan = catalog.plans[Int(planOfOwner[page.rowCount + page.eventCount + link])]
                if !isWanted {
                    skip(plan)
                    continue
                }
                var id = ByteReader(UnsafeRawBufferPointer(rebasing: ids[(link * 24)..<(link * 24 + 24)]))
                let trace = TraceID(high: try id.readInteger(), low: try id.readInteger())
                let span = SpanID(try id.readInteger())
                let state = try states.symbol(link, &batch.symbols)
                batch.links.append(
                    LinkRow(
                        traceID: trace, spanID: span, traceState: state, flags: plan.row.flags,
                        attributes: try take(plan, wanted: true), droppedAttributeCount: try Self.word(dropped[link])))
            }
            if isWanted {
                rows[run.row - wanted.lowerBound].links = RowRange(start: UInt32(start), count: UInt32(run.items.count))
            }
        }
    }
}
