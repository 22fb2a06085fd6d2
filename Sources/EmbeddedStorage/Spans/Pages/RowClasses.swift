import ByteCoding
import TelemetryModel

/// Divides the rows, events and links of a page into classes: what they have in common in name, kind, status, scope, flags, the
/// keys of their attributes in order, and the values of those attributes that follow from the others. A row then costs its
/// class's number and what is its own.
struct RowClasses {
    /// A key with a type, as the page sees it.
    struct Column {
        var key: UInt32
        var type: AttributeType
        /// Its number in the block's table, or in the page's own.
        var number = 0
        var isShared = false
        /// Whether the value is part of the class.
        var isConstant = false
        /// The values of rows, events and links, in this order; none when constant.
        var count = 0
    }

    /// A class of the page.
    struct Class {
        var owner: SpanPageFormat.Owner
        /// A row, event or link of it.
        var example: Int
        var useCount = 0
        var number = 0
        var isShared = false
    }

    let batch: SpanBatch
    private(set) var columns: [Column] = []
    private(set) var classes: [Class] = []
    /// The class of each row, event (in the order of rows) and link.
    private(set) var classOfOwner: [UInt32] = []
    let owners: PageOwners

    private var columnSlots: [UInt32]
    private var classSlots = [UInt32](repeating: 0, count: 1024)

    init(_ batch: SpanBatch) {
        self.batch = batch
        owners = PageOwners(batch)
        columnSlots = [UInt32](repeating: 0, count: batch.symbols.count * AttributeShapes.typeCount)
    }

    // MARK: - Columns

    /// Finds the columns.
    mutating func findColumns() {
        for range in owners.attributes {
            for index in range.indices {
                let row = batch.attributes[index]
                let slot = Int(row.key) * AttributeShapes.typeCount + Int(row.type.rawValue)
                if columnSlots[slot] == 0 {
                    columns.append(Column(key: row.key, type: row.type))
                    columnSlots[slot] = UInt32(truncatingIfNeeded: columns.count)
                }
                columns[Int(columnSlots[slot]) - 1].count += 1
            }
        }
    }

    /// Gives a column its number.
    mutating func setColumn(_ index: Int, number: Int, isShared: Bool, isConstant: Bool) {
        columns[index].number = number
        columns[index].isShared = isShared
        columns[index].isConstant = isConstant
    }

    /// The column of an attribute.
    @inline(__always)
    func column(_ row: AttributeRow) -> Int {
        Int(columnSlots[Int(row.key) &* AttributeShapes.typeCount &+ Int(row.type.rawValue)]) &- 1
    }

    // MARK: - Classes

    /// Puts every owner in its class; columns have been found and decided.
    mutating func classify() {
        classOfOwner.reserveCapacity(owners.attributes.count)
        // What does not change meanwhile, taken once: asked of `self` it would be held and let go of for each owner.
        let known = self
        for number in owners.attributes.indices {
            let hash = known.hash(number, includingConstants: true)
            var slot = Int(truncatingIfNeeded: hash) & (classSlots.count &- 1)
            var found = -1
            while classSlots[slot] != 0 {
                let candidate = Int(classSlots[slot]) - 1
                if known.isAlike(classes[candidate].example, number) {
                    found = candidate
                    break
                }
                slot = (slot &+ 1) & (classSlots.count &- 1)
            }
            if found < 0 {
                found = classes.count
                classes.append(Class(owner: owners.kind(number), example: number))
                classSlots[slot] = UInt32(classes.count)
                if classes.count * 2 > classSlots.count { growSlots() }
            }
            classes[found].useCount += 1
            classOfOwner.append(UInt32(truncatingIfNeeded: found))
        }
    }

    mutating func setClass(_ index: Int, number: Int, isShared: Bool) {
        classes[index].number = number
        classes[index].isShared = isShared
    }

    private mutating func growSlots() {
        classSlots = [UInt32](repeating: 0, count: classSlots.count * 2)
        for index in classes.indices {
            var slot = Int(truncatingIfNeeded: hash(classes[index].example, includingConstants: true)) & (classSlots.count - 1)
            while classSlots[slot] != 0 { slot = (slot + 1) & (classSlots.count - 1) }
            classSlots[slot] = UInt32(index) + 1
        }
    }

    /// A hash of what the class of an owner consists of.
    func hash(_ number: Int, includingConstants: Bool) -> UInt64 {
        var hash = headHash(number)
        for index in owners.attributes[number].indices {
            let row = batch.attributes[index]
            let column = column(row)
            hash = SeededHash.hash(hash, UInt64(truncatingIfNeeded: column))
            if includingConstants, columns[column].isConstant { hash = SeededHash.hash(hash, row.payload) }
        }
        return hash
    }

