import ByteCoding
import TelemetryModel

/// Reads one table of a group of a ``RollupSection`` and adds its rows to a table.
struct RollupRowReader {
    /// A sketch has a minimum and a maximum.
    static let marksFlag: UInt8 = 1
    /// Both of them are the sum.
    static let oneFlag: UInt8 = 2
    /// The sum has an upper part.
    static let wideFlag: UInt8 = 4
    /// How many bits the lower part of a sum has.
    static let lowSumBits = 62
    /// These bits.
    static let lowSumMask: UInt64 = 1 << 62 - 1

    private var reader: ByteReader
    private let texts: [String]
    private let minute: Int64
    private let origin: Int64

    /// `minute` is what the keys get, `origin` the first minute of the group.
    init(_ bytes: Slice<UnsafeRawBufferPointer>, _ texts: [String], minute: Int64, origin: Int64) {
        reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes))
        self.texts = texts
        self.minute = minute
        self.origin = origin
    }

    /// Adds the rows of the table of this part.
    mutating func add(_ part: RollupParts, to table: inout RollupTable) throws {
        let count = try reader.readCount(limit: reader.remaining)
        let minute = minute
        Self.reserve(min(count, reader.remaining / Self.leastRowByteCount), part, &table)
        for _ in 0..<count {
            switch part {
            case .operations:
                let key = OperationKey(minute: minute, service: try text(), operation: try text(), kind: try kind(SpanKind.init))
                table.operations[key, default: OperationRollup()].merge(try operation())
            case .edges:
                let key = EdgeKey(minute: minute, caller: try text(), callee: try text(), kind: try kind(EdgeKind.init))
                table.edges[key, default: EdgeRollup()].merge(try edge())
            case .statements:
                let key = StatementKey(
                    minute: minute, system: try text(), namespace: try text(), host: try text(), fingerprint: try text(),
                    callerService: try text(), callerOperation: try text())
                table.statements[key, default: StatementRollup()].merge(try statement())
            case .nodes:
                let key = NodeKey(
                    minute: minute, entryService: try text(), entryOperation: try text(), service: try text(),
                    operation: try text())
                table.nodes[key, default: NodeRollup()].merge(try node())
            default:
                let key = InstanceKey(
                    minute: minute, service: try text(), instance: try text(), version: try text(), hostID: try text(),
                    hostName: try text(), containerID: try text())
                table.instances[key, default: InstanceRollup()].merge(try instance())
            }
        }
        if !reader.isAtEnd { throw ByteCodingError.malformed(at: reader.position, "bytes behind the end of a table of rollups") }
    }

    /// No row has fewer bytes.
    private static let leastRowByteCount = 6

    /// Makes room for rows, which saves finding their keys' places again and again as a table grows.
    private static func reserve(_ count: Int, _ part: RollupParts, _ table: inout RollupTable) {
        switch part {
        case .operations: table.operations.reserveCapacity(table.operations.count + count)
        case .edges: table.edges.reserveCapacity(table.edges.count + count)
        case .statements: table.statements.reserveCapacity(table.statements.count + count)
        case .nodes: table.nodes.reserveCapacity(table.nodes.count + count)
        default: table.instances.reserveCapacity(table.instances.count + count)
        }
    }

    private mutating func text() throws -> String {
        let start = reader.position
        let number = try reader.readVarint()
        if number >= UInt64(texts.count) { throw ByteCodingError.malformed(at: start, "a text that rollups do not list") }
        return texts[Int(number)]
    }

    private mutating func kind<Kind>(_ make: (UInt8) -> Kind?) throws -> Kind {
        let start = reader.position
        guard let raw = UInt8(exactly: try reader.readVarint()), let kind = make(raw) else {
            throw ByteCodingError.malformed(at: start, "an unknown kind in rollups")
        }
        return kind
    }

    private mutating func sum() throws -> UInt64 { UInt64(bitPattern: try reader.readSignedVarint()) }

    private mutating func operation() throws -> OperationRollup {
        var row = OperationRollup()
        row.calls = try sum()
        row.errors = try sum()
        row.entryCalls = try sum()
        row.rootCalls = try sum()
        for index in row.codeClasses.indices { row.codeClasses[index] = try sum() }
        row.durations = try sketch()
        if row.durations.minimum <= row.durations.maximum { row.slowestTraceID = try traceID() }
        return row
    }

    private mutating func edge() throws -> EdgeRollup {
        var row = EdgeRollup()
        row.calls = try sum()
        row.errors = try sum()
        row.seenByClient = try sum()
        row.seenByServer = try sum()
        row.durations = try sketch()
        if row.durations.minimum <= row.durations.maximum {
            row.firstMinute = origin &+ (try reader.readSignedVarint())
            row.lastMinute = row.firstMinute &+ (try reader.readSignedVarint())
        }
        return row
    }

    private mutating func statement() throws -> StatementRollup {
        var row = StatementRollup()
        row.calls = try sum()
        row.errors = try sum()
        row.maximumPerCaller = try sum()
        row.durations = try sketch()
        if row.durations.minimum <= row.durations.maximum { row.slowestTraceID = try traceID() }
        return row
    }

    private mutating func node() throws -> NodeRollup {
        var row = NodeRollup()
        row.calls = try sum()
        row.errors = try sum()
        row.selfNanoseconds = try sum()
        row.criticalNanoseconds = try sum()
        return row
    }

    private mutating func instance() throws -> InstanceRollup {
        var row = InstanceRollup()
        row.calls = try sum()
        row.errors = try sum()
        row.lastSeen = (try sum()) &+ RollupKeyWriter.nanoseconds(origin)
        return row
    }

    private mutating func traceID() throws -> TraceID { TraceID(high: try reader.readInteger(), low: try reader.readInteger()) }

    private mutating func sketch() throws -> DurationSketch {
        let start = reader.position
        let flags = try reader.readByte()
        let count = try reader.readCount(limit: min(Int(DurationSketch.bucketLimit), reader.remaining))
        var buckets: [DurationSketch.Bucket] = []
        buckets.reserveCapacity(count)
        var index: UInt64 = 0
        for _ in 0..<count {
            index &+= try reader.readVarint()
            guard let narrow = UInt16(exactly: index) else {
                throw ByteCodingError.malformed(at: start, "a bucket beyond the last one")
            }
            buckets.append(DurationSketch.Bucket(index: narrow, count: try sum()))
        }
        var total = Int128(try reader.readVarint() & Self.lowSumMask)
        if flags & Self.wideFlag != 0 { total += Int128(try reader.readSignedVarint()) << Int128(Self.lowSumBits) }
        var (minimum, maximum) = (UInt64.max, UInt64(0))
        if flags & Self.oneFlag != 0 {
            minimum = UInt64(clamping: total)
            maximum = minimum
        } else if flags & Self.marksFlag != 0 {
            minimum = try reader.readVarint()
            let (sum, overflow) = minimum.addingReportingOverflow(try reader.readVarint())
            maximum = overflow ? .max : sum
        }
        guard let sketch = DurationSketch(buckets: buckets, exactSum: total, minimum: minimum, maximum: maximum) else {
            throw ByteCodingError.malformed(at: start, "durations that contradict each other")
        }
        return sketch
    }
}
