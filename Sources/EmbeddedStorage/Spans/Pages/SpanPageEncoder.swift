import ByteCoding
import TelemetryModel

/// Writes the pages of one block and collects what they share.
struct SpanPageEncoder {
    private var columns = SpanTableDraft(.columns)
    private var resources = SpanTableDraft(.resources)
    private var classes = SpanTableDraft(.classes)
    private var templates = TemplateDraft()
    /// Of each shared column whether its values are part of classes; nil until enough of them have been seen.
    private var constantColumns: [Bool?] = [nil]
    private let packer: ZstdPacker

    /// Compresses so hard (zstd level).
    init(compressionLevel: Int32 = SpanBlockFormat.compressionLevel) throws { packer = try ZstdPacker(level: compressionLevel) }

    /// The section that pages of the block need to be read.
    func tables() -> [UInt8] {
        var writer = ByteWriter()
        for table in [columns, resources, classes, templates.table] { table.write(from: 1, &writer) }
        return writer.bytes
    }

    /// A page. The rows of a trace stand together.
    mutating func encode(_ batch: SpanBatch) throws -> [UInt8] {
        var draft = PageDraft(batch)
        draft.classes.findColumns()
        numberColumns(&draft)
        draft.classes.classify()
        numberClasses(&draft)
        numberResources(&draft)
        try draft.writeStreams(packer, &templates, sharedCounts: (resources.count, classes.count))
        try draft.writeColumns(packer, &templates)
        return draft.assembled([columns.count, resources.count, classes.count])
    }

    // MARK: - Numbers

    private mutating func numberColumns(_ draft: inout PageDraft) {
        var undecided: [Int] = []
        for index in draft.classes.columns.indices {
            let column = draft.classes.columns[index]
            var entry: [UInt8] = [column.type.rawValue]
            draft.batch.symbols.withBytes(column.key) { entry.append(contentsOf: $0) }
            let (number, isShared) = Self.number(entry, &columns, &draft.ownColumns)
            while constantColumns.count < columns.count { constantColumns.append(nil) }
            let isKnownConstant = isShared ? constantColumns[number] : false
            if isShared, isKnownConstant == nil, column.count >= Self.decisionCount, !classes.isFull { undecided.append(index) }
            draft.classes.setColumn(
                index, number: number, isShared: isShared,
                isConstant: column.type == .empty || (isKnownConstant ?? false) && !classes.isFull)
        }
        if !undecided.isEmpty { decide(undecided, &draft) }
    }

    /// So many values of a column are looked at before it is decided whether they are part of classes.
    private static let decisionCount = 16

    /// Lets a column be part of the classes when that makes few more classes than there are without it.
    private mutating func decide(_ undecided: [Int], _ draft: inout PageDraft) {
        let owners = draft.classes.owners
        var hashes = owners.attributes.indices.map { draft.classes.hash($0, includingConstants: true) }
        var values = [[(owner: Int, payload: UInt64)]](repeating: [], count: draft.classes.columns.count)
        let isAsked = Set(undecided)
        for (owner, range) in owners.attributes.enumerated() {
            for index in range.indices {
                let row = draft.batch.attributes[index]
                let column = draft.classes.column(row)
                if isAsked.contains(column) { values[column].append((owner, row.payload)) }
            }
        }
        for index in undecided {
            let column = draft.classes.columns[index]
            var classes: Set<UInt64> = []
            var divided: Set<UInt64> = []
            for value in values[index] {
                classes.insert(hashes[value.owner])
                divided.insert(SeededHash.hash(hashes[value.owner], value.payload))
            }
            let isConstant = divided.count <= classes.count * 2 + 4 && divided.count * 4 <= values[index].count
            constantColumns[column.number] = isConstant
            draft.classes.setColumn(index, number: column.number, isShared: true, isConstant: isConstant || column.type == .empty)
            if !isConstant { continue }
            for value in values[index] { hashes[value.owner] = SeededHash.hash(hashes[value.owner], value.payload) }
        }
    }

    private mutating func numberClasses(_ draft: inout PageDraft) {
        let scopes = draft.batch.scopes.map { SpanPageFormat.scope($0, draft.batch) }
        let found = draft.classes
        for index in found.classes.indices {
            let entry = found.entry(index, scopes: scopes)
            let (number, isShared) =
                found.mayBeShared(index)
                ? Self.number(entry, &classes, &draft.ownClasses)
                : (entry.withUnsafeBytes { Int(draft.ownClasses.intern($0)) }, false)
            draft.classes.setClass(index, number: number, isShared: isShared)
        }
    }

    private mutating func numberResources(_ draft: inout PageDraft) {
        draft.resources = draft.batch.resources.map { row in
            let (number, isShared) = Self.number(SpanPageFormat.resource(row, draft.batch), &resources, &draft.ownResources)
            return .init(number: number, isShared: isShared)
        }
    }

    /// The number of an entry in the block's table, or in the page's own when there is no room.
    private static func number(_ entry: [UInt8], _ shared: inout SpanTableDraft, _ own: inout SymbolTable) -> (Int, Bool) {
        entry.withUnsafeBytes { bytes in
            if let number = shared.number(bytes) { return (number, true) }
            return (Int(own.intern(bytes)), false)
        }
    }
}
