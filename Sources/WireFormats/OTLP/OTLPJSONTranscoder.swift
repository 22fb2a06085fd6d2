import ByteCoding

/// Turns OTLP/JSON into OTLP protobuf, so that there is one decoder only.
///
/// The mapping is that of protobuf's JSON with OTLP's exceptions (opentelemetry.io/docs/specs/otlp, "JSON Protobuf
/// Encoding"): ids are hexadecimal, 64-bit numbers may be strings or numbers, enums may be numbers or names. Names are
/// taken in lowerCamelCase and snake_case; unknown ones are skipped and `null` stands for a missing field.
public struct OTLPJSONTranscoder {
    /// What came of a JSON text.
    public struct Result: Sendable {
        /// The request as protobuf.
        public var bytes: [UInt8]
        /// Spans, data points or log records whose fields have the wrong types.
        public var refusals: WireRefusals
    }

    /// How deep the JSON may be nested: an attribute at ``TelemetryModel/AttributeValue/depthLimit`` with room to spare,
    /// so that a deeper one is refused alone by the decoder.
    public static let depthLimit = 256

    /// Transcodes a request of this signal. JSON that is broken, or is no such request, is thrown back whole.
    public static func transcode(
        _ json: UnsafeRawBufferPointer, _ signal: OTLPResponse.Signal
    ) throws(ByteCodingError) -> Result {
        let request: OTLPMessage =
            switch signal {
            case .traces: .tracesRequest
            case .metrics: .metricsRequest
            case .logs: .logsRequest
            }
        var transcoder = OTLPJSONTranscoder(scanner: JSONScanner(json, depthLimit: depthLimit))
        var writer = ProtobufWriter(capacity: json.count / 2)
        try transcoder.message(request, &writer)
        try transcoder.scanner.end()
        return Result(bytes: writer.bytes, refusals: transcoder.refusals)
    }

    private var scanner: JSONScanner
    private var refusals = WireRefusals()

    private init(scanner: JSONScanner) { self.scanner = scanner }

    // MARK: - Messages

