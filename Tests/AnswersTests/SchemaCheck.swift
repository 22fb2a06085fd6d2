import Foundation
import TestSupport

/// A JSON value, as far as schemas ask about it.
enum JSONValue: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let list = try? container.decode([JSONValue].self) {
            self = .array(list)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    subscript(key: String) -> JSONValue? { if case .object(let members) = self { members[key] } else { nil } }
    var strings: [String] {
        switch self {
        case .array(let list): list.flatMap(\.strings)
        case .string(let text): [text]
        default: []
        }
    }
}

/// The part of JSON Schema 2020-12 that the schemas of answers use: type, enum, properties, required,
/// additionalProperties, items, minimum, $ref to $defs.
struct SchemaCheck {
    private let root: JSONValue

    init(_ name: String) throws {
        let url = SharedData.projectFolder.appendingPathComponent("Schemas/json/answers/\(name).schema.json")
        root = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: url))
    }

    /// What is wrong with a value, each with the place; empty when it is as the schema says.
    func problems(_ bytes: [UInt8]) throws -> [String] {
        problems(try JSONDecoder().decode(JSONValue.self, from: Data(bytes)), root, at: "$")
    }

    private func problems(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        if case .string(let reference)? = schema["$ref"] {
            guard let target = root["$defs"]?[String(reference.split(separator: "/").last ?? "")] else {
                return ["\(place): \(reference) is not defined"]
            }
            return problems(value, target, at: place)
        }
        var found: [String] = []
        if let types = schema["type"]?.strings, !types.contains(where: { Self.has(value, type: $0) }) {
            found.append("\(place) is no \(types.joined(separator: " or "))")
        }
        if case .array(let allowed)? = schema["enum"], !allowed.contains(value) { found.append("\(place) is none of the names") }
        if case .number(let least)? = schema["minimum"], case .number(let number) = value, number < least {
            found.append("\(place) is below \(least)")
        }
        if case .array(let list) = value, let items = schema["items"] {
            for (index, item) in list.enumerated() { found += problems(item, items, at: "\(place)[\(index)]") }
        }
        if case .object(let members) = value {
            for name in schema["required"]?.strings ?? [] where members[name] == nil { found.append("\(place).\(name) is missing") }
            for (name, member) in members {
                if let known = schema["properties"]?[name] {
                    found += problems(member, known, at: "\(place).\(name)")
                } else if schema["additionalProperties"] == .bool(false) {
                    found.append("\(place).\(name) is not described")
                } else if let other = schema["additionalProperties"] {
                    found += problems(member, other, at: "\(place).\(name)")
                }
            }
        }
        return found
    }

    private static func has(_ value: JSONValue, type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"), (.object, "object"):
            true
        case (.number(let number), "integer"): number.rounded() == number
        default: false
        }
    }
}
