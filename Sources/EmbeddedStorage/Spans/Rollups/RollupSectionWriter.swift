import ByteCoding
import TelemetryModel

/// The bytes of a ``RollupSection``.
struct EncodedRollups {
    /// The section.
    var bytes: [UInt8]
    /// The minutes since 1970 of which it has rows; nil without any.
    var minutes: ClosedRange<Int64>?
}

/// Writes a ``RollupSection``: minutes as they come, by rising time, and the sums of longer units as each of them ends, so
/// that only one unit of each length is in memory.
struct RollupSectionWriter {
    private struct Level {
        var unit: Int64
        var number: Int64?
        var sum = RollupTable()
        var groups: [(number: Int64, tables: [Range<Int>])] = []
        var body = ByteWriter()
    }

    private let texts: [String]
    private let keys: RollupKeyWriter
    private var levels = RollupSection.units.map { Level(unit: $0) }

    /// A section whose keys have these texts and no others.
    init(texts: Set<String>) {
        self.texts = texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        keys = RollupKeyWriter(self.texts)
    }

    /// A table as a section.
    static func encode(_ table: RollupTable) -> EncodedRollups {
        var writer = RollupSectionWriter(texts: table.texts)
        for (minute, rows) in table.byMinute() { writer.add(rows, minute: minute) }
        return writer.finish()
    }

    /// The sum of several sections, made minute by minute.
    static func merged(_ sections: [RollupSection]) throws -> EncodedRollups {
        var writer = RollupSectionWriter(texts: sections.reduce(into: Set()) { $0.formUnion($1.texts) })
        let minutes = sections.reduce(into: Set<Int64>()) { $0.formUnion($1.levels.first?.groups.map(\.number) ?? []) }
        for minute in minutes.sorted() {
            var table = RollupTable()
            for section in sections { table.merge(try section.rows(minutes: minute...minute)) }
            writer.add(table, minute: minute)
        }
        return writer.finish()
    }

    /// Adds the rows of a minute, which must be later than those before.
    mutating func add(_ table: RollupTable, minute: Int64) {
        if table.isEmpty { return }
        for index in levels.indices {
            let number = RollupSection.floor(minute, levels[index].unit)
            if levels[index].number != number { close(index) }
            levels[index].number = number
            levels[index].sum.merge(index == 0 ? table : table.summed { _ in 0 })
        }
    }

    private mutating func close(_ index: Int) {
        guard let number = levels[index].number else { return }
        var tables: [Range<Int>] = []
        for part in 0..<RollupParts.count {
            let start = levels[index].body.count
            keys.write(
                levels[index].sum, RollupParts(rawValue: 1 << UInt8(part)), origin: number &* levels[index].unit,
                &levels[index].body)
            tables.append(start..<levels[index].body.count)
        }
        levels[index].groups.append((number, tables))
        levels[index].sum = RollupTable()
    }

    /// The section.
    mutating func finish() -> EncodedRollups {
        for index in levels.indices { close(index) }
        var written = 0
        if levels[0].groups.count > 0 { written = 1 }
        while written > 0, written < levels.count, levels[written - 1].groups.count >= RollupSection.groupsForLevel { written += 1 }
        var writer = ByteWriter()
        writer.writeVarint(UInt64(texts.count))
        for text in texts { writer.writeString(text) }
        writer.writeVarint(UInt64(written))
        for level in levels[..<written] {
            writer.writeVarint(UInt64(level.unit))
            writer.writeVarint(UInt64(level.groups.count))
            var last: Int64 = 0
            for group in level.groups {
                writer.writeSignedVarint(group.number &- last)
                last = group.number
                for table in group.tables { writer.writeVarint(UInt64(table.count)) }
            }
        }
        for level in levels[..<written] {
            level.body.bytes.withUnsafeBytes { body in
                for part in 0..<RollupParts.count {
                    for group in level.groups { writer.writeBytes(UnsafeRawBufferPointer(rebasing: body[group.tables[part]])) }
                }
            }
        }
        var minutes: ClosedRange<Int64>?
        if let first = levels[0].groups.first, let last = levels[0].groups.last { minutes = first.number...last.number }
        return EncodedRollups(bytes: writer.bytes, minutes: minutes)
    }
}

extension RollupTable {
    /// Every text in a key.
    var texts: Set<String> {
        var all: Set<String> = []
        for key in operations.keys { all.formUnion([key.service, key.operation]) }
        for key in edges.keys { all.formUnion([key.caller, key.callee]) }
        for key in statements.keys {
            all.formUnion([key.system, key.namespace, key.host, key.fingerprint, key.callerService, key.callerOperation])
        }
        for key in nodes.keys { all.formUnion([key.entryService, key.entryOperation, key.service, key.operation]) }
        for key in instances.keys {
            all.formUnion([key.service, key.instance, key.version, key.hostID, key.hostName, key.containerID])
        }
        return all
    }

    /// A table for each minute, by rising minute.
    func byMinute() -> [(minute: Int64, rows: RollupTable)] {
        var tables: [Int64: RollupTable] = [:]
        for (key, row) in operations { tables[key.minute, default: RollupTable()].operations[key] = row }
        for (key, row) in edges { tables[key.minute, default: RollupTable()].edges[key] = row }
        for (key, row) in statements { tables[key.minute, default: RollupTable()].statements[key] = row }
        for (key, row) in nodes { tables[key.minute, default: RollupTable()].nodes[key] = row }
        for (key, row) in instances { tables[key.minute, default: RollupTable()].instances[key] = row }
        return tables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
