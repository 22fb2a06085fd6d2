import Storage
import TelemetryModel

/// The parameters of Zipkin's `GET /api/v2/traces` and `/dependencies`.
enum ZipkinSearch {
    /// How far back questions without `lookback` go, milliseconds: Zipkin's day.
    static let defaultLookback: UInt64 = 86_400_000
    /// How many traces a search without `limit` finds.
    static let defaultLimit = 10
    /// The most traces of one answer.
    static let limitLimit = 1_500

    /// Reads the parameters of a search; `now` is nanoseconds since 1970.
    static func query(_ items: QueryItems, now: UInt64) throws -> TraceQuery {
        var query = TraceQuery(service: items["serviceName"].flatMap { $0.isEmpty ? nil : $0 })
        query.operation = items["spanName"].flatMap { $0.isEmpty || $0 == "all" ? nil : $0 }
        if let remote = items["remoteServiceName"], !remote.isEmpty { query.tags.append(("peer.service", remote)) }
        try readAnnotations(items["annotationQuery"] ?? "", into: &query)
        query.minimumDuration = try items.unsigned("minDuration").map { saturating($0, 1_000) }
        query.maximumDuration = try items.unsigned("maxDuration").map { saturating($0, 1_000) }
        let range = try range(items, now: now)
        query.from = range.lowerBound
        query.through = range.upperBound
        query.limit = try items.integer("limit", default: defaultLimit, in: 1...limitLimit)
        return query
    }

    /// `endTs` less `lookback` to `endTs`, both milliseconds, as nanoseconds since 1970.
    static func range(_ items: QueryItems, now: UInt64, isEndRequired: Bool = false) throws -> ClosedRange<UInt64> {
        if isEndRequired { _ = try items.required("endTs") }
        let end = try items.unsigned("endTs").map { saturating($0, 1_000_000) } ?? now
        let lookback = saturating(try items.unsigned("lookback") ?? defaultLookback, 1_000_000)
        // endTs names a whole millisecond, so what starts within it belongs to the range.
        let (through, overflow) = end.addingReportingOverflow(999_999)
        return (end > lookback ? end - lookback : 0)...(overflow ? .max : through)
    }

    /// `http.method=GET and error and …`: tags with a value, and names of tags or annotations alone.
    private static func readAnnotations(_ text: String, into query: inout TraceQuery) throws {
        for part in text.split(separator: " and ").map({ $0.trimmingPrefix { $0 == " " } }) where !part.isEmpty {
            guard let equals = part.firstIndex(of: "=") else {
                query.keys.append(part.split(separator: " ").joined(separator: " "))
                continue
            }
            guard equals != part.startIndex else {
                throw APIError(
                    .badRequest, code: "bad_parameter", "'\(part.prefix(60))' has no key before its '='.", where: "annotationQuery")
            }
            query.tags.append((String(part[..<equals]), String(part[part.index(after: equals)...])))
        }
    }

    private static func saturating(_ value: UInt64, _ factor: UInt64) -> UInt64 {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
