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
        try readDurations(items, into: &query)
        let range = try range(items, now: now)
        query.from = range.lowerBound
        query.through = range.upperBound
        query.limit = try items.integer("limit", default: defaultLimit, in: 1...limitLimit)
        return query
    }

    /// `minDuration` and `maxDuration`, microseconds.
    private static func readDurations(_ items: QueryItems, into query: inout TraceQuery) throws {
        let least = try positive("minDuration", items)
        let most = try positive("maxDuration", items)
        if least == nil, most != nil { throw refusal("maxDuration is only valid with minDuration.", "maxDuration") }
        if let least, let most, most < least { throw refusal("maxDuration is less than minDuration.", "maxDuration") }
        query.minimumDuration = least.map { saturating($0, 1_000) }
        query.maximumDuration = most.map { saturating($0, 1_000) }
    }

    /// `endTs` less `lookback` to `endTs`, both milliseconds, as nanoseconds since 1970.
    static func range(_ items: QueryItems, now: UInt64, isEndRequired: Bool = false) throws -> ClosedRange<UInt64> {
        if isEndRequired { _ = try items.required("endTs") }
        let end = try positive("endTs", items).map { saturating($0, 1_000_000) } ?? now
        return range(end: end, lookback: try positive("lookback", items) ?? defaultLookback)
    }

    /// The range that ends with the millisecond in which `end` (nanoseconds since 1970) lies, `lookback` milliseconds long.
    static func range(end: UInt64, lookback: UInt64) -> ClosedRange<UInt64> {
        let length = saturating(lookback, 1_000_000)
        // endTs names a whole millisecond, so what starts within it belongs to the range.
        let (through, overflow) = end.addingReportingOverflow(999_999)
        return (end > length ? end - length : 0)...(overflow ? .max : through)
    }

    private static func positive(_ name: String, _ items: QueryItems) throws -> UInt64? {
        let value = try items.unsigned(name)
        if value == 0 { throw refusal("\(name) must be greater than 0.", name) }
        return value
    }

    private static func refusal(_ sentence: String, _ place: String) -> APIError {
        APIError(.badRequest, code: "bad_parameter", sentence, where: place)
    }

    // MARK: - Ids

    /// The most ids of one `traceMany`.
    static let manyLimit = 1_000

    /// An id in either length, with blanks around it.
    static func traceID(_ text: some StringProtocol) throws -> TraceID {
        try AnalysisRoutes.traceID(trimmed(text))
    }

    /// The ids of `traceMany`: at least two, none twice.
    static func traceIDs(_ text: String) throws -> [TraceID] {
        let texts = text.split(separator: ",", omittingEmptySubsequences: false)
        if texts.count > manyLimit { throw refusal("There are more than \(manyLimit) trace ids.", "traceIds") }
        var ids: [TraceID] = []
        var known: Set<TraceID> = []
        for text in texts {
            let id = try traceID(text)
            if !known.insert(id).inserted { throw refusal("The trace id \(id.shortestDescription) is there twice.", "traceIds") }
            ids.append(id)
        }
        if ids.count == 1 { throw refusal("A single trace is found at /api/v2/trace/\(texts[0]).", "traceIds") }
        return ids
    }

    // MARK: - Annotation queries

    /// `http.method=GET and error and …`: tags with a value, and names of tags or annotations alone. Of a tag that is named
    /// twice the last value counts; a name alone adds nothing to a value that is asked for before it.
    private static func readAnnotations(_ text: String, into query: inout TraceQuery) throws {
        var conditions: [(key: String, value: String)] = []
        for part in text.split(separator: " and ") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
            let isTag = sides.count == 2
            if sides[0].isEmpty {
                if !isTag { continue }
                throw refusal("'\(part.prefix(60))' has no key before its '='.", "annotationQuery")
            }
            if let known = conditions.firstIndex(where: { $0.key == sides[0] }) {
                if isTag { conditions[known].value = sides[1] }
            } else {
                conditions.append((sides[0], isTag ? sides[1] : ""))
            }
        }
        if conditions.count > conditionLimit {
            throw refusal("There are more than \(conditionLimit) conditions.", "annotationQuery")
        }
        for condition in conditions {
            if condition.value.isEmpty { query.keys.append(condition.key) } else { query.tags.append(condition) }
        }
    }

    /// The most conditions of one search.
    static let conditionLimit = 100

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isBlank: (Character) -> Bool = { $0.isWhitespace }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    private static func saturating(_ value: UInt64, _ factor: UInt64) -> UInt64 {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
