import ByteCoding

extension AttributeValue {
    /// The text form of a value, by which tags are searched and shown: strings as they are, `true`, `42`, `0.5`, bytes in
    /// base64, arrays and maps as JSON (the non-OTLP string form of OpenTelemetry's common specification).
    public var text: String {
        switch self {
        case .empty: ""
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .double(let number): Self.text(number)
        case .bytes(let bytes): Self.base64(bytes)
        case .array, .map: json
        }
    }

    /// A double without a needless `.0`, so that `200.0` reads `200`.
    private static func text(_ number: Double) -> String {
        if let whole = Int64(exactly: number), number.sign == .plus || whole != 0 { return String(whole) }
        return number.description
    }

    /// The value as JSON.
    private var json: String {
        switch self {
        case .empty: "null"
        case .string(let text): Self.quoted(text)
        case .bool, .int: text
        case .double(let number): number.isFinite ? text : Self.quoted(number.description)
        case .bytes(let bytes): Self.quoted(Self.base64(bytes))
        case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .map(let pairs): "{" + pairs.map { Self.quoted($0.key) + ":" + $0.value.json }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Base64 with padding (RFC 4648 section 4).
    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let rest = bytes.count - start
            let word =
                UInt32(bytes[start]) << 16 | UInt32(rest > 1 ? bytes[start + 1] : 0) << 8 | UInt32(rest > 2 ? bytes[start + 2] : 0)
            for place in 0..<4 {
                result.append(place <= rest ? alphabet[Int(word >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
