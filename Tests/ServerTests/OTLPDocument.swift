import Foundation
import Testing

/// OTLP/JSON taken apart, so that two documents can be compared field by field whatever their order of members is.
struct OTLPDocument {
    /// Of each span by its id: every field of it, of its scope and of its resource, by path.
    var spans: [String: [String: String]] = [:]

    /// Takes `{"resourceSpans":[…]}` apart. Ids are compared in lower case; a `resource`, `scope` or `status` that is left away
    /// is the same as an empty one.
    init(_ json: Any?) throws {
        let document = try #require(json as? [String: Any])
        for resourceSpans in try #require(document["resourceSpans"] as? [[String: Any]]) {
            for scopeSpans in try #require(resourceSpans["scopeSpans"] as? [[String: Any]]) {
                for var span in try #require(scopeSpans["spans"] as? [[String: Any]]) {
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
                    let id = try #require(span["spanId"] as? String)
                    #expect(spans.updateValue(fields, forKey: id) == nil, "span \(id) is there twice")
                }
            }
        }
    }

    /// The text of a whole answer.
    init(_ text: String, member: String? = nil) throws {
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8))
        try self.init(member.map { (json as? [String: Any])?[$0] } ?? json)
    }

    /// Each field that differs, with both values.
    func differences(_ other: OTLPDocument) -> [String] {
        var found: [String] = []
        for id in Set(spans.keys).union(other.spans.keys).sorted() {
            let (mine, others) = (spans[id] ?? [:], other.spans[id] ?? [:])
            for path in Set(mine.keys).union(others.keys).sorted() where mine[path] != others[path] {
                found.append("\(id) \(path): \(mine[path] ?? "nothing") and \(others[path] ?? "nothing")")
            }
        }
        return found
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
