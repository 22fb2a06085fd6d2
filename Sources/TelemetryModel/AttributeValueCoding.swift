import ByteCoding

/// Arrays and maps as bytes, so that an ``AttributeRow`` can point to them: OTLP's own `AnyValue` encoding
/// (opentelemetry.proto.common.v1: string 1, bool 2, int 3, double 4, array 5, kvlist 6, bytes 7).
public enum AttributeValueCoding {
    /// The type and payload of a value; strings and composite values are interned.
    public static func row(_ value: AttributeValue, _ symbols: inout SymbolTable) -> (AttributeType, UInt64) {
        switch value {
        case .empty: return (.empty, 0)
        case .string(let text): return (.string, UInt64(symbols.intern(text)))
        case .bool(let flag): return (.bool, flag ? 1 : 0)
        case .int(let number): return (.int, UInt64(bitPattern: number))
        case .double(let number): return (.double, number.bitPattern)
        case .bytes(let bytes): return (.bytes, UInt64(bytes.withUnsafeBytes { symbols.intern($0) }))
        case .array, .map:
            let encoded = encode(value)
            return (.composite, UInt64(encoded.withUnsafeBytes { symbols.intern($0) }))
        }
    }

    /// The value of a row.
    public static func value(_ row: AttributeRow, _ symbols: SymbolTable) -> AttributeValue {
        switch row.type {
        case .empty: return .empty
        case .string: return .string(symbols.string(SymbolTable.Symbol(row.payload)))
        case .bool: return .bool(row.payload != 0)
        case .int: return .int(Int64(bitPattern: row.payload))
        case .double: return .double(Double(bitPattern: row.payload))
        case .bytes: return .bytes(Array(symbols.bytes(SymbolTable.Symbol(row.payload))))
        case .composite:
            // Intake has decoded these bytes once; whatever a damaged disk makes of them reads as "no value".
            return symbols.withBytes(SymbolTable.Symbol(row.payload)) { (try? decode($0)) ?? .empty }
        }
    }

    /// `AnyValue` as bytes.
    public static func encode(_ value: AttributeValue) -> [UInt8] {
        var message = ProtobufWriter()
        write(value, &message)
        return message.bytes
    }

    /// Writes the one field that `AnyValue` has for this value.
    public static func write(_ value: AttributeValue, _ message: inout ProtobufWriter) {
        switch value {
        case .empty: break
        case .string(let text): message.string(1, text)
        case .bool(let flag): message.varint(2, flag ? 1 : 0)
        case .int(let number): message.varint(3, UInt64(bitPattern: number))
        case .double(let number): message.double(4, number)
        case .array(let values):
            message.message(5) { list in
                for value in values { list.message(1) { write(value, &$0) } }
            }
        case .map(let pairs):
            message.message(6) { list in
                for pair in pairs { list.message(1) { write(pair, &$0) } }
            }
        case .bytes(let bytes): message.bytes(7, bytes)
        }
    }

    /// Writes a `KeyValue`.
    public static func write(_ attribute: Attribute, _ message: inout ProtobufWriter) {
        message.stringUnlessEmpty(1, attribute.key)
        message.message(2) { write(attribute.value, &$0) }
    }

    /// Reads an `AnyValue`. Nesting beyond ``AttributeValue/depthLimit`` is refused.
    public static func decode(_ bytes: UnsafeRawBufferPointer, depth: Int = 0) throws(ByteCodingError) -> AttributeValue {
        if depth > AttributeValue.depthLimit {
            throw ByteCodingError(.tooLarge, "an attribute is nested more than \(AttributeValue.depthLimit) deep")
        }
        var value = AttributeValue.empty
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: value = .string(try fields.string())
            case 2: value = .bool(try fields.varint() != 0)
            case 3: value = .int(Int64(bitPattern: try fields.varint()))
            case 4: value = .double(try fields.double())
            case 5:
                var list = try fields.message()
                var values: [AttributeValue] = []
                while try list.nextField() {
                    if list.fieldNumber == 1 {
                        values.append(try decode(try list.bytes(), depth: depth + 1))
                    } else {
                        try list.skipValue()
                    }
                }
                value = .array(values)
            case 6:
                var list = try fields.message()
                var pairs: [Attribute] = []
                while try list.nextField() {
                    if list.fieldNumber == 1 {
                        pairs.append(try decodePair(try list.bytes(), depth: depth + 1))
                    } else {
                        try list.skipValue()
                    }
                }
                value = .map(pairs)
            case 7: value = .bytes(Array(try fields.bytes()))
            default: try fields.skipValue()
            }
        }
        return value
    }

    /// Reads a `KeyValue`.
    public static func decodePair(_ bytes: UnsafeRawBufferPointer, depth: Int = 0) throws(ByteCodingError) -> Attribute {
        var pair = Attribute("", .empty)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: pair.key = try fields.string()
            case 2: pair.value = try decode(try fields.bytes(), depth: depth)
            default: try fields.skipValue()
            }
        }
        return pair
    }
}
