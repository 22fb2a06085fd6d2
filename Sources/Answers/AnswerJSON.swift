import ByteCoding
import Foundation

/// The one JSON form of answers: `Schemas/json/answers/`.
public enum AnswerJSON {
    /// The answer as UTF-8, keys sorted, so that equal answers are equal bytes.
    public static func encode(_ answer: some Encodable) throws -> [UInt8] {
        if let answer = answer as? any WritesAnswerJSON {
            var json = JSONWriter(capacity: 4096)
            answer.write(to: &json)
            return json.bytes
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(answer))
    }

    /// Reads what ``encode(_:)`` wrote.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// An answer of many rows, which writes itself: a tenth of the work that coders have with it.
protocol WritesAnswerJSON {
    /// Writes what a coder would, byte for byte: members by rising names.
    func write(to json: inout JSONWriter)
}

extension JSONWriter {
    /// Writes a member whose value is a number, whole ones without decimals.
    mutating func number(_ name: String, _ value: Double) {
        key(name)
        let text = value.description
        raw(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }
}
