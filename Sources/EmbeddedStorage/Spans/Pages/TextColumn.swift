import ByteCoding
import TelemetryModel

/// A column of texts in a page. Each distinct text stands once, as the number of a template and its variables:
///
/// 1. for each row but the first, how many distinct texts ago its own came last: 0 for a new one, 1 for the newest;
/// 2. for each distinct text but the first, how many distinct templates ago its own came last, likewise;
/// 3. for each distinct template its number in the block's table + 1, or 0 for one that stands here;
/// 4. the lengths of the latter, a byte that says whether they are a zstd piece, their length, they themselves;
/// 5. the numbers of all distinct texts, in order; 6. their raw bytes.
///
/// 1, 2, 3, the lengths and 5 are ``NumberColumn``s.
struct TextColumnEncoder {
    private struct Place {
        var column: UInt32 = 0
        var place: UInt32 = 0
    }

    /// Where each symbol stands among the distinct texts of the column in which it was seen last.
    private var places: [Place]
    private var column: UInt32 = 0
    private var template: [UInt8] = []

    /// Prepares for columns of a batch with so many symbols.
    init(symbolCount: Int) { places = [Place](repeating: Place(), count: symbolCount) }

    /// Writes a column of symbols.
    mutating func encode(
        _ values: some RandomAccessCollection<UInt64>, _ symbols: SymbolTable, _ templates: inout TemplateDraft,
        to writer: inout ByteWriter, _ packer: ZstdPacker
    ) throws {
        if values.isEmpty { return }
        let (codes, distinct) = number(values)
        try NumberColumn.encode(codes, .codes, to: &writer, packer)
        var variables = TextTemplate.Variables()
        var own = SymbolTable()
        var references: [UInt64] = []
        var order: [UInt64: Int] = [:]
        var templateCodes: [UInt64] = []
        for symbol in distinct {
            symbols.withBytes(symbol) { text in
                TextTemplate.divide(text, &template, &variables)
            }
            let key = template.withUnsafeBytes { bytes -> UInt64 in
                if let shared = templates.number(bytes) { return UInt64(shared) + 1 }
                // Those that stand here are told apart by numbers that no shared one has.
                return UInt64(own.intern(bytes)) << 32
            }
            if let known = order[key] {
                templateCodes.append(UInt64(references.count - known))
            } else {
                order[key] = references.count
                if !references.isEmpty { templateCodes.append(0) }
                references.append(key >> 32 == 0 ? key : 0)
            }
        }
        try NumberColumn.encode(templateCodes, .codes, to: &writer, packer)
        try NumberColumn.encode(references, .codes, to: &writer, packer)
        try Self.write(own, to: &writer, packer)
        try NumberColumn.encode(variables.numbers, .measures, to: &writer, packer)
        writer.writeBytes(variables.bytes)
    }

    /// What stands for each row but the first, and the distinct symbols.
    private mutating func number(_ values: some RandomAccessCollection<UInt64>) -> (codes: [UInt64], distinct: [UInt32]) {
        column += 1
        var codes: [UInt64] = []
        codes.reserveCapacity(values.count)
        var distinct: [UInt32] = []
        for value in values {
            let symbol = Int(truncatingIfNeeded: value)
            if places[symbol].column == column {
                codes.append(UInt64(distinct.count) &- UInt64(places[symbol].place))
            } else {
                if !distinct.isEmpty { codes.append(0) }
                places[symbol] = Place(column: column, place: UInt32(truncatingIfNeeded: distinct.count))
                distinct.append(UInt32(truncatingIfNeeded: symbol))
            }
        }
        return (codes, distinct)
    }

    private static func write(_ own: SymbolTable, to writer: inout ByteWriter, _ packer: ZstdPacker) throws {
        if own.count == 1 { return }
        try own.withArena { arena, ends in
            let lengths = (1..<ends.count).map { UInt64(ends[$0] - ends[$0 - 1]) }
            try NumberColumn.encode(lengths, .codes, to: &writer, packer)
            let piece = try packer.pack(arena)
            writer.writeByte(piece == nil ? 0 : 1)
            writer.writeVarint(UInt64(piece?.count ?? arena.count))
            if let piece { writer.bytes.append(contentsOf: piece) } else { writer.writeBytes(arena) }
        }
    }
}

/// The templates of a block while it is written. One enters when it is met for the second time, so that what comes once
/// takes no room.
struct TemplateDraft {
    private(set) var table = SpanTableDraft(.templates)
    /// Hashes of templates that were met once, each at the place that its lower bits say.
    private var met = [UInt32](repeating: 0, count: metCount)

    private static let metCount = 1 << 15

    /// The number of a template that is shared, if it is, from now on or already.
    mutating func number(_ template: UnsafeRawBufferPointer) -> Int? {
        if let known = table.entries.find(template) { return Int(known) }
        let hash = SeededHash.hash(template)
        let place = Int(truncatingIfNeeded: hash) & (Self.metCount - 1)
        let tag = UInt32(truncatingIfNeeded: hash >> 32) | 1
        if met[place] != tag {
            met[place] = tag
            return nil
        }
        return table.number(template)
    }
}
