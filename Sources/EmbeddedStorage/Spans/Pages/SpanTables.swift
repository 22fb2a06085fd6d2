import ByteCoding
import TelemetryModel

/// What the pages of a block share: runs of bytes with numbers. They are collected while pages are written and stand behind
/// them as a section; a page says how many of each there were when it was written, and goes on numbering with its own.
enum SpanTable: Int, CaseIterable {
    /// Keys with types: a byte ``AttributeType``, then the key.
    case columns = 0
    /// Resources, see ``SpanPageCoding/resource(_:_:)``.
    case resources = 1
    /// What many rows have in common, see ``RowClasses``.
    case classes = 2
    /// Templates of texts; number 0 is the empty one.
    case templates = 3

    /// At most so many entries are shared.
    var entryLimit: Int {
        switch self {
        case .columns, .classes: 8192
        case .resources: 16_384
        case .templates: 32_768
        }
    }

    /// The entries of a table have at most so many bytes together.
    static let byteLimit = 4 << 20
}

/// One table that grows.
struct SpanTableDraft {
    private(set) var entries = SymbolTable()
    private let entryLimit: Int
    private let byteLimit: Int

    init(_ table: SpanTable) {
        entryLimit = table.entryLimit
        byteLimit = SpanTable.byteLimit
    }

    /// A table of a page, which ends with it.
    init() {
        entryLimit = .max
        byteLimit = .max
    }

    /// How many entries there are, the empty one included.
    var count: Int { entries.count }

    /// Whether no more is taken in.
    var isFull: Bool { entries.count >= entryLimit || entries.byteCount >= byteLimit }

    /// The number of an entry, which is made if there is room; nil when there is none.
    mutating func number(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if let known = entries.find(bytes) { return Int(known) }
        if entries.count >= entryLimit || bytes.count > byteLimit - entries.byteCount { return nil }
        return Int(entries.intern(bytes))
    }

    /// The entries from one number on, each behind its length.
    func write(from first: Int, _ writer: inout ByteWriter) {
        writer.writeVarint(UInt64(entries.count - first))
        for number in first..<entries.count { entries.withBytes(UInt32(number)) { writer.writeLengthPrefixed($0) } }
    }
}

/// The tables of a block as they are read.
struct SpanTables: Sendable {
    /// Entries of one table, one after the other.
    struct Entries: Sendable {
        private var arena: [UInt8] = []
        private var ends: [Int] = [0]

        init() {}

        /// How many there are, the empty one included.
        var count: Int { ends.count }
        /// The bytes that they take in memory.
        var byteCount: Int { arena.count + ends.count * MemoryLayout<Int>.stride }

        /// Takes in what ``SpanTableDraft/write(from:_:)`` wrote.
        mutating func append(_ reader: inout ByteReader) throws(ByteCodingError) {
            for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
                arena.append(contentsOf: try reader.readLengthPrefixed())
                ends.append(arena.count)
            }
        }

        /// Lends an entry, whose number the caller has checked.
        func withBytes<Result>(_ number: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
            let range = number == 0 ? 0..<0 : ends[number - 1]..<ends[number]
            return try arena.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }

    /// The keys of attributes of the resources; nil when they could not be read.
    private(set) var resourceKeys: Set<String>? = []
    private var tables = [Entries](repeating: Entries(), count: SpanTable.allCases.count)

    /// No entries but the empty ones.
    init() {}

    /// Reads the section.
    init(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var reader = ByteReader(bytes)
        for table in tables.indices { try tables[table].append(&reader) }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind the end of the tables") }
        resourceKeys = Self.keys(of: self[.resources])
    }

    private static func keys(of resources: Entries) -> Set<String>? {
        var keys: Set<String> = []
        do {
            for number in 1..<max(1, resources.count) {
                try resources.withBytes(number) { entry in try SpanPageFormat.forEachResourceKey(entry) { keys.insert($0) } }
            }
        } catch { return nil }
        return keys
    }

    /// The entries of a table.
    subscript(table: SpanTable) -> Entries { tables[table.rawValue] }

    /// The bytes that all take in memory.
    var byteCount: Int { tables.reduce(0) { $0 + $1.byteCount } }
}
