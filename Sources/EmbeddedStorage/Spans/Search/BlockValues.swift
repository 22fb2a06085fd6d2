import ByteCoding
import Storage
import TelemetryModel

/// What ``ValueScan`` knows of a block from page to page: which classes have a value, and which resources.
struct BlockValues {
    /// What a class says of its rows.
    struct Plan {
        var isSpan: Bool
        /// Whether the query means spans of this kind.
        var isMeant: Bool
        var isError: Bool
        /// Its values among the catalog's pieces.
        var pieces: Range<Int>
        /// The piece that counts; negative when there is none.
        var chosen: Int
        /// Whether a piece takes its value from a column.
        var hasColumns: Bool
        /// The number of the value when it is a constant.
        var constant = ValueNumber.unknown
    }

    /// What is known of a resource.
    struct Resource {
        var isMeant: Bool
        var attribute: AttributeRow?
        var number = ValueNumber.unknown
    }

    let tables: SpanTables
    let catalog: ClassCatalog
    let query: SpanValueQuery
    private(set) var plans: [Plan] = []
    /// The plans that take values from columns.
    private(set) var plansWithColumns: [Int] = []
    private(set) var resources: [Resource] = []
    /// Of each column of the catalog a number among those that are wanted.
    private(set) var slots: [Int] = []
    /// How many are wanted.
    private(set) var slotCount = 0
    /// Whether rows are told apart by their resources.
    private(set) var dependsOnResources = false
    /// The numbers of values that are no texts.
    var cache = NumberCache()
    /// Where the attributes of resources are.
    private var resourceBatch = SpanBatch()

    init(_ tables: SpanTables, _ catalog: ClassCatalog, _ query: SpanValueQuery) throws(ByteCodingError) {
        self.tables = tables
        self.catalog = catalog
        self.query = query
        addPlans(catalog)
        dependsOnResources = query.service != nil
        if query.looksAtResources || query.service != nil { try addResources(tables[.resources]) }
    }

    /// Adds the spans of a page that are meant; `isInside` says that all of them start in the range.
    mutating func add(
        _ page: SpanPageDecoder, isInside: Bool, to tallies: inout SpanValueTallies
    ) throws(ByteCodingError) {
        guard page.hasOwnEntries else {
            var values = PageValues(page, catalog, query, isInside: isInside)
            return try values.add(&self, to: &tallies)
        }
        // What the page adds to the block's tables ends with it.
        var extended = self
        let catalog = try page.extendedCatalog(catalog)
        extended.addPlans(catalog)
        if !resources.isEmpty { try extended.addResources(page.own[SpanTable.resources.rawValue]) }
        var values = PageValues(page, catalog, query, isInside: isInside)
        try values.add(&extended, to: &tallies)
    }

    private mutating func addPlans(_ catalog: ClassCatalog) {
        for column in catalog.columns[slots.count...] {
            slots.append(slotCount)
            if column.isWanted { slotCount += 1 }
        }
        let keys = query.keys.map { catalog.base.symbols.find($0) }
        for plan in catalog.plans[plans.count...] {
            let chosen = keys.lazy.compactMap { key in
                key.flatMap { key in plan.pieces.first { catalog.pieces[$0].row.key == key } }
            }.first
            let hasColumns = plan.pieces.contains { catalog.pieces[$0].column >= 0 }
            if hasColumns { plansWithColumns.append(plans.count) }
            plans.append(
                Plan(
                    isSpan: plan.owner == .span, isMeant: query.kind.map { $0 == plan.row.kind } ?? true,
                    isError: plan.row.status == .error, pieces: plan.pieces, chosen: chosen ?? -1,
                    hasColumns: hasColumns))
        }
    }

    private mutating func addResources(_ entries: SpanTables.Entries) throws(ByteCodingError) {
        if resources.isEmpty { resources.append(Resource(isMeant: false)) }
        for number in 1..<max(1, entries.count) {
            let index: UInt32
            do {
                index = try entries.withBytes(number) { try SpanPageFormat.readResource($0, whole: true, &resourceBatch) }
            } catch let error as ByteCodingError { throw error } catch { throw ByteCodingError(.malformed, "\(error)") }
            let row = resourceBatch.resources[Int(index)]
            let service = resourceBatch.symbols.string(row.serviceName)
            let keys = query.looksAtResources ? query.keys.compactMap { resourceBatch.symbols.find($0) } : []
            let attribute = resourceBatch.first(of: keys, in: row.attributes)
            if attribute != nil { dependsOnResources = true }
            resources.append(Resource(isMeant: query.service.map { $0 == service } ?? true, attribute: attribute))
        }
    }

    // MARK: - Numbers of values

    /// The number of a class's constant.
    @inline(__always)
    mutating func number(ofPlan plan: Int, _ catalog: ClassCatalog, _ tallies: inout SpanValueTallies) -> ValueNumber {
        if plans[plan].constant == .unknown {
            plans[plan].constant = ValueNumber(tallies.number(catalog.pieces[plans[plan].chosen].row, catalog.base.symbols))
        }
        return plans[plan].constant
    }

    /// The number of the value that a resource gives its spans.
    @inline(__always)
    mutating func number(ofResource resource: Int, _ tallies: inout SpanValueTallies) -> ValueNumber {
        if resources[resource].number == .unknown {
            resources[resource].number = ValueNumber(
                resources[resource].attribute.flatMap { tallies.number($0, resourceBatch.symbols) })
        }
        return resources[resource].number
    }
}

/// The number of a value in ``SpanValueTallies``, or why there is none.
struct ValueNumber: Equatable {
    private let raw: Int32

    private init(raw: Int32) { self.raw = raw }

    /// Nil stands for a value that is not there, or is beyond the limit.
    init(_ number: Int?) { raw = number.map { Int32(truncatingIfNeeded: $0) } ?? -1 }

    /// Not looked up yet.
    static let unknown = ValueNumber(raw: -2)

    /// The number, if there is one.
    @inline(__always) var number: Int? { raw < 0 ? nil : Int(raw) }
}

/// The numbers of some values that are no texts, so that not each one is made a text to find it.
struct NumberCache {
    private struct Slot {
        var type = AttributeType.empty
        var payload: UInt64 = 0
        var number = ValueNumber.unknown
    }

    private static let slotCount = 1024
    private var slots = [Slot](repeating: Slot(), count: slotCount)

    mutating func number(_ type: AttributeType, _ payload: UInt64, _ tallies: inout SpanValueTallies) -> ValueNumber {
        let hash = (payload &+ UInt64(type.rawValue)) &* 0x9E37_79B9_7F4A_7C15
        let place = Int(truncatingIfNeeded: hash &>> 54)
        let slot = slots[place]
        if slot.number != .unknown, slot.type == type, slot.payload == payload { return slot.number }
        let row = AttributeRow(key: 0, type: type, payload: payload)
        let number = ValueNumber(tallies.number(row, SymbolTable()))
        slots[place] = Slot(type: type, payload: payload, number: number)
        return number
    }
}
