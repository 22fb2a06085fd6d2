import Foundation

/// OTLP/JSON taken apart, so that two documents can be compared field by field whatever their order of members is.
public struct OTLPDocument {
    /// What is no such document.
    public struct Malformed: Error {
        /// What is wrong.
        public var problem: String
    }

    /// Of each span by its id: every field of it, of its scope and of its resource, by path.
    public private(set) var spans: [String: [String: String]] = [:]

    /// Takes `{"resourceSpans":[…]}` apart. Ids are compared in lower case; a `resource`, `scope` or `status` that is left away
    /// is the same as an empty one.
    public init(_ json: Any?) throws {
        for resourceSpans in try Self.objects("resourceSpans", of: json as? [String: Any] ?? [:]) {
            for scopeSpans in try Self.objects("scopeSpans", of: resourceSpans) {
                for var span in try Self.objects("spans", of: scopeSpans) {
                    for name in ["traceId", "spanId", "parentSpanId"] { span[name] = (span[name] as? String)?.lowercased() }
                    var fields: [String: String] = [:]
                    for (name, value) in span { Self.flatten(value, "span." + name, &fields) }
                    for (name, value) in resourceSpans where name != "scopeSpans" {
                        Self.flatten(value, "resource." + name, &fields)
                    }
                    for (name, value) in scopeSpans where name != "spans" { Self.flatten(value, "scope." + name, &fields) }
                    for path in ["span.status", "resource.resource", "scope.scope"] where fields[path] == "{}" {
                        fields[path] = nil
                    }
                    guard let id = span["spanId"] as? String, spans.updateValue(fields, forKey: id) == nil else {
                        throw Malformed(problem: "a span has no id, or one that is there already: \(span)")
                    }
                }
            }
        }
    }

    /// The text of a whole answer.
    public init(_ text: String, member: String? = nil) throws {
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8))
        try self.init(member.map { (json as? [String: Any])?[$0] } ?? json)
    }

    /// Each field that differs, with both values.
    public func differences(_ other: OTLPDocument) -> [String] {
        var found: [String] = []
        for id in Set(spans.keys).union(other.spans.keys).sorted() {
            let (mine, others) = (spans[id] ?? [:], other.spans[id] ?? [:])
            for path in Set(mine.keys).union(others.keys).sorted() where mine[path] != others[path] {
                found.append("\(id) \(path): \(mine[path] ?? "nothing") and \(others[path] ?? "nothing")")
            }
        }
        return found
    }

    private static func objects(_ name: String, of object: [String: Any]) throws -> [[String: Any]] {
        guard let list = object[name] as? [[String: Any]] else { throw Malformed(problem: "there is no list \(name) in \(object)") }
        return list
    }

    private static func flatten(_ value: Any, _ path: String, _ fields: inout [String: String]) {
        switch value {
        case let object as [String: Any]:
            if object.isEmpty { fields[path] = "{}" }
            for (name, value) in object { flatten(value, "\(path).\(name)", &fields) }
        case let array as [Any]:
            if array.isEmpty { fields[path] = "[]" }
            for (index, value) in array.enumerated() { flatten(value, "\(path)[\(index)]", &fields) }
        default: fields[path] = "\(value)"
        }
    }
}
