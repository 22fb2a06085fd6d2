import ByteCoding
import TelemetryModel

/// The rollups of a block, as they lie in its section: texts once, then for each level (minutes, and sums of ten minutes, of
/// hours, of days where there are enough of them) a group of five tables for each of its units. What a question needs is
/// read from the bytes when it is asked; a question over a month reads days. `Schemas/format/span-block.md` describes it.
struct RollupSection: Sendable {
    /// At most so many rows of a table, texts or groups are believed.
    static let rowLimit = 1 << 26
    /// A group has at most so many minutes.
    static let unitLimit = 1 << 20
    /// Minutes of a group of each level, the finest first.
    static let units: [Int64] = [1, 10, 60, 1440]
    /// A coarser level is written when the one before has at least so many groups.
    static let groupsForLevel = 4

    /// The tables that belong to one unit of time.
    struct Group: Sendable {
        /// Minutes since 1970 divided by the unit's, rounded down.
        var number: Int64
        /// Where the tables are, in the order of ``RollupParts``.
        var tables: [Range<Int>]
    }

    /// Groups of one length.
    struct Level: Sendable {
        /// Minutes of a group.
        var unit: Int64
        /// By rising number.
        var groups: [Group]
    }

    let bytes: [UInt8]
    /// The texts of all keys, sorted by bytes.
    let texts: [String]
    let levels: [Level]

    /// The minutes since 1970 of which there are rows; nil without any.
    var minutes: ClosedRange<Int64>? {
        guard let first = levels.first?.groups.first, let last = levels.first?.groups.last else { return nil }
        return first.number...last.number
    }

    /// About how much memory it takes.
    var memoryByteCount: Int {
        let groups = levels.reduce(0) { $0 + $1.groups.count }
        return bytes.count + texts.reduce(0) { $0 + 16 + $1.utf8.count } + groups * (64 + RollupParts.count * 16) + 256
    }

    /// Reads where everything is.
    init(_ bytes: [UInt8]) throws {
        (texts, levels) = try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            var texts: [String] = []
            let count = try reader.readCount(limit: min(reader.remaining, Self.rowLimit))
            texts.reserveCapacity(count)
            for _ in 0..<count { texts.append(try reader.readString()) }
            return (texts, try Self.levels(&reader))
        }
        self.bytes = bytes
    }

    private static func levels(_ reader: inout ByteReader) throws -> [Level] {
        var levels: [Level] = []
        var lengths: [[[Int]]] = []
        for _ in 0..<(try reader.readCount(limit: units.count)) {
            let start = reader.position
            let unit = Int64(try reader.readCount(limit: unitLimit))
            guard levels.isEmpty ? unit == 1 : unit > levels[levels.count - 1].unit else {
                throw ByteCodingError.malformed(at: start, "levels of rollups that do not rise")
            }
            var groups: [Group] = []
            var sizes: [[Int]] = []
            var number: Int64 = 0
            for index in 0..<(try reader.readCount(limit: min(reader.remaining, rowLimit))) {
                let (next, overflow) = number.addingReportingOverflow(try reader.readSignedVarint())
                let isTooFar = next.multipliedReportingOverflow(by: unit).overflow || next > Int64.max / unit - 1
                if overflow || isTooFar || (index > 0 && next <= number) {
                    throw ByteCodingError.malformed(at: reader.position, "groups of rollups that do not rise")
                }
                number = next
                groups.append(Group(number: number, tables: []))
                var lengths: [Int] = []
                for _ in 0..<RollupParts.count { lengths.append(try reader.readCount(limit: reader.bytes.count)) }
                sizes.append(lengths)
            }
            levels.append(Level(unit: unit, groups: groups))
            lengths.append(sizes)
        }
        for level in levels.indices {
            for part in 0..<RollupParts.count {
                for group in levels[level].groups.indices {
                    let start = reader.position
                    try reader.skip(lengths[level][group][part])
                    levels[level].groups[group].tables.append(start..<reader.position)
                }
            }
        }
        if !reader.isAtEnd { throw ByteCodingError.malformed(at: reader.position, "bytes behind the end of rollups") }
        return levels
    }

    // MARK: - Reading

    /// The rows of the minutes, signed as they are.
    func rows(minutes: ClosedRange<Int64>, parts: RollupParts = .all) throws -> RollupTable {
        var table = RollupTable()
        guard let level = levels.first else { return table }
        for group in level.groups[Self.indices(of: minutes, in: level)] {
            try read(group, unit: level.unit, minute: group.number, parts, into: &table)
        }
        return table
    }

    /// The sums of the minutes, signed as they are, all under minute 0.
    func sums(minutes: ClosedRange<Int64>, parts: RollupParts = .all) throws -> RollupTable {
        var table = RollupTable()
        guard let own = self.minutes, own.overlaps(minutes) else { return table }
        try addSums(minutes.clamped(to: own), level: levels.count - 1, own, parts, into: &table)
        return table
    }

    /// Adds the groups of a level that lie within the minutes, as far as there are rows, and what is left at the edges from
    /// the next finer level.
    private func addSums(
        _ minutes: ClosedRange<Int64>, level: Int, _ own: ClosedRange<Int64>, _ parts: RollupParts, into table: inout RollupTable
    ) throws {
        let unit = levels[level].unit
        for group in levels[level].groups[Self.indices(of: minutes, in: levels[level])] {
            let covered = (group.number &* unit)...(group.number &* unit &+ unit &- 1)
            let needed = covered.clamped(to: minutes)
            if level == 0 || covered.clamped(to: own) == needed {
                try read(group, unit: unit, minute: 0, parts, into: &table)
            } else {
                try addSums(needed, level: level - 1, own, parts, into: &table)
            }
        }
    }

    private static func indices(of minutes: ClosedRange<Int64>, in level: Level) -> Range<Int> {
        let first = floor(minutes.lowerBound, level.unit)
        let last = floor(minutes.upperBound, level.unit)
        let start = Search.lowerBound(level.groups.count) { level.groups[$0].number < first }
        return start..<Search.lowerBound(level.groups.count) { level.groups[$0].number <= last }
    }

    /// The number of the unit in which a minute lies.
    static func floor(_ minute: Int64, _ unit: Int64) -> Int64 {
        minute >= 0 ? minute / unit : -((-(minute &+ 1)) / unit) - 1
    }

    private func read(
        _ group: Group, unit: Int64, minute: Int64, _ parts: RollupParts, into table: inout RollupTable
    ) throws {
        try bytes.withUnsafeBytes { raw in
            for (part, range) in group.tables.enumerated() where parts.contains(RollupParts(rawValue: 1 << UInt8(part))) {
                var reader = RollupRowReader(raw[range], texts, minute: minute, origin: group.number &* unit)
                try reader.add(RollupParts(rawValue: 1 << UInt8(part)), to: &table)
            }
        }
    }

    /// Reads every row once.
    func verify() throws {
        for level in levels {
            for group in level.groups {
                var table = RollupTable()
                try read(group, unit: level.unit, minute: 0, .all, into: &table)
            }
        }
    }
}

extension RollupParts {
    /// How many tables there are.
    static let count = 5
}
