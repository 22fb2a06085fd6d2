import ByteCoding
import TelemetryModel

/// Reads the rollups of blocks in version 1: one table by minute, and nothing signed. `Schemas/format/span-block.md`
/// describes them.
struct RollupSectionVersion1 {
    private var reader: ByteReader
    private var texts: [String] = []

    /// The table in the bytes of a section.
    static func decode(_ bytes: [UInt8]) throws -> RollupTable {
        try bytes.withUnsafeBytes { bytes in
            var section = try RollupSectionVersion1(bytes)
            return try section.table()
        }
    }

    private init(_ bytes: UnsafeRawBufferPointer) throws {
        reader = ByteReader(bytes)
        let count = try reader.readCount(limit: min(reader.remaining, RollupSection.rowLimit))
        texts.reserveCapacity(count)
        for _ in 0..<count { texts.append(try reader.readString()) }
    }

    private mutating func table() throws -> RollupTable {
        var table = RollupTable()
        try rows { minute, decoder in
            let key = OperationKey(
                minute: minute, service: try decoder.text(), operation: try decoder.text(), kind: try decoder.kind(SpanKind.init))
            table.operations[key] = try decoder.operation()
        }
        try rows { minute, decoder in
            let key = EdgeKey(
                minute: minute, caller: try decoder.text(), callee: try decoder.text(), kind: try decoder.kind(EdgeKind.init))
            table.edges[key] = try decoder.edge(minute)
        }
        try rows { minute, decoder in
            let key = StatementKey(
                minute: minute, system: try decoder.text(), namespace: try decoder.text(), host: try decoder.text(),
                fingerprint: try decoder.text(), callerService: try decoder.text(), callerOperation: try decoder.text())
            table.statements[key] = try decoder.statement()
        }
        try rows { minute, decoder in
            let key = NodeKey(
                minute: minute, entryService: try decoder.text(), entryOperation: try decoder.text(), service: try decoder.text(),
                operation: try decoder.text())
            table.nodes[key] = try decoder.node()
        }
        try rows { minute, decoder in
            let key = InstanceKey(
                minute: minute, service: try decoder.text(), instance: try decoder.text(), version: try decoder.text(),
                hostID: try decoder.text(), hostName: try decoder.text(), containerID: try decoder.text())
            table.instances[key] = try decoder.instance()
        }
        if !reader.isAtEnd { throw ByteCodingError.malformed(at: reader.position, "bytes behind the end of rollups") }
        return table
    }

    private mutating func rows(_ body: (Int64, inout RollupSectionVersion1) throws -> Void) throws {
        var minute: Int64 = 0
        for _ in 0..<(try reader.readCount(limit: min(reader.remaining, RollupSection.rowLimit))) {
            minute = minute &+ (try reader.readSignedVarint())
            try body(minute, &self)
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

    private mutating func operation() throws -> OperationRollup {
        var row = OperationRollup()
        row.calls = try reader.readVarint()
        row.errors = try reader.readVarint()
        row.entryCalls = try reader.readVarint()
        row.rootCalls = try reader.readVarint()
        for index in row.codeClasses.indices { row.codeClasses[index] = try reader.readVarint() }
        row.durations = try sketch()
        row.slowestTraceID = try traceID()
        return row
    }

    private mutating func edge(_ minute: Int64) throws -> EdgeRollup {
        var row = EdgeRollup()
        row.firstMinute = minute
        row.lastMinute = minute
        row.calls = try reader.readVarint()
        row.errors = try reader.readVarint()
        row.seenByClient = try reader.readVarint()
        row.seenByServer = try reader.readVarint()
        row.durations = try sketch()
        return row
    }

    private mutating func statement() throws -> StatementRollup {
        var row = StatementRollup()
        row.calls = try reader.readVarint()
        row.errors = try reader.readVarint()
        row.maximumPerCaller = try reader.readVarint()
        row.durations = try sketch()
        row.slowestTraceID = try traceID()
        return row
    }

    private mutating func node() throws -> NodeRollup {
        var row = NodeRollup()
        row.calls = try reader.readVarint()
        row.errors = try reader.readVarint()
        row.selfNanoseconds = try reader.readVarint()
        row.criticalNanoseconds = try reader.readVarint()
        return row
    }

    private mutating func instance() throws -> InstanceRollup {
        var row = InstanceRollup()
        row.calls = try reader.readVarint()
        row.errors = try reader.readVarint()
        row.lastSeen = try reader.readVarint()
        return row
    }

    private mutating func traceID() throws -> TraceID { TraceID(high: try reader.readInteger(), low: try reader.readInteger()) }

    private mutating func sketch() throws -> DurationSketch {
        let start = reader.position
        var buckets: [DurationSketch.Bucket] = []
        var index: UInt64 = 0
        for _ in 0..<(try reader.readCount(limit: Int(DurationSketch.bucketLimit))) {
            index = index &+ (try reader.readVarint())
            guard let narrow = UInt16(exactly: index) else {
                throw ByteCodingError.malformed(at: start, "a bucket beyond the last one")
            }
            buckets.append(DurationSketch.Bucket(index: narrow, count: try reader.readVarint()))
        }
        if buckets.isEmpty { return DurationSketch() }
        let sum = try reader.readVarint()
        let minimum = try reader.readVarint()
        let maximum = try reader.readVarint()
        guard minimum <= maximum,
            let sketch = DurationSketch(buckets: buckets, exactSum: Int128(sum), minimum: minimum, maximum: maximum)
        else { throw ByteCodingError.malformed(at: start, "durations that contradict each other") }
        return sketch
    }
}
