import ByteCoding
import TelemetryModel

/// Writes the tables of one group of a ``RollupSection``: rows sorted by the numbers of their texts, so that equal tables
/// have equal bytes. Sums are signed; ``RollupRowReader`` is the other half.
struct RollupKeyWriter {
    private var numbers: [String: UInt64] = [:]

    init(_ texts: [String]) {
        for (number, text) in texts.enumerated() { numbers[text] = UInt64(number) }
    }

    /// One table; `origin` is the first minute of the group.
    func write(_ table: RollupTable, _ part: RollupParts, origin: Int64, _ writer: inout ByteWriter) {
        switch part {
        case .operations:
            write(table.operations, &writer) {
                key($0.service, $0.operation) + [UInt64($0.kind.rawValue)]
            } row: { row, writer in
                write([row.calls, row.errors, row.entryCalls, row.rootCalls] + row.codeClasses, &writer)
                if write(row.durations, &writer) { write(row.slowestTraceID, &writer) }
            }
        case .edges:
            write(table.edges, &writer) {
                key($0.caller, $0.callee) + [UInt64($0.kind.rawValue)]
            } row: { row, writer in
                write([row.calls, row.errors, row.seenByClient, row.seenByServer], &writer)
                guard write(row.durations, &writer) else { return }
                writer.writeSignedVarint(row.firstMinute &- origin)
                writer.writeSignedVarint(row.lastMinute &- row.firstMinute)
            }
        case .statements:
            write(table.statements, &writer) {
                key($0.system, $0.namespace, $0.host, $0.fingerprint, $0.callerService, $0.callerOperation)
            } row: { row, writer in
                write([row.calls, row.errors, row.maximumPerCaller], &writer)
                if write(row.durations, &writer) { write(row.slowestTraceID, &writer) }
            }
        case .nodes:
            write(table.nodes, &writer) {
                key($0.entryService, $0.entryOperation, $0.service, $0.operation)
            } row: { row, writer in
                write([row.calls, row.errors, row.selfNanoseconds, row.criticalNanoseconds], &writer)
            }
        default:
            write(table.instances, &writer) {
                key($0.service, $0.instance, $0.version, $0.hostID, $0.hostName, $0.containerID)
            } row: { row, writer in
                write([row.calls, row.errors, row.lastSeen &- Self.nanoseconds(origin)], &writer)
            }
        }
    }

    /// The beginning of a minute in nanoseconds since 1970, around the clock of 64 bits for what lies outside.
    static func nanoseconds(_ minute: Int64) -> UInt64 { UInt64(bitPattern: minute) &* 60_000_000_000 }

    private func write<Key: RollupKey, Row: RollupRow>(
        _ rows: [Key: Row], _ writer: inout ByteWriter, key: (Key) -> [UInt64], row write: (Row, inout ByteWriter) -> Void
    ) {
        let sorted = rows.filter { !$0.value.isNothing }.map { (key: key($0.key), row: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        writer.writeVarint(UInt64(sorted.count))
        for (key, row) in sorted {
            for number in key { writer.writeVarint(number) }
            write(row, &writer)
        }
    }

    private func key(_ texts: String...) -> [UInt64] { texts.map { numbers[$0, default: 0] } }

    private func write(_ sums: [UInt64], _ writer: inout ByteWriter) {
        for sum in sums { writer.writeSignedVarint(Int64(bitPattern: sum)) }
    }

    private func write(_ trace: TraceID, _ writer: inout ByteWriter) {
        writer.writeInteger(trace.high)
        writer.writeInteger(trace.low)
    }

    /// Returns whether the sketch has marks: a minimum and a maximum.
    private func write(_ sketch: DurationSketch, _ writer: inout ByteWriter) -> Bool {
        let hasMarks = sketch.minimum <= sketch.maximum
        let isOne = hasMarks && sketch.minimum == sketch.maximum && sketch.exactSum == Int128(sketch.minimum)
        let upper = Int64(truncatingIfNeeded: sketch.exactSum >> Int128(RollupRowReader.lowSumBits))
        var flags: UInt8 = hasMarks ? RollupRowReader.marksFlag : 0
        if isOne { flags |= RollupRowReader.oneFlag }
        if upper != 0 { flags |= RollupRowReader.wideFlag }
        writer.writeByte(flags)
        writer.writeVarint(UInt64(sketch.buckets.count))
        var last: UInt16 = 0
        for bucket in sketch.buckets {
            writer.writeVarint(UInt64(bucket.index - last))
            writer.writeSignedVarint(Int64(bitPattern: bucket.count))
            last = bucket.index
        }
        writer.writeVarint(UInt64(truncatingIfNeeded: sketch.exactSum) & RollupRowReader.lowSumMask)
        if upper != 0 { writer.writeSignedVarint(upper) }
        if hasMarks && !isOne {
            writer.writeVarint(sketch.minimum)
            writer.writeVarint(sketch.maximum - sketch.minimum)
        }
        return hasMarks
    }
}