    private mutating func message(_ type: OTLPMessage, _ writer: inout ProtobufWriter) throws(ByteCodingError) {
        let fields = type.fields
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if let field = Self.find(key, fields), try scanner.peek() != .null {
                try member(field, &writer)
            } else {
                try scanner.skipValue()
            }
        }
    }

    private mutating func member(_ field: OTLPField, _ writer: inout ProtobufWriter) throws(ByteCodingError) {
        guard field.isRepeated else { return try value(field, &writer) }
        try scanner.beginArray()
        while try scanner.nextElement() { try value(field, &writer) }
    }

    private mutating func value(_ field: OTLPField, _ writer: inout ProtobufWriter) throws(ByteCodingError) {
        guard case .message(let type) = field.form else { return try scalar(field, &writer) }
        var rewound = scanner
        do throws(ByteCodingError) {
            try writer.message(field.number) { (inner: inout ProtobufWriter) throws(ByteCodingError) in
                try message(type, &inner)
            }
        } catch {
            guard type.isItem else { throw error }
            // Only a mistake in the types is the item's own; broken JSON throws again here.
            try rewound.skipValue()
            scanner = rewound
            refusals.add(WireRefusalReason(error), "A \(type.itemName) cannot be read: \(error.message).")
        }
    }

    // MARK: - Scalars

    private mutating func scalar(_ field: OTLPField, _ writer: inout ProtobufWriter) throws(ByteCodingError) {
        let start = scanner.position
        switch field.form {
        case .text: try text(field, &writer)
        case .base64:
            guard let bytes = Base64.decode(try scanner.string()) else { throw Self.wrong(field, "base64", start) }
            writer.bytes(field.number, bytes)
        case .hexadecimal: writer.bytes(field.number, Self.identifier(try scanner.string()))
        case .bool: writer.varint(field.number, try scanner.bool() ? 1 : 0)
        case .unsigned: writer.varint(field.number, try integer(field, UInt64.self))
        case .signed: writer.varint(field.number, UInt64(bitPattern: try integer(field, Int64.self)))
        case .zigzag:
            let number = Int64(try integer(field, Int32.self))
            writer.varint(field.number, UInt64(bitPattern: (number &<< 1) ^ (number &>> 63)))
        case .fixed32: writer.fixed32(field.number, try integer(field, UInt32.self))
        case .fixed64: writer.fixed64(field.number, try integer(field, UInt64.self))
        case .signedFixed64: writer.fixed64(field.number, UInt64(bitPattern: try integer(field, Int64.self)))
        case .double: writer.double(field.number, try double(field))
        case .enumeration(let names): writer.varint(field.number, try enumeration(field, names))
        case .message: try scanner.skipValue()
        }
    }

    private mutating func text(_ field: OTLPField, _ writer: inout ProtobufWriter) throws(ByteCodingError) {
        guard try scanner.peek() == .string else { throw Self.wrong(field, "a string", scanner.position) }
        try scanner.string().withUTF8 { writer.bytes(field.number, $0) }
    }

    private mutating func integer<Value: FixedWidthInteger>(
        _ field: OTLPField, _ type: Value.Type
    ) throws(ByteCodingError) -> Value {
        let start = scanner.position
        let number: Value? =
            switch try scanner.peek() {
            case .string: try scanner.string().withUTF8 { JSONNumber.integer($0, type) }
            case .number: try scanner.number().integer(type)
            default: nil
            }
        guard let number else { throw Self.wrong(field, "a whole number in range", start) }
        return number
    }

    private mutating func double(_ field: OTLPField) throws(ByteCodingError) -> Double {
        let start = scanner.position
        let number: Double?
        switch try scanner.peek() {
        case .number: number = try scanner.number().double
        case .string:
            switch try scanner.string().string {
            case "NaN": number = .nan
            case "Infinity": number = .infinity
            case "-Infinity": number = -.infinity
            case let text: number = Double(text).flatMap { $0.isFinite ? $0 : nil }
            }
        default: number = nil
        }
        guard let number else { throw Self.wrong(field, "a number", start) }
        return number
    }

    private mutating func enumeration(_ field: OTLPField, _ names: [StaticString]) throws(ByteCodingError) -> UInt64 {
        let start = scanner.position
        guard try scanner.peek() == .string else { return UInt64(bitPattern: Int64(try integer(field, Int32.self))) }
        let name = try scanner.string()
        guard let number = names.firstIndex(where: { name.equals($0) }) else {
            throw Self.wrong(field, "a value of its enum", start)
        }
        return UInt64(number)
    }

    // MARK: - Helpers

    private static func wrong(_ field: OTLPField, _ wanted: StaticString, _ position: Int) -> ByteCodingError {
        ByteCodingError(.malformed, "\"\(field.name)\" must be \(wanted) at byte \(position)")
    }

    /// The bytes of an id; one byte of zero for anything that is not hexadecimal, which the decoder refuses like every
    /// other id of a wrong length.
    private static func identifier(_ text: JSONText) -> [UInt8] {
        text.withUTF8 { digits in
            guard digits.count % 2 == 0, digits.count <= 64 else { return [0] }
            var bytes: [UInt8] = []
            for index in stride(from: 0, to: digits.count, by: 2) {
                guard let high = Hexadecimal.value(digits[index]), let low = Hexadecimal.value(digits[index + 1]) else {
                    return [0]
                }
                bytes.append(high << 4 | low)
            }
            return bytes
        }
    }

    private static func find(_ key: JSONText, _ fields: [OTLPField]) -> OTLPField? {
        for field in fields where key.equals(field.name) { return field }
        guard key.raw.contains(UInt8(ascii: "_")) else { return nil }
        let camelCase = camelCase(key.string)
        return fields.first { "\($0.name)" == camelCase }
    }

    private static func camelCase(_ name: String) -> String {
        var result = ""
        for (index, part) in name.split(separator: "_").enumerated() {
            result += index == 0 ? String(part) : part.prefix(1).uppercased() + part.dropFirst()
        }
        return result
    }
}
