import ByteCoding
import TelemetryModel

/// Writes spans as OTLP's `ExportTraceServiceRequest` (opentelemetry.proto.collector.trace.v1), grouped by resource and
/// scope in the order in which these appear first.
public enum OTLPTraceEncoder {
    /// The request as protobuf.
    public static func encode(_ batch: SpanBatch) -> [UInt8] {
        var message = ProtobufWriter(capacity: batch.symbols.byteCount + batch.count * 128)
        for group in OTLPSpanGroups(batch).resources {
            message.message(1) { resourceSpans in
                let row = batch.resources[group.resource]
                resourceSpans.message(1) { writeResource(row, batch, &$0) }
                for scope in group.scopes {
                    resourceSpans.message(2) { writeScopeSpans(scope.scope, scope.rows, batch, &$0) }
                }
                writeText(3, row.schemaURL, batch, &resourceSpans)
            }
        }
        return message.bytes
    }

    private static func writeResource(_ row: ResourceRow, _ batch: SpanBatch, _ message: inout ProtobufWriter) {
        writeAttributes(1, row.attributes, batch, &message)
        message.varintUnlessZero(2, UInt64(row.droppedAttributeCount))
    }

    private static func writeScopeSpans(_ scope: Int, _ rows: [Int], _ batch: SpanBatch, _ message: inout ProtobufWriter) {
        let row = batch.scopes[scope]
        message.message(1) { scope in
            writeText(1, row.name, batch, &scope)
            writeText(2, row.version, batch, &scope)
            writeAttributes(3, row.attributes, batch, &scope)
            scope.varintUnlessZero(4, UInt64(row.droppedAttributeCount))
        }
        for index in rows { message.message(2) { writeSpan(batch.rows[index], batch, &$0) } }
        writeText(3, row.schemaURL, batch, &message)
    }

    private static func writeSpan(_ row: SpanRow, _ batch: SpanBatch, _ span: inout ProtobufWriter) {
        writeID(1, row.traceID, &span)
        writeID(2, row.spanID, &span)
        writeText(3, row.traceState, batch, &span)
        if !row.parentSpanID.isZero { writeID(4, row.parentSpanID, &span) }
        writeText(5, row.name, batch, &span)
        span.varintUnlessZero(6, UInt64(row.kind.rawValue))
        span.fixed64(7, row.start)
        span.fixed64(8, row.end)
        writeAttributes(9, row.attributes, batch, &span)
        if row.side == .sharedServer {
            span.message(9) { pair in
                pair.string(1, ZipkinNames.shared)
                pair.message(2) { $0.varint(2, 1) }
            }
        }
        span.varintUnlessZero(10, UInt64(row.droppedAttributeCount))
        for index in row.events.indices { span.message(11) { writeEvent(batch.events[index], batch, &$0) } }
        span.varintUnlessZero(12, UInt64(row.droppedEventCount))
        for index in row.links.indices { span.message(13) { writeLink(batch.links[index], batch, &$0) } }
        span.varintUnlessZero(14, UInt64(row.droppedLinkCount))
        if row.status != .unset || row.statusMessage != 0 {
            span.message(15) { status in
                writeText(2, row.statusMessage, batch, &status)
                status.varintUnlessZero(3, UInt64(row.status.rawValue))
            }
        }
        if row.flags != 0 { span.fixed32(16, row.flags) }
    }

    private static func writeEvent(_ row: EventRow, _ batch: SpanBatch, _ event: inout ProtobufWriter) {
        event.fixed64(1, row.time)
        writeText(2, row.name, batch, &event)
        writeAttributes(3, row.attributes, batch, &event)
        event.varintUnlessZero(4, UInt64(row.droppedAttributeCount))
    }

    private static func writeLink(_ row: LinkRow, _ batch: SpanBatch, _ link: inout ProtobufWriter) {
        writeID(1, row.traceID, &link)
        writeID(2, row.spanID, &link)
        writeText(3, row.traceState, batch, &link)
        writeAttributes(4, row.attributes, batch, &link)
        link.varintUnlessZero(5, UInt64(row.droppedAttributeCount))
        if row.flags != 0 { link.fixed32(6, row.flags) }
    }

    private static func writeAttributes(_ field: UInt32, _ range: RowRange, _ batch: SpanBatch, _ message: inout ProtobufWriter) {
        for index in range.indices {
            let row = batch.attributes[index]
            message.message(field) { pair in
                writeText(1, row.key, batch, &pair)
                pair.message(2) { writeValue(row, batch, &$0) }
            }
        }
    }

    private static func writeValue(_ row: AttributeRow, _ batch: SpanBatch, _ value: inout ProtobufWriter) {
        switch row.type {
        case .empty: break
        case .string: batch.symbols.withBytes(SymbolTable.Symbol(row.payload)) { value.bytes(1, $0) }
        case .bool: value.varint(2, row.payload)
        case .int: value.varint(3, row.payload)
        case .double: value.fixed64(4, row.payload)
        case .bytes: batch.symbols.withBytes(SymbolTable.Symbol(row.payload)) { value.bytes(7, $0) }
        case .composite: batch.symbols.withBytes(SymbolTable.Symbol(row.payload)) { value.encodedFields($0) }
        }
    }

    private static func writeText(
        _ field: UInt32, _ symbol: SymbolTable.Symbol, _ batch: SpanBatch, _ message: inout ProtobufWriter
    ) {
        if symbol != 0 { batch.symbols.withBytes(symbol) { message.bytes(field, $0) } }
    }

    private static func writeID(_ field: UInt32, _ id: TraceID, _ message: inout ProtobufWriter) {
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { message.bytes(field, $0) }
    }

    private static func writeID(_ field: UInt32, _ id: SpanID, _ message: inout ProtobufWriter) {
        withUnsafeBytes(of: id.value.bigEndian) { message.bytes(field, $0) }
    }
}
