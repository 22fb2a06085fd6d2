import ByteCoding
import Storage
import TelemetryModel

/// Adds up the rows of a page by the value of an attribute. Columns are read when a row needs them: durations of a page that
/// has the value at all, starts at the edges of the range, ids of traces when one becomes an example.
struct PageValues {
    private struct Match {
        var row: Int32
        var number: Int32
        var isError: Bool
    }

    private let page: SpanPageDecoder
    private let catalog: ClassCatalog
    private let query: SpanValueQuery
    /// Whether all rows start in the range.
    private let isInside: Bool
    /// By the slots that ``BlockValues`` gives columns.
    private var columns: [PageValueColumn] = []
    private var matches: [Match] = []

    init(_ page: SpanPageDecoder, _ catalog: ClassCatalog, _ query: SpanValueQuery, isInside: Bool) {
        self.page = page
        self.catalog = catalog
        self.query = query
        self.isInside = isInside
    }

    /// Adds the rows that are meant.
    mutating func add(_ block: inout BlockValues, to tallies: inout SpanValueTallies) throws(ByteCodingError) {
        let plans = try page.plansOfOwners()
        try countValues(plans, block)
        let parents = block.dependsOnResources || !isInside ? try page.parentRows() : []
        let resources = block.dependsOnResources ? try page.resourcesOfRows(parents, count: block.resources.count) : []
        var durations = isInside ? [] : try page.durations(0..<page.rowCount)
        let starts = isInside ? [] : try page.starts(durations, parents)
        for row in 0..<page.rowCount {
            let plan = Int(plans[row])
            if !block.plans[plan].isSpan { throw ByteCodingError(.malformed, "a class of something else") }
            var isMeant = block.plans[plan].isMeant
            if !isInside { isMeant = isMeant && starts[row] >= query.from && starts[row] <= query.through }
            if !resources.isEmpty { isMeant = isMeant && block.resources[Int(resources[row])].isMeant }
            let number: Int?
            if block.plans[plan].hasColumns {
                number = try numberFromColumns(plan, isMeant, &block, &tallies)
            } else if !isMeant {
                continue
            } else if block.plans[plan].chosen >= 0 {
                number = block.number(ofPlan: plan, catalog, &tallies).number
            } else {
                number = resources.isEmpty ? nil : block.number(ofResource: Int(resources[row]), &tallies).number
            }
            guard let number else { continue }
            matches.append(
                Match(
                    row: Int32(truncatingIfNeeded: row), number: Int32(truncatingIfNeeded: number),
                    isError: block.plans[plan].isError))
        }
        if matches.isEmpty { return }
        if isInside { durations = try page.durations(0..<page.rowCount) }
        try addMatches(durations, to: &tallies)
    }

    private func addMatches(_ durations: [UInt64], to tallies: inout SpanValueTallies) throws(ByteCodingError) {
        var traces: PageTraces?
        for match in matches {
            let row = Int(match.row)
            let nanoseconds = UInt64(max(0, ColumnCoding.unzigzag(durations[row])))
            if tallies.add(Int(match.number), nanoseconds, isError: match.isError) {
                var known = if let traces { traces } else { try page.traces() }
                tallies.keep(Int(match.number), nanoseconds, try known.id(ofRow: row))
                traces = known
            }
        }
    }

    // MARK: - Values of columns

    /// How many values each column has: those of rows, then of events, then of links.
    private mutating func countValues(_ plans: [UInt32], _ block: BlockValues) throws(ByteCodingError) {
        if block.slotCount == 0 { return }
        columns = [PageValueColumn](repeating: PageValueColumn(), count: block.slotCount)
        var useCounts = [Int32](repeating: 0, count: block.plans.count)
        for plan in plans { useCounts[Int(plan)] &+= 1 }
        var total = 0
        for plan in block.plansWithColumns where useCounts[plan] > 0 {
            total += block.plans[plan].pieces.count * Int(useCounts[plan])
            if total > SpanBatchCodec.rowLimit {
                throw ByteCodingError(.tooLarge, "a page of more than \(SpanBatchCodec.rowLimit) attributes")
            }
            for piece in block.plans[plan].pieces {
                let column = catalog.pieces[piece].column
                if column >= 0 { columns[block.slots[column]].count += Int(useCounts[plan]) }
            }
        }
    }

    /// The number of the value of a row whose class takes some from columns.
    private mutating func numberFromColumns(
        _ plan: Int, _ isMeant: Bool, _ block: inout BlockValues, _ tallies: inout SpanValueTallies
    ) throws(ByteCodingError) -> Int? {
        let chosen = block.plans[plan].chosen
        var number: Int?
        for piece in block.plans[plan].pieces {
            let column = catalog.pieces[piece].column
            if column < 0 {
                if piece == chosen, isMeant { number = block.number(ofPlan: plan, catalog, &tallies).number }
            } else if piece == chosen, isMeant {
                let slot = block.slots[column]
                if !columns[slot].isRead { try columns[slot].read(catalog.columns[column].type, column, of: page) }
                number = try columns[slot].next(&block.cache, &tallies).number
            } else {
                columns[block.slots[column]].skip()
            }
        }
        return number
    }
}

/// The values of a key in a page, one after the other.
struct PageValueColumn {
    /// How many there are.
    var count = 0
    private(set) var isRead = false
    private var type = AttributeType.empty
    private var cursor = 0
    private var payloads: [UInt64] = []
    private var texts: TextColumnDecoder?
    /// The texts that have come.
    private var symbols = SymbolTable()
    private var numbers: [ValueNumber] = []

    /// Moves past a value.
    mutating func skip() { cursor &+= 1 }

    /// Reads the column of this place in the catalog.
    mutating func read(_ type: AttributeType, _ place: Int, of page: SpanPageDecoder) throws(ByteCodingError) {
        isRead = true
        self.type = type
        guard let range = page.columnStreams[place] else {
            throw ByteCodingError(.malformed, "a page lacks the values of a column")
        }
        var reader = page.reader(range)
        switch type {
        case .string, .bytes, .composite:
            texts = try TextColumnDecoder(count, from: &reader, page.tables[.templates], page.unpacker)
        case .empty: payloads = [UInt64](repeating: 0, count: count)
        case .bool, .int, .double: payloads = try NumberColumn.decode(count, from: &reader, page.unpacker)
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind the values of a column") }
    }

    /// The number of the next value.
    mutating func next(_ cache: inout NumberCache, _ tallies: inout SpanValueTallies) throws(ByteCodingError) -> ValueNumber {
        let place = cursor
        cursor &+= 1
        switch type {
        case .empty: return cache.number(.empty, 0, &tallies)
        case .bool: return cache.number(.bool, payloads[place] & 1, &tallies)
        case .int: return cache.number(.int, UInt64(bitPattern: ColumnCoding.unzigzag(payloads[place])), &tallies)
        case .double: return cache.number(.double, payloads[place].byteSwapped, &tallies)
        case .string, .bytes, .composite: break
        }
        guard let symbol = try texts?.symbol(place, &symbols) else { return ValueNumber(nil) }
        while numbers.count < symbols.count { numbers.append(.unknown) }
        if numbers[Int(symbol)] == .unknown {
            numbers[Int(symbol)] = ValueNumber(
                tallies.number(AttributeRow(key: 0, type: type, payload: UInt64(symbol)), symbols))
        }
        return numbers[Int(symbol)]
    }
}
