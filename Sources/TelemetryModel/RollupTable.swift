/// What is known about spans without looking at them: sums per minute of span start, as blocks and head carry them.
///
/// Tables add up: the answer for a range is the sum over head and blocks. `minute` is minutes since 1970. A table may hold
/// differences, whose sums are signed in two's complement; only their sum, once settled, is an answer.
public struct RollupTable: Hashable, Sendable {
    /// By operation of a service.
    public var operations: [OperationKey: OperationRollup] = [:]
    /// By calling and called service.
    public var edges: [EdgeKey: EdgeRollup] = [:]
    /// By database statement and who calls it.
    public var statements: [StatementKey: StatementRollup] = [:]
    /// By entry point and operation below it.
    public var nodes: [NodeKey: NodeRollup] = [:]
    /// By running instance of a service.
    public var instances: [InstanceKey: InstanceRollup] = [:]

    /// Nothing known.
    public init() {}

    /// The name under which everything beyond a limit is counted.
    public static let other = "__other__"

    /// Adds another table.
    public mutating func merge(_ other: RollupTable) {
        Self.merge(other.operations, into: &operations)
        Self.merge(other.edges, into: &edges)
        Self.merge(other.statements, into: &statements)
        Self.merge(other.nodes, into: &nodes)
        Self.merge(other.instances, into: &instances)
    }

    /// Takes back what another table counts.
    public mutating func subtract(_ other: RollupTable) {
        Self.subtract(other.operations, from: &operations)
        Self.subtract(other.edges, from: &edges)
        Self.subtract(other.statements, from: &statements)
        Self.subtract(other.nodes, from: &nodes)
        Self.subtract(other.instances, from: &instances)
    }

    /// The table as readers get it: rows of which nothing is left are gone, and nothing is negative.
    public func settled() -> RollupTable {
        var table = RollupTable()
        table.operations = Self.settled(operations)
        table.edges = Self.settled(edges)
        table.statements = Self.settled(statements)
        table.nodes = Self.settled(nodes)
        table.instances = Self.settled(instances)
        return table
    }

    /// Only the minutes in `range`.
    public func restricted(to range: ClosedRange<Int64>) -> RollupTable {
        var result = RollupTable()
        result.operations = operations.filter { range.contains($0.key.minute) }
        result.edges = edges.filter { range.contains($0.key.minute) }
        result.statements = statements.filter { range.contains($0.key.minute) }
        result.nodes = nodes.filter { range.contains($0.key.minute) }
        result.instances = instances.filter { range.contains($0.key.minute) }
        return result
    }

    /// Some of the tables.
    public func only(_ parts: RollupParts) -> RollupTable {
        var table = RollupTable()
        if parts.contains(.operations) { table.operations = operations }
        if parts.contains(.edges) { table.edges = edges }
        if parts.contains(.statements) { table.statements = statements }
        if parts.contains(.nodes) { table.nodes = nodes }
        if parts.contains(.instances) { table.instances = instances }
        return table
    }

    /// The table with every minute `change`d, rows that then have one key added up.
    public func summed(minute change: (Int64) -> Int64) -> RollupTable {
        var table = RollupTable()
        table.operations = Self.summed(operations, change)
        table.edges = Self.summed(edges, change)
        table.statements = Self.summed(statements, change)
        table.nodes = Self.summed(nodes, change)
        table.instances = Self.summed(instances, change)
        return table
    }

    /// Whether there is no row.
    public var isEmpty: Bool {
        operations.isEmpty && edges.isEmpty && statements.isEmpty && nodes.isEmpty && instances.isEmpty
    }

    private static func merge<Key: RollupKey, Row: RollupRow>(_ rows: [Key: Row], into sums: inout [Key: Row]) {
        if sums.isEmpty { return sums = rows }
        for (key, row) in rows {
            sums[key, default: Row()].merge(row)
            if sums[key]?.isNothing == true { sums[key] = nil }
        }
    }

    private static func subtract<Key: RollupKey, Row: RollupRow>(_ rows: [Key: Row], from sums: inout [Key: Row]) {
        for (key, row) in rows {
            sums[key, default: Row()].subtract(row)
            if sums[key]?.isNothing == true { sums[key] = nil }
        }
    }

    /// In place, because a dictionary made anew would look for the place of every key again.
    private static func settled<Key: RollupKey, Row: RollupRow>(_ rows: [Key: Row]) -> [Key: Row] {
        var rows = rows
        var gone: [Key] = []
        for index in rows.indices {
            if let row = rows.values[index].settled() {
                rows.values[index] = row
            } else {
                gone.append(rows[index].key)
            }
        }
        for key in gone { rows[key] = nil }
        return rows
    }

    private static func summed<Key: RollupKey, Row: RollupRow>(_ rows: [Key: Row], _ change: (Int64) -> Int64) -> [Key: Row] {
        var sums: [Key: Row] = [:]
        for (key, row) in rows {
            var changed = key
            changed.minute = change(key.minute)
            sums[changed, default: Row()].merge(row)
        }
        return sums.filter { !$0.value.isNothing }
    }
}

/// The tables of a ``RollupTable``.
public struct RollupParts: OptionSet, Hashable, Sendable {
    /// One bit a table.
    public let rawValue: UInt8

    /// The tables of these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// ``RollupTable/operations``.
    public static let operations = RollupParts(rawValue: 1)
    /// ``RollupTable/edges``.
    public static let edges = RollupParts(rawValue: 2)
    /// ``RollupTable/statements``.
    public static let statements = RollupParts(rawValue: 4)
    /// ``RollupTable/nodes``.
    public static let nodes = RollupParts(rawValue: 8)
    /// ``RollupTable/instances``.
    public static let instances = RollupParts(rawValue: 16)
    /// All of them.
    public static let all = RollupParts(rawValue: 31)
}

/// What a row is found under.
public protocol RollupKey: Hashable, Sendable {
    /// Minutes since 1970.
    var minute: Int64 { get set }
}

/// Sums that can be added and taken back.
public protocol RollupRow: Hashable, Sendable {
    /// Nothing counted.
    init()
    /// Adds another row.
    mutating func merge(_ other: Self)
    /// Takes back what another row counts. What is no sum, such as the longest duration, stays as a mark.
    mutating func subtract(_ other: Self)
    /// Whether all sums are zero, and no mark says more than they do.
    var isNothing: Bool { get }
    /// The row as readers get it, or nil when nothing is left of it.
    func settled() -> Self?
}

extension UInt64 {
    /// What is left of a signed sum: 0 when it is negative.
    var leftOver: UInt64 { Int64(bitPattern: self) < 0 ? 0 : self }
}
