import ByteCoding
import TelemetryModel

/// Reads OTLP's `KeyValue` (opentelemetry.proto.common.v1) into one flat row.
enum OTLPAttributeReader {
    /// The row of a pair; texts and composite values are interned. Nesting beyond ``AttributeValue/depthLimit`` and
    /// texts that are not UTF-8 are refused.
    static func read(_ bytes: UnsafeRawBufferPointer, _ symbols: inout SymbolTable) throws(ByteCodingError) -> AttributeRow {
        var row = AttributeRow(key: 0, type: .empty, payload: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: row.key = try symbols.internText(try fields.bytes(), "the key of an attribute")
            case 2: try readValue(try fields.bytes(), &symbols, &row)
            default: try fields.skipValue()
            }
        }
        return row
    }

    private static func readValue(
        _ bytes: UnsafeRawBufferPointer, _ symbols: inout SymbolTable, _ row: inout AttributeRow
    ) throws(ByteCodingError) {
        row.type = .empty
        row.payload = 0
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1:
                row.payload = UInt64(try symbols.internText(try fields.bytes(), "the value of an attribute"))
                row.type = .string
            case 2:
                row.payload = try fields.varint() == 0 ? 0 : 1
                row.type = .bool
            case 3:
                row.payload = try fields.varint()
                row.type = .int
            case 4:
                row.payload = try fields.fixed64()
                row.type = .double
            case 5, 6:
                // Rare: take the long way through the value, which checks it and makes its bytes canonical.
                (row.type, row.payload) = AttributeValueCoding.row(try AttributeValueCoding.decode(bytes), &symbols)
                return
            case 7:
                row.payload = UInt64(symbols.intern(try fields.bytes()))
                row.type = .bytes
            default: try fields.skipValue()
            }
        }
    }
}

/// Reads the ids of OTLP, which are bytes of a fixed length.
enum OTLPIdentifiers {
    /// The id in 16 bytes; zero for any other length, which callers refuse as they do zero itself.
    static func traceID(_ bytes: UnsafeRawBufferPointer) -> TraceID {
        guard bytes.count == 16 else { return TraceID(high: 0, low: 0) }
        return TraceID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    /// The id in 8 bytes; zero for any other length, which callers refuse as they do zero itself.
    static func spanID(_ bytes: UnsafeRawBufferPointer) -> SpanID {
        guard bytes.count == 8 else { return SpanID(0) }
        return SpanID(UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    }

    /// The id in 8 bytes, or none.
    static func parentSpanID(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> SpanID {
        if bytes.isEmpty { return SpanID(0) }
        guard bytes.count == 8 else { throw ByteCodingError(.malformed, "its parent span id must be 8 bytes or none") }
        return spanID(bytes)
    }
}

extension SymbolTable {
    /// Interns bytes that must be UTF-8; `what` names them in the error.
    mutating func internText(_ bytes: UnsafeRawBufferPointer, _ what: StaticString) throws(ByteCodingError) -> Symbol {
        guard UTF8Check.isValid(bytes) else { throw ByteCodingError(.malformed, "\(what) is not UTF-8") }
        return intern(bytes)
    }
}
