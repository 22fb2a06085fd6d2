/// Lays JSON out over lines for people.
public enum JSONIndenter {
    /// The same JSON (valid, without white space between its parts, as ``JSONWriter`` writes it) with each member and element
    /// on a line of its own, `width` blanks a level further in; empty objects and arrays stay `{}` and `[]`.
    public static func indent(_ json: [UInt8], by width: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(json.count * 2)
        var depth = 0
        var isInString = false
        var isEscaped = false
        func newLine() {
            result.append(UInt8(ascii: "\n"))
            result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * width))
        }
        for (index, byte) in json.enumerated() {
            if isInString {
                result.append(byte)
                if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                result.append(byte)
                depth += 1
                // The closing brackets are the opening ones plus two.
                if index + 1 < json.count, json[index + 1] != byte + 2 { newLine() }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth = max(depth - 1, 0)
                if index > 0, json[index - 1] != byte - 2 { newLine() }
                result.append(byte)
            case UInt8(ascii: ","):
                result.append(byte)
                newLine()
            case UInt8(ascii: ":"):
                result.append(byte)
                result.append(UInt8(ascii: " "))
            default:
                isInString = byte == UInt8(ascii: "\"")
                result.append(byte)
            }
        }
        return result
    }
}
