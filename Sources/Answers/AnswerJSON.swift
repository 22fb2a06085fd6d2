import Foundation

/// The one JSON form of answers: `Schemas/json/answers/`.
public enum AnswerJSON {
    /// The answer as UTF-8, keys sorted, so that equal answers are equal bytes.
    public static func encode(_ answer: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(answer))
    }

    /// Reads what ``encode(_:)`` wrote.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
