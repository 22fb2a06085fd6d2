import Foundation
import Hummingbird
import QueryEngine
import QueryLanguages
import TelemetryModel

/// The parameters of Prometheus's HTTP API, which come in the query string or in a form.
struct PrometheusParameters: Sendable {
    let items: QueryItems

    private func invalid(_ name: String, _ message: String) -> APIError {
        APIError(.badRequest, code: "bad_parameter", "invalid parameter \"\(name)\": \(message)", where: name)
    }

    /// A text that must be there.
    func text(_ name: String) throws -> String {
        guard let text = items[name], !text.isEmpty else { throw invalid(name, "it is missing") }
        return text
    }

    /// A time in milliseconds since 1970: RFC 3339 or seconds with decimals. A missing one is `fallback`, if there is one.
    func time(_ name: String, default fallback: Int64? = nil) throws -> Int64 {
        let text = items[name] ?? ""
        if text.isEmpty, let fallback { return fallback }
        if let nanoseconds = RFC3339.nanoseconds(text) { return Int64(nanoseconds / 1_000_000) }
        guard let seconds = Double(text), let milliseconds = Int64(exactly: (seconds * 1_000).rounded()),
            milliseconds.magnitude <= UInt64(PromQLEngine.timeLimit)
        else { throw invalid(name, "cannot parse \"\(text.prefix(60))\" to a valid timestamp") }
        return milliseconds
    }

    /// A duration in milliseconds: seconds with decimals, or Prometheus's form such as `1h30m`. nil when it is missing.
    func duration(_ name: String) throws -> Int64? {
        guard let text = items[name], !text.isEmpty else { return nil }
        let parsed = Double(text).map { Int64(exactly: ($0 * 1_000).rounded()) } ?? (try? PromQLDuration.parse(text))
        guard let milliseconds = parsed, milliseconds.magnitude <= UInt64(PromQLDuration.limit) else {
            throw invalid(name, "cannot parse \"\(text.prefix(60))\" to a valid duration")
        }
        return milliseconds
    }

    /// How many items the answer may have; 0 or missing: `most`.
    func limit(most: Int = .max) throws -> Int {
        guard let text = items["limit"], !text.isEmpty else { return most }
        guard let limit = Int(text), limit >= 0 else { throw invalid("limit", "it must be a whole number of at least 0") }
        return limit == 0 ? most : min(limit, most)
    }

    /// The time that a query may take in nanoseconds.
    func timeout() throws -> UInt64 {
        guard let milliseconds = try duration("timeout") else { return .max }
        if milliseconds <= 0 { throw invalid("timeout", "it must be greater than 0") }
        return UInt64(milliseconds) &* 1_000_000
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

    /// The selectors in `match[]`; each of them names series by itself.
    func selectors() throws -> [[LabelMatcher]] {
        var patternCount = 0
        return try items.all("match[]").map { text in
            do {
                let matchers = try PromQLParser.parseSelector(text)
                patternCount += matchers.count { $0.pattern != nil && $0.pattern?.literals == nil }
                if patternCount <= PromQLParser.patternLimit { return matchers }
            } catch {
                throw invalid("match[]", "\(error)")
            }
            throw invalid("match[]", "there are more than \(PromQLParser.patternLimit) regular expressions")
        }
    }

    /// The range of time in which series are looked for; without bounds all of time.
    func range() throws -> ClosedRange<Int64> {
        let start = try time("start", default: 0)
        let end = try time("end", default: PromQLEngine.timeLimit)
        if end < start { throw invalid("end", "end timestamp must not be before start timestamp") }
        return start...end
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
}

extension APIError {
    /// The refusal that fits a failed query.
    init(_ error: QueryError) {
        switch error.kind {
        case .invalid, .tooManySteps: self.init(.badRequest, code: "bad_query", error.message, where: "query")
        case .execution, .tooManySamples, .tooManySeries, .unsupported:
            self.init(.unprocessableContent, code: "execution", error.message, where: "query")
        case .timeout: self.init(.serviceUnavailable, code: "timeout", error.message)
        case .cancelled: self.init(.serviceUnavailable, code: "cancelled", error.message)
        case .storage: self.init(.internalServerError, code: "store_failed", error.message)
        }
    }
}
