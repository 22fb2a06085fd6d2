import ByteCoding
import TelemetryModel

/// A ``RollupTable`` as bytes: the texts once, sorted; then each of the five tables, rows sorted by key, so that equal
/// tables have equal bytes. `Schemas/format/span-block.md` describes them.
enum RollupCodec {
    /// At most so many rows of a table, or texts, are believed.
    static let rowLimit = 1 << 26

    static func encode(_ table: RollupTable) -> [UInt8] {
        let texts = Texts(table)
        var writer = ByteWriter()
        texts.write(&writer)
        writeRows(table.operations, &writer, key: texts.key) { row, writer in
            write([row.calls, row.errors, row.entryCalls, row.rootCalls] + row.codeClasses, &writer)
            write(row.durations, row.slowestTraceID, &writer)
        }
        writeRows(table.edges, &writer, key: texts.key) { row, writer in
            write([row.calls, row.errors, row.seenByClient, row.seenByServer], &writer)
            write(row.durations, &writer)
        }
        writeRows(table.statements, &writer, key: texts.key) { row, writer in
            write([row.calls, row.errors, row.maximumPerCaller], &writer)
            write(row.durations, row.slowestTraceID, &writer)
        }
        writeRows(table.nodes, &writer, key: texts.key) { row, writer in
            write([row.calls, row.errors, row.selfNanoseconds, row.criticalNanoseconds], &writer)
        }
        writeRows(table.instances, &writer, key: texts.key) { row, writer in
            write([row.calls, row.errors, row.lastSeen], &writer)
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws -> RollupTable {
        try bytes.withUnsafeBytes { bytes in
            var decoder = try RollupDecoder(bytes)
            return try decoder.table()
        }
    }

    // MARK: - Writing

    private static func writeRows<Key: Hashable, Row>(
        _ rows: [Key: Row], _ writer: inout ByteWriter, key: (Key) -> [UInt64], _ body: (Row, inout ByteWriter) -> Void
    ) {
        let sorted = rows.map { (key: key($0.key), row: $0.value) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        writer.writeVarint(UInt64(sorted.count))
        var lastMinute: UInt64 = 0
        for (key, row) in sorted {
            writer.writeSignedVarint(Int64(bitPattern: key[0] &- lastMinute))
            lastMinute = key[0]
            write(key[1...], &writer)
            body(row, &writer)
        }
    }

    private static func write(_ numbers: some Sequence<UInt64>, _ writer: inout ByteWriter) {
        for number in numbers { writer.writeVarint(number) }
    }

    private static func write(_ sketch: DurationSketch, _ trace: TraceID, _ writer: inout ByteWriter) {
        write(sketch, &writer)
        writer.writeInteger(trace.high)
        writer.writeInteger(trace.low)
    }

    private static func write(_ sketch: DurationSketch, _ writer: inout ByteWriter) {
        writer.writeVarint(UInt64(sketch.buckets.count))
        var last: UInt16 = 0
        for bucket in sketch.buckets {
            writer.writeVarint(UInt64(bucket.index - last))
            writer.writeVarint(bucket.count)
            last = bucket.index
        }
        if sketch.count == 0 { return }
        writer.writeVarint(sketch.sumNanoseconds)
        writer.writeVarint(sketch.minimum)
        writer.writeVarint(sketch.maximum)
    }

    /// The texts of a table, sorted by bytes, and keys in terms of their numbers. The minute comes first.
    private struct Texts {
        private var sorted: [String] = []
        private var numbers: [String: UInt64] = [:]

        init(_ table: RollupTable) {
            var all: Set<String> = []
            for key in table.operations.keys { all.formUnion([key.service, key.operation]) }
            for key in table.edges.keys { all.formUnion([key.caller, key.callee]) }
            for key in table.statements.keys {
                all.formUnion([key.system, key.namespace, key.host, key.fingerprint, key.callerService, key.callerOperation])
            }
            for key in table.nodes.keys {
                all.formUnion([key.entryService, key.entryOperation, key.service, key.operation])
            }
            for key in table.instances.keys {
                all.formUnion([key.service, key.instance, key.version, key.hostID, key.hostName, key.containerID])
            }
            sorted = all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for (number, text) in sorted.enumerated() { numbers[text] = UInt64(number) }
        }

        func write(_ writer: inout ByteWriter) {
            writer.writeVarint(UInt64(sorted.count))
            for text in sorted { writer.writeString(text) }
        }

        private func key(_ minute: Int64, _ texts: String...) -> [UInt64] {
            [UInt64(bitPattern: minute)] + texts.map { numbers[$0, default: 0] }
        }

        func key(_ key: OperationKey) -> [UInt64] {
            self.key(key.minute, key.service, key.operation) + [UInt64(key.kind.rawValue)]
        }

        func key(_ key: EdgeKey) -> [UInt64] { self.key(key.minute, key.caller, key.callee) + [UInt64(key.kind.rawValue)] }

        func key(_ key: StatementKey) -> [UInt64] {
            self.key(
                key.minute, key.system, key.namespace, key.host, key.fingerprint, key.callerService, key.callerOperation)
        }

        func key(_ key: NodeKey) -> [UInt64] {
            self.key(key.minute, key.entryService, key.entryOperation, key.service, key.operation)
        }

        func key(_ key: InstanceKey) -> [UInt64] {
            self.key(key.minute, key.service, key.instance, key.version, key.hostID, key.hostName, key.containerID)
        }
    }
}

/// The reading half of ``RollupCodec``.
private struct RollupDecoder {
    private var reader: ByteReader
    private var texts: [String] = []

    init(_ bytes: UnsafeRawBufferPointer) throws {
        reader = ByteReader(bytes)
        let count = try reader.readCount(limit: min(reader.remaining, RollupCodec.rowLimit))
        texts.reserveCapacity(count)
        for _ in 0..<count { texts.append(try reader.readString()) }
    }

    mutating func table() throws -> RollupTable {
        var table = RollupTable()
        try rows { minute, decoder in
            let key = OperationKey(
                minute: minute, service: try decoder.text(), operation: try decoder.text(), kind: try decoder.kind(SpanKind.init))
            table.operations[key] = try decoder.operation()
        }
        try rows { minute, decoder in
            let key = EdgeKey(
                minute: minute, caller: try decoder.text(), callee: try decoder.text(), kind: try decoder.kind(EdgeKind.init))
            table.edges[key] = try decoder.edge()
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

    private mutating func rows(_ body: (Int64, inout RollupDecoder) throws -> Void) throws {
        var minute: Int64 = 0
        for _ in 0..<(try reader.readCount(limit: min(reader.remaining, RollupCodec.rowLimit))) {
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

    private mutating func edge() throws -> EdgeRollup {
        var row = EdgeRollup()
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
        guard let sketch = DurationSketch(buckets: buckets, sumNanoseconds: sum, minimum: minimum, maximum: try reader.readVarint())
        else { throw ByteCodingError.malformed(at: start, "durations that contradict each other") }
        return sketch
    }
}
