import Foundation
import Storage
import StrictYAML
import TelemetryModel

/// The parameters of Jaeger's `GET /api/traces`, as its query service reads them.
enum JaegerSearch {
    /// How far back a search without `start` goes, nanoseconds: Jaeger's two days.
    static let defaultLookback: UInt64 = 2 * 86_400_000_000_000
    /// How many traces a search without `limit` finds.
    static let defaultLimit = 100
    /// The most traces of one answer.
    static let limitLimit = 1_500

    /// What is asked for: traces by id, or those that satisfy a query.
    enum Question {
        case byID([TraceID])
        case search(TraceQuery)
    }

    /// Reads the parameters; `now` is nanoseconds since 1970.
    static func question(_ items: QueryItems, now: UInt64) throws -> Question {
        let ids = items.all("traceID")
        if !ids.isEmpty {
            guard ids.count <= limitLimit else { throw bad("traceID", "There are more than \(limitLimit) trace ids.") }
            return .byID(try ids.map { try JaegerTraceID.read($0, where: "traceID") })
        }
        guard let service = items["service"], !service.isEmpty else { throw bad("service", "parameter 'service' is required") }
        var query = TraceQuery(service: service)
        query.operation = items["operation"].flatMap { $0.isEmpty || $0 == "all" ? nil : $0 }
        query.kind = try kind(items["spanKind"])
        for (key, value) in try tags(items) { add(tag: key, value, to: &query) }
        query.minimumDuration = try duration(items, "minDuration")
        query.maximumDuration = try duration(items, "maxDuration")
        if let least = query.minimumDuration, let most = query.maximumDuration, most < least {
            throw bad("maxDuration", "'maxDuration' should be greater than 'minDuration'")
        }
        query.through = try microseconds(items, "end") ?? now
        let lookback = try duration(items, "lookback") ?? defaultLookback
        query.from = try microseconds(items, "start") ?? (query.through > lookback ? query.through - lookback : 0)
        guard query.from <= query.through else { throw bad("start", "'start' lies after 'end'.") }
        query.limit = try items.integer("limit", default: defaultLimit, in: 1...limitLimit)
        return .search(query)
    }

    /// Adds a tag to search for. Tags that Jaeger makes of fields are looked up in these fields.
    static func add(tag key: String, _ value: String, to query: inout TraceQuery) {
        switch key {
        case "span.kind" where query.kind == nil && SpanKind.allCases.contains { $0.name == value && $0 != .unspecified }:
            query.kind = SpanKind.allCases.first { $0.name == value }
        case "otel.status_code" where value == "ERROR": query.tags.append(("error", "true"))
        default: query.tags.append((key, value))
        }
    }

    /// `tag=key:value`, repeated, and `tags={"key":"value"}`.
    private static func tags(_ items: QueryItems) throws -> [(key: String, value: String)] {
        var tags: [(key: String, value: String)] = []
        for text in items.all("tag") {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw bad("tag", "'\(text.prefix(60))' is not key:value.") }
            tags.append((String(parts[0]), String(parts[1])))
        }
        for text in items.all("tags") where !text.isEmpty {
            guard let object = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)) else {
                throw bad("tags", "'tags' must be a JSON object whose values are texts, such as {\"error\":\"true\"}.")
            }
            tags += object.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        return tags
    }

    /// One of Jaeger's names of kinds, in lower case; nil when missing.
    static func kind(_ text: String?) throws -> SpanKind? {
        guard let text, !text.isEmpty else { return nil }
        guard let kind = SpanKind.allCases.first(where: { $0.name == text.lowercased() }) else {
            throw bad(
                "spanKind", "'\(text.prefix(60))' is no kind of span: there are internal, server, client, producer, consumer.")
        }
        return kind
    }

    /// `start` and `end` of a question by id, between which a span of the trace must start; everything by default.
    static func range(_ items: QueryItems) throws -> ClosedRange<UInt64> {
        let from = try microseconds(items, "start") ?? 0
        let through = try microseconds(items, "end") ?? .max
        guard from <= through else { throw bad("start", "'start' lies after 'end'.") }
        return from...through
    }

    private static func microseconds(_ items: QueryItems, _ name: String) throws -> UInt64? {
        guard let value = try items.unsigned(name) else { return nil }
        let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : nanoseconds
    }

    /// A duration as Go writes it (`1.5s`, `300ms`, `20us`, `1h10m`, and days for `lookback`) in nanoseconds; `custom`, by
    /// which Jaeger's page says that `start` counts, is nil, and so is nothing, which it takes for no bound.
    static func duration(_ items: QueryItems, _ name: String) throws -> UInt64? {
        guard let text = items[name], !text.isEmpty, text != "custom" else { return nil }
        guard let value = goDuration(text) else {
            throw bad(name, "'\(text.prefix(60))' is no duration such as 1.5s, 300ms or 20us.")
        }
        return value == 0 ? nil : value
    }

    static func goDuration(_ text: String) -> UInt64? {
        let units: [String: Double] = [
            "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3_600e9, "d": 86_400e9, "w": 604_800e9,
        ]
        if text == "0" { return 0 }
        var total = 0.0
        var rest = text[...]
        while !rest.isEmpty {
            let number = rest.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
            let unit = rest.dropFirst(number.count).prefix { $0.isLetter }
            guard let value = Double(number), let scale = units[String(unit)] else { return nil }
            total += value * scale
            rest = rest.dropFirst(number.count + unit.count)
        }
        return text.isEmpty ? nil : UInt64(exactly: total.rounded())
    }

    static func bad(_ place: String, _ message: String) -> APIError {
        APIError(.badRequest, code: "bad_parameter", message, where: place)
    }
}
