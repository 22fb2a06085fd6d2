import Yams

/// A value of a YAML file that knows where it stands, so that whoever expected something else can say so.
public struct YAMLValue {
    let node: Node
    let file: String
    /// The path from the root, such as `groups[0].rules[2].expr`; empty for the root.
    public let path: String

    /// How many bytes a file may have.
    public static let byteLimit = 4 << 20

    /// Parses the first document of `text`; an empty document is an empty mapping. Throws ``YAMLProblem``.
    public static func parse(_ text: String, file: String) throws -> YAMLValue {
        if text.utf8.count > byteLimit {
            throw YAMLProblem(file: file, line: 0, message: "The file has more than \(byteLimit) bytes.")
        }
        do {
            var documents = try Yams.compose_all(yaml: text)
            let first = documents.next()
            if let error = documents.error { throw error }
            return YAMLValue(node: first ?? Node([(Node, Node)]()), file: file, path: "")
        } catch let error as YamlError {
            throw problem(error, file)
        }
    }

    private static func problem(_ error: YamlError, _ file: String) -> YAMLProblem {
        switch error {
        case .scanner(_, let what, let mark, _), .parser(_, let what, let mark, _), .composer(_, let what, let mark, _):
            YAMLProblem(file: file, line: mark.line, message: "This is not YAML: \(what).")
        case .duplicatedKeysInMapping(let keys, let context):
            YAMLProblem(
                file: file, line: context.mark.line,
                message: "The key \(keys.map { "'\($0)'" }.joined(separator: ", ")) is there twice.")
        default:
            YAMLProblem(file: file, line: 0, message: "This is not YAML: \(error).")
        }
    }

    /// The line where the value begins, from 1.
    public var line: Int { node.mark?.line ?? 0 }

    /// An error at this value.
    public func problem(_ message: String) -> YAMLProblem { YAMLProblem(file: file, line: line, message: message) }

    private func mismatch(_ wanted: String) -> YAMLProblem {
        let found =
            switch node {
            case .scalar(let scalar): "'\(scalar.string.prefix(80))'"
            case .mapping: "a mapping"
            case .sequence: "a list"
            case .alias: "an alias"
            }
        return problem("\(path.isEmpty ? "The file" : "'\(path)'") must be \(wanted), not \(found).")
    }

    /// Whether nothing stands here, or `null`.
    public var isNull: Bool { node == Node("", Tag(.null)) || node.null != nil }

    /// The value as a mapping whose keys are then taken one by one.
    public func mapping() throws -> YAMLMapping {
        if isNull { return YAMLMapping(self, [:]) }
        guard case .mapping(let mapping) = node else { throw mismatch("a mapping of keys to values") }
        return YAMLMapping(self, try entries(mapping, depth: 0))
    }

    private func entries(_ mapping: Node.Mapping, depth: Int) throws -> [String: YAMLValue] {
        var entries: [String: YAMLValue] = [:]
        var merged: [String: YAMLValue] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { throw problem("A key of '\(path)' is no text.") }
            if name == "<<", depth < 8, case .mapping(let inherited) = value {
                merged.merge(try self.entries(inherited, depth: depth + 1)) { first, _ in first }
            } else {
                entries[name] = YAMLValue(node: value, file: file, path: path.isEmpty ? name : "\(path).\(name)")
            }
        }
        return entries.merging(merged) { own, _ in own }
    }

    /// The value as a list.
    public func list() throws -> [YAMLValue] {
        if isNull { return [] }
        guard case .sequence(let sequence) = node else { throw mismatch("a list") }
        return sequence.enumerated().map { YAMLValue(node: $0.element, file: file, path: "\(path)[\($0.offset)]") }
    }

    /// The value as text; numbers and `true` are text as well.
    public func string() throws -> String {
        guard case .scalar(let scalar) = node else { throw mismatch("text") }
        return scalar.string
    }

    /// The value as a whole number in `range`.
    public func integer(in range: ClosedRange<Int>) throws -> Int {
        guard let number = node.int, range.contains(number) else {
            throw mismatch("a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The value as a number.
    public func number() throws -> Double {
        guard let number = node.float ?? node.int.map(Double.init) else { throw mismatch("a number") }
        return number
    }

    /// The value as `true` or `false`.
    public func boolean() throws -> Bool {
        guard let flag = node.bool else { throw mismatch("true or false") }
        return flag
    }

    /// The value as a duration in milliseconds: `30s`, `1h30m`, `0`.
    public func duration() throws -> Int64 {
        guard let text = node.scalar?.string, let milliseconds = TextUnits.duration(text) else {
            throw mismatch("a duration such as 30s, 5m or 1h30m")
        }
        return milliseconds
    }

    /// The value as a number of bytes: `512MB`, `10GB`, `0`.
    public func byteCount() throws -> Int {
        guard let text = node.scalar?.string, let bytes = TextUnits.byteCount(text) else {
            throw mismatch("a size such as 512MB or 10GB")
        }
        return bytes
    }

    /// The value as a mapping of texts.
    public func strings() throws -> [String: String] {
        var mapping = try mapping()
        var result: [String: String] = [:]
        for key in mapping.keys { result[key] = try mapping.take(key)?.string() }
        return result
    }
}