    private func headHash(_ number: Int) -> UInt64 {
        switch owners.kind(number) {
        case .span:
            let row = batch.rows[number]
            let head = UInt64(SpanPageFormat.parts(row)) | UInt64(PageOwners.presence(row)) << 8 | UInt64(row.flags) << 32
            return SeededHash.hash(SeededHash.hash(UInt64(row.name), UInt64(row.scope)), head)
        case .event: return UInt64(batch.events[owners.index(number)].name) << 2 | 1
        case .link: return UInt64(batch.links[owners.index(number)].flags) << 2 | 2
        }
    }

    private func isAlike(_ a: Int, _ b: Int) -> Bool {
        guard owners.kind(a) == owners.kind(b), hasSameHead(a, b) else { return false }
        let first = owners.attributes[a]
        let second = owners.attributes[b]
        if first.count != second.count { return false }
        for (one, other) in zip(first.indices, second.indices) {
            let one = batch.attributes[one]
            let other = batch.attributes[other]
            if one.key != other.key || one.type != other.type { return false }
            if one.payload != other.payload, columns[column(one)].isConstant { return false }
        }
        return true
    }

    private func hasSameHead(_ a: Int, _ b: Int) -> Bool {
        switch owners.kind(a) {
        case .span:
            let one = batch.rows[a]
            let other = batch.rows[b]
            return one.name == other.name && one.scope == other.scope && one.flags == other.flags
                && SpanPageFormat.parts(one) == SpanPageFormat.parts(other)
                && PageOwners.presence(one) == PageOwners.presence(other)
        case .event: return batch.events[owners.index(a)].name == batch.events[owners.index(b)].name
        case .link: return batch.links[owners.index(a)].flags == batch.links[owners.index(b)].flags
        }
    }

    // MARK: - Entries

    /// The entry of a class in a table: what it is of, its head, its attributes with what is constant of them.
    func entry(_ index: Int, scopes: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        let example = classes[index].example
        writer.writeByte(classes[index].owner.rawValue)
        switch classes[index].owner {
        case .span:
            let row = batch.rows[example]
            writer.writeByte(SpanPageFormat.parts(row))
            writer.writeByte(PageOwners.presence(row))
            writer.writeVarint(UInt64(row.flags))
            batch.symbols.withBytes(row.name) { writer.writeLengthPrefixed($0) }
            writer.writeLengthPrefixed(scopes[Int(row.scope)])
        case .event: batch.symbols.withBytes(batch.events[owners.index(example)].name) { writer.writeLengthPrefixed($0) }
        case .link: writer.writeVarint(UInt64(batch.links[owners.index(example)].flags))
        }
        let attributes = owners.attributes[example]
        writer.writeVarint(UInt64(attributes.count))
        for index in attributes.indices {
            let row = batch.attributes[index]
            let column = columns[column(row)]
            writer.writeVarint(UInt64(column.number) << 2 | (column.isShared ? 0 : 2) | (column.isConstant ? 1 : 0))
            if column.isConstant { SpanPageFormat.writeValue(row, batch.symbols, &writer) }
        }
        return writer.bytes
    }

    /// Whether all columns of a class are shared by the block, so that it can be too.
    func mayBeShared(_ index: Int) -> Bool {
        owners.attributes[classes[index].example].indices.allSatisfy { columns[column(batch.attributes[$0])].isShared }
    }
}

/// Everything in a page that owns attributes: rows, then events in the order of rows, then links.
struct PageOwners {
    /// The attributes of each.
    private(set) var attributes: [RowRange] = []
    /// The index of each event and link.
    private(set) var events: [Int] = []
    private(set) var links: [Int] = []
    private let rowCount: Int

    init(_ batch: SpanBatch) {
        rowCount = batch.count
        attributes.reserveCapacity(batch.count + batch.events.count + batch.links.count)
        for row in batch.rows {
            attributes.append(row.attributes)
            if row.events.count > 0 { events.append(contentsOf: row.events.indices) }
            if row.links.count > 0 { links.append(contentsOf: row.links.indices) }
        }
        for index in events { attributes.append(batch.events[index].attributes) }
        for index in links { attributes.append(batch.links[index].attributes) }
    }

    /// What an owner is.
    @inline(__always)
    func kind(_ number: Int) -> SpanPageFormat.Owner {
        number < rowCount ? .span : number < rowCount &+ events.count ? .event : .link
    }

    /// The index of an owner among events or links.
    func index(_ number: Int) -> Int {
        number < rowCount + events.count ? events[number - rowCount] : links[number - rowCount - events.count]
    }

    /// What a row has that most do not.
    @inline(__always)
    static func presence(_ row: SpanRow) -> UInt8 {
        var bits: UInt8 = 0
        if row.statusMessage != 0 { bits |= SpanPageFormat.Presence.statusMessage }
        if row.traceState != 0 { bits |= SpanPageFormat.Presence.traceState }
        if row.droppedAttributeCount | row.droppedEventCount | row.droppedLinkCount != 0 { bits |= SpanPageFormat.Presence.dropped }
        if row.events.count != 0 { bits |= SpanPageFormat.Presence.events }
        if row.links.count != 0 { bits |= SpanPageFormat.Presence.links }
        return bits
    }
}
