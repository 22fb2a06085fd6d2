import Foundation
import Storage
import TelemetryModel

/// The parameters of Jaeger's API version 3, in lowerCamelCase as its description has them and in the older snake_case.
enum JaegerV3Search {
    /// What `GET /api/v3/traces` and `/api/v3/trace-summaries` ask for.
    struct Question {
        var query: TraceQuery
        /// Whether spans are wanted exactly as they are stored.
        var isRaw: Bool
    }

    /// Reads the parameters of a search.
    static func question(_ items: QueryItems) throws -> Question {
        if let filter = items["query.filter"], !filter.isEmpty {
            throw bad(
                "query.filter",
                "structured filters are not supported here; use query.serviceName, query.operationName, "
                    + "query.attributes, query.durationMin and query.durationMax")
        }
        var query = TraceQuery()
        query.service = value(items, "query.serviceName")?.text
        query.operation = value(items, "query.operationName")?.text
        if let attributes = value(items, "query.attributes") {
            guard let object = try? JSONDecoder().decode([String: String].self, from: Data(attributes.text.utf8)) else {
                throw bad(attributes.name, "it must be a JSON object whose values are texts, such as {\"error\":\"true\"}")
            }
            for (key, value) in object.sorted(by: { $0.key < $1.key }) { JaegerSearch.add(tag: key, value, to: &query) }
        }
        guard let from = try time(items, "query.startTimeMin"), let end = try time(items, "query.startTimeMax") else {
            throw APIError(
                .badRequest, code: "missing_parameter", "query.startTimeMin and query.startTimeMax are required",
                where: "query.startTimeMin")
        }
        guard from < end else { throw bad("query.startTimeMin", "it must be before query.startTimeMax") }
        query.from = from
        query.through = end - 1
        query.minimumDuration = try duration(items, "query.durationMin")
        query.maximumDuration = try duration(items, "query.durationMax")
        query.limit = try limit(items)
        return Question(query: query, isRaw: try flag(items, "query.rawTraces"))
    }

    /// The body of a `POST` as the parameters that a `GET` would have: `{"query":{"serviceName":…}}`.
    static func items(body: Data) throws -> QueryItems {
        guard let body = try? JSONDecoder().decode(Body.self, from: body) else {
            throw APIError(
                .badRequest, code: "bad_body", "the body must be a JSON object whose member 'query' is an object", where: "query")
        }
        return QueryItems(body.query.sorted { $0.key < $1.key }.map { ("query.\($0.key)", $0.value.text) })
    }

    private struct Body: Decodable {
        var query: [String: Value]
    }

    /// A value of the body as the text that it is in a query string; "" for null.
    private struct Value: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                text = ""
            } else if let flag = try? value.decode(Bool.self) {
                text = "\(flag)"
            } else if let number = try? value.decode(Int.self) {
                text = "\(number)"
            } else if let map = try? value.decode([String: String].self) {
                text = String(decoding: try JSONEncoder().encode(map), as: UTF8.self)
            } else if let text = try? value.decode(String.self) {
                self.text = text
            } else {
                // Of the rest only that it is there matters: every parameter refuses it with a sentence of its own.
                text = "{}"
            }
        }
    }

    /// The times between which a span of the trace asked for by id must start; everything by default.
    static func range(_ items: QueryItems) throws -> ClosedRange<UInt64> {
        let from = try time(items, "startTime") ?? 0
        let through = try time(items, "endTime") ?? .max
        guard from <= through else { throw bad("startTime", "it lies after endTime") }
        return from...through
    }

    /// A flag as Go reads it; false when it is missing.
    static func flag(_ items: QueryItems, _ name: String) throws -> Bool {
        guard let value = value(items, name) else { return false }
        guard let flag = goBool(value.text) else { throw bad(value.name, "'\(value.text.prefix(60))' is neither true nor false") }
        return flag
    }

    /// The words that Go's `strconv.ParseBool` knows.
    static func goBool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": true
        case "0", "f", "F", "FALSE", "false", "False": false
        default: nil
        }
    }

    /// RFC 3339 as nanoseconds since 1970; nil when it is missing.
    static func time(_ items: QueryItems, _ name: String) throws -> UInt64? {
        guard let value = value(items, name) else { return nil }
        guard let time = RFC3339.nanoseconds(value.text) else {
            throw bad(value.name, "'\(value.text.prefix(60))' is no time such as 2026-01-31T23:59:59.5Z, from 1970 on")
        }
        return time
    }

    /// The value of a parameter, by its name or by the older name in snake_case, with the name that it had; nil when it is
    /// missing or empty.
    static func value(_ items: QueryItems, _ name: String) -> (text: String, name: String)? {
        for name in [name, snakeCase(name)] {
            if let text = items[name], !text.isEmpty { return (text, name) }
        }
        return nil
    }

    // MARK: - Helpers

    private static func duration(_ items: QueryItems, _ name: String) throws -> UInt64? {
        guard let value = value(items, name) else { return nil }
        guard let duration = JaegerSearch.goDuration(value.text) else {
            throw bad(value.name, "'\(value.text.prefix(60))' is no duration such as 1.5s, 300ms or 20us")
        }
        // Nothing is no bound, as in Jaeger.
        return duration == 0 ? nil : duration
    }

    private static func limit(_ items: QueryItems) throws -> Int {
        let text = value(items, "query.searchDepth") ?? value(items, "query.numTraces")
        guard let text else { return JaegerSearch.defaultLimit }
        guard let limit = Int(text.text), (1...JaegerSearch.limitLimit).contains(limit) else {
            throw bad(text.name, "'\(text.text.prefix(60))' is no whole number from 1 to \(JaegerSearch.limitLimit)")
        }
        return limit
    }

    private static func snakeCase(_ name: String) -> String {
        name.map { $0.isUppercase ? "_\($0.lowercased())" : String($0) }.joined()
    }

    private static func bad(_ name: String, _ problem: String) -> APIError {
        APIError(.badRequest, code: "bad_parameter", "malformed parameter \(name): \(problem)", where: name)
    }
}
