import Hummingbird
import QueryEngine
import QueryLanguages
import TelemetryModel

/// The parameters of Prometheus's HTTP API, which come in the query string or in a form. Mistakes are told in its words.
struct PrometheusParameters: Sendable {
    let items: QueryItems

    /// The refusal of a parameter.
    static func invalid(_ name: String, _ message: String) -> APIError {
        APIError(.badRequest, code: "bad_parameter", "invalid parameter \"\(name)\": \(message)", where: name)
    }

    /// The text of a parameter; "" when it is missing.
    func text(_ name: String) -> String { items[name] ?? "" }

    /// Whatever `body` makes of the parameter `query`; what is no PromQL is refused.
    func expression<Result>(_ body: (String) throws(PromQLError) -> Result) throws -> Result {
        do throws(PromQLError) {
            return try body(text("query"))
        } catch {
            throw Self.invalid("query", error.description)
        }
    }

    // MARK: - Times

    /// A time in milliseconds since 1970 that must be there.
    func time(_ name: String) throws -> Int64 {
        guard let time = PrometheusTime.milliseconds(text(name)) else { throw Self.invalid(name, unreadable(name, "timestamp")) }
        return time
    }

    /// A time in milliseconds since 1970, or `fallback` when it is missing.
    func time(_ name: String, default fallback: Int64) throws -> Int64 {
        if text(name).isEmpty { return fallback }
        guard let time = PrometheusTime.milliseconds(text(name)) else {
            throw Self.invalid(name, "invalid time value for '\(name)': \(unreadable(name, "timestamp"))")
        }
        return time
    }

    /// The time from `start` to `end`; without bounds all of time, nil when the end is before the start.
    func range() throws -> ClosedRange<Int64>? {
        let start = try time("start", default: -PromQLEngine.timeLimit)
        let end = try time("end", default: PromQLEngine.timeLimit)
        return start <= end ? start...end : nil
    }

    /// The same, where an end before the start is a mistake.
    func risingRange() throws -> ClosedRange<Int64> {
        if let range = try range() { return range }
        throw APIError(
            .badRequest, code: "bad_parameter", "end timestamp must not be before start timestamp", where: "end")
    }

    /// A duration in nanoseconds that must be there.
    func duration(_ name: String) throws -> Int64 {
        do {
            return try PrometheusTime.nanoseconds(text(name))
        } catch {
            throw Self.invalid(name, error.sentence)
        }
    }

    /// How long a query may take in nanoseconds; without the parameter as long as the server allows.
    func timeout() throws -> UInt64 {
        if text("timeout").isEmpty { return .max }
        let nanoseconds = try duration("timeout")
        // No time at all is over before anything begins, as in Prometheus.
        if nanoseconds <= 0 { throw QueryError(.timeout, "query timed out in query execution") }
        return UInt64(nanoseconds)
    }

    /// How far instant selectors look back, milliseconds; nil for the server's default.
    func lookback() throws -> Int64? {
        if text("lookback_delta").isEmpty { return nil }
        do {
            let milliseconds = try PrometheusTime.nanoseconds(text("lookback_delta")) / 1_000_000
            return milliseconds > 0 ? milliseconds : nil
        } catch {
            throw APIError(
                .badRequest, code: "bad_parameter", "error parsing lookback delta duration: \(error.sentence)",
                where: "lookback_delta")
        }
    }

    /// What is to be told of the query beside its result.
    func measures() throws -> QueryMeasures {
        var measures: QueryMeasures = try items.flag("explain") ? .expressions : []
        // As in Prometheus, every value but "all" means the same.
        if let text = items["stats"], !text.isEmpty {
            measures.formUnion(text == "all" ? [.statistics, .samplesPerStep] : .statistics)
        }
        return measures
    }

    private func unreadable(_ name: String, _ what: String) -> String {
        "cannot parse \(PrometheusTime.quoted(text(name))) to a valid \(what)"
    }

    // MARK: - Limits

    /// How many items the answer may have; 0 or missing: `most`.
    func limit(most: Int = .max) throws -> Int {
        let text = text("limit")
        if text.isEmpty { return most }
        guard let limit = Int(text) else {
            throw Self.invalid("limit", "strconv.Atoi: \(PrometheusTime.problem(ofNumber: text))")
        }
        if limit < 0 { throw Self.invalid("limit", "limit must be non-negative") }
        return limit == 0 ? most : min(limit, most)
    }

    /// A whole number, or nil when it is missing.
    func count(_ name: String) throws -> Int? {
        let text = text(name)
        if text.isEmpty { return nil }
        if let count = Int(text) { return count }
        throw APIError(.badRequest, code: "bad_parameter", "\(name) must be a number", where: name)
    }

    // MARK: - Selectors

    /// The selectors in `match[]`; each of them names series by itself.
    func selectors() throws -> [[LabelMatcher]] {
        var patternCount = 0
        return try items.all("match[]").map { text in
            let matchers = try Self.selector(text)
            patternCount += matchers.count { $0.pattern != nil && $0.pattern?.literals == nil }
            if patternCount > PromQLParser.patternLimit {
                throw Self.badSelector("there are more than \(PromQLParser.patternLimit) regular expressions in match[]")
            }
            return matchers
        }
    }

    /// The same, where each mistake names the parameter and there must be one.
    func requiredSelectors() throws -> [[LabelMatcher]] {
        if !items.contains("match[]") {
            throw APIError(.badRequest, code: "missing_parameter", "no match[] parameter provided", where: "match[]")
        }
        do {
            return try selectors()
        } catch let error as APIError {
            throw Self.invalid("match[]", error.message)
        }
    }

    private static func badSelector(_ message: String) -> APIError {
        APIError(.badRequest, code: "bad_parameter", message, where: "match[]")
    }

    private static func selector(_ text: String) throws -> [LabelMatcher] {
        let matchers: [LabelMatcher]
        do throws(PromQLError) { matchers = try PromQLParser.parseSelector(text) } catch { throw badSelector(error.description) }
        if matchers.allSatisfy(\.matchesEmpty) { throw badSelector("match[] must contain at least one non-empty matcher") }
        return matchers
    }
}

extension Route {
    /// A question of Prometheus's API: GET, and POST with a form, as long queries need it.
    static func asked(_ path: String, _ answer: @escaping @Sendable (PrometheusParameters) async throws -> Response) -> [Route] {
        [HTTPRequest.Method.get, .post].map { method in
            Route(method, path, scope: .query, errors: .prometheus) { request in
                try await answer(PrometheusParameters(items: try await request.queryAndForm()))
            }
        }
    }

    /// A question of Prometheus's API that is short: GET alone.
    static func told(_ path: String, _ answer: @escaping @Sendable (PrometheusParameters) async throws -> Response) -> Route {
        Route(.get, path, scope: .query, errors: .prometheus) { request in
            try await answer(PrometheusParameters(items: request.query))
        }
    }
}
