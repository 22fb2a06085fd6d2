import ByteCoding
import Storage
import TelemetryModel

/// Columns and classes read for one projection: those of a block once, to which a page adds its own. What rows of a class have
/// in common is ready to be copied, its texts interned in ``base``, from which the batches of pages begin.
struct ClassCatalog: Sendable {
    /// A key with a type.
    struct Column: Sendable {
        var type: AttributeType
        /// Whether the projection wants its values.
        var isWanted: Bool
        /// The key's symbol, when it is wanted.
        var key: UInt32
    }

    /// What rows, events or links of a class have in common.
    struct Plan: Sendable {
        var owner: SpanPageFormat.Owner
        var presence: UInt8 = 0
        /// Name, kind, status, scope and flags; name or flags of events and links too.
        var row = SpanRow()
        /// Its attributes among ``ClassCatalog/pieces``.
        var pieces = 0..<0
    }

    /// An attribute that is wanted: constant, or the next value of a column.
    struct Piece: Sendable {
        var row: AttributeRow
        /// The place of the column; negative for a constant.
        var column: Int
    }

    /// Symbols and scopes.
    private(set) var base = SpanBatch()
    /// By number; the first is none.
    private(set) var columns = [Column(type: .empty, isWanted: false, key: 0)]
    /// By number; the first is none.
    private(set) var plans = [Plan(owner: .span)]
    private(set) var pieces: [Piece] = []
    private let projection: SpanProjection
    private let wantedKeys: Set<[UInt8]>?
    private var scopes: [[UInt8]: UInt32] = [:]

    /// Reads the tables of a block.
    init(_ tables: SpanTables, _ projection: SpanProjection) throws(ByteCodingError) {
        self.projection = projection
        wantedKeys = projection.attributeKeys.map { Set($0.map { Array($0.utf8) }) }
        try append(tables[.columns], tables[.classes], sharedColumnCount: tables[.columns].count)
    }

    /// Takes in further columns and classes; marked columns of classes are counted from `ownColumns` on.
    mutating func append(
        _ columns: SpanTables.Entries, _ classes: SpanTables.Entries, sharedColumnCount: Int
    ) throws(ByteCodingError) {
        let firstOwn = self.columns.count
        for number in 1..<max(1, columns.count) {
            try Self.withEntry(columns, number) { (bytes) throws(ByteCodingError) in try appendColumn(bytes) }
        }
        for number in 1..<max(1, classes.count) {
            try Self.withEntry(classes, number) { (bytes) throws(ByteCodingError) in
                try appendClass(bytes, shared: sharedColumnCount, firstOwn: firstOwn)
            }
        }
    }

    /// About how much memory it takes.
    var byteCount: Int {
        base.memoryByteCount + columns.count * MemoryLayout<Column>.stride + plans.count * MemoryLayout<Plan>.stride
            + pieces.count * MemoryLayout<Piece>.stride
    }

    private static func withEntry(
        _ entries: SpanTables.Entries, _ number: Int, _ body: (UnsafeRawBufferPointer) throws(ByteCodingError) -> Void
    ) throws(ByteCodingError) {
        do {
            try entries.withBytes(number) { try body($0) }
        } catch let error as ByteCodingError { throw error } catch { throw ByteCodingError(.malformed, "\(error)") }
    }

    private mutating func appendColumn(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        guard let first = bytes.first, let type = AttributeType(rawValue: first) else {
            throw ByteCodingError(.malformed, "a column of unknown type")
        }
        let key = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        let isWanted =
            !projection.columns.isDisjoint(with: [.attributes, .events, .links])
            && (wantedKeys?.contains(Array(key)) ?? true)
        columns.append(Column(type: type, isWanted: isWanted, key: isWanted ? base.symbols.intern(key) : 0))
    }

    private mutating func appendClass(
        _ bytes: UnsafeRawBufferPointer, shared: Int, firstOwn: Int
    ) throws(ByteCodingError) {
        var reader = ByteReader(bytes)
        guard let owner = SpanPageFormat.Owner(rawValue: try reader.readByte()) else {
            throw ByteCodingError(.malformed, "a class of unknown kind")
        }
        var plan = Plan(owner: owner)
        switch owner {
        case .span: try readHead(&reader, &plan)
        case .event: plan.row.name = base.symbols.intern(try reader.readLengthPrefixed())
        case .link: plan.row.flags = try SpanPageFormat.readWord(&reader)
        }
        let first = pieces.count
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            let start = reader.position
            let code = try reader.readVarint()
            let isOwn = code & 2 != 0
            let number = code >> 2
            if number == 0 || number >= UInt64(isOwn ? columns.count - firstOwn + 1 : shared) {
                throw .malformed(at: start, "a column that is not there")
            }
            let column = isOwn ? firstOwn + Int(number) - 1 : Int(number)
            try appendPiece(column, isConstant: code & 1 != 0, &reader)
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind a class") }
        plan.pieces = first..<pieces.count
        plans.append(plan)
    }

    private mutating func appendPiece(_ place: Int, isConstant: Bool, _ reader: inout ByteReader) throws(ByteCodingError) {
        let column = columns[place]
        var row = AttributeRow(key: column.key, type: column.type, payload: 0)
        if isConstant {
            if !column.isWanted { return try SpanPageFormat.skipValue(column.type, &reader) }
            row.payload = try SpanPageFormat.readValue(column.type, &reader, &base.symbols)
        }
        if column.isWanted { pieces.append(Piece(row: row, column: isConstant ? -1 : place)) }
    }

    private mutating func readHead(_ reader: inout ByteReader, _ plan: inout Plan) throws(ByteCodingError) {
        let start = reader.position
        let parts = try reader.readByte()
        guard parts < 64, let kind = SpanKind(rawValue: parts & 7), let status = SpanStatus(rawValue: parts >> 3 & 3),
            let side = SpanSide(rawValue: parts >> 5)
        else { throw .malformed(at: start, "a kind, status and side of \(parts)") }
        (plan.row.kind, plan.row.status, plan.row.side) = (kind, status, side)
        plan.presence = try reader.readByte()
        plan.row.flags = try SpanPageFormat.readWord(&reader)
        let name = try reader.readLengthPrefixed()
        if projection.columns.contains(.names) { plan.row.name = base.symbols.intern(name) }
        let scope = try reader.readLengthPrefixed()
        guard projection.columns.contains(.scopes) else { return }
        let key = Array(scope)
        if let known = scopes[key] {
            plan.row.scope = known
        } else {
            plan.row.scope = try SpanPageFormat.readScope(scope, &base)
            scopes[key] = plan.row.scope
        }
    }
}
