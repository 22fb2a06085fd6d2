import Alerting
import Answers
import Foundation
import Hummingbird
import QueryEngine
import Reporting
import StrictYAML
import TelemetryModel

/// The pages for browsers: live views, the query and alerts pages, and reports.
struct PageRoutes: RouteGroup {
    private let server: ServerDependencies
    private let engine: ReportEngine

    /// Throws when a page that is built in cannot be read.
    init(server: ServerDependencies) throws {
        self.server = server
        engine = try ReportEngine(
            answers: server.answers, query: Self.chartQuery(server.queries.engine))
    }

    var routes: [Route] {
        [
            page("/") { _ in .overview },
            page("/pages/service/{name}") { .service($0.parameter("name")) },
            page("/pages/host/{name}") { .host($0.parameter("name")) },
            page("/pages/trace/{id}") { .trace("\(try AnalysisRoutes.traceID($0.parameter("id")))") },
            query, script,
            alerts,
            html("/reports/") { _, request, links in engine.reportsPage(request, links: links) },
            Route(.get, "/reports/{range}/{file}", scope: .query) { [engine, pool = server.pool] routed in
                let request = try Self.reportRange(routed.parameter("range"))
                let file = routed.parameter("file")
                return try await pool.run { try Self.report(engine, file, request) }
            },
        ]
    }

    private func page(_ path: String, _ page: @escaping @Sendable (RoutedRequest) throws -> Page) -> Route {
        html(path) { [engine] routed, request, links in try engine.render(try page(routed), request, links: links) }
    }

    /// A route whose answer is drawn on a thread of the pool, over the range that the query string names.
    private func html(
        _ path: String, _ draw: @escaping @Sendable (RoutedRequest, AnswerRequest, PageLinks) throws -> String
    ) -> Route {
        Route(.get, path, scope: .query) { [pool = server.pool, time = server.time] routed in
            let (request, links) = try Self.liveRange(routed, now: time.now())
            return Self.response(try await pool.run { try draw(routed, request, links) })
        }
    }

    /// The query page; its query waits its turn as those of the API do, and ends when the browser goes away.
    private var query: Route {
        Route(.get, "/query", scope: .query) { [engine, server] routed in
            let (parameters, now, features) = (routed.query.firstValues, server.time.now(), server.queries.engine.features)
            let state: QueryPageState
            do throws(AnswerError) {
                state = try QueryPageState(parameters: parameters, now: now, features: features)
            } catch {
                let page = engine.queryPage(refusing: error, parameters, now: now, features: features)
                return Self.response(page, status: .badRequest, policy: Self.queryPolicy)
            }
            let answer: Result<QueryResult?, QueryError>
            let key =
                state.isOverTime
                ? QueryKey(expression: state.expression, span: state.length, step: state.step)
                : QueryKey(expression: state.expression)
            do {
                answer = .success(try await server.queries.evaluate(key, measuring: state.measures) { try state.answer($0, $1) })
            } catch let error as QueryError {
                answer = .failure(error)
            }
            return Self.response(try await server.pool.run { engine.queryPage(state, answer) }, policy: Self.queryPolicy)
        }
    }

    /// The query page may run the server's own script, which asks the server.
    private static let queryPolicy = "script-src 'self'; connect-src 'self'"

    /// Pages name the script by an address that changes with it, so browsers need not ask again.
    private var script: Route {
        Route(.get, QueryScript.path, scope: .query) { _ in
            var response = Response.text(QueryScript.text, contentType: "text/javascript; charset=utf-8")
            response.headers[.cacheControl] = "private, max-age=31536000, immutable"
            return response
        }
    }

    private var alerts: Route {
        Route(.get, "/alerts", scope: .query) { [engine, server] routed in
            let (request, links) = try Self.liveRange(routed, now: server.time.now())
            let groups = await server.alerting.snapshot
            return Self.response(try await server.pool.run { engine.alertsPage(groups, request, links: links) })
        }
    }

    private static func response(
        _ html: String, status: HTTPResponse.Status = .ok, policy: String = "script-src 'none'"
    ) -> Response {
        var response = Response.text(html, status: status, contentType: "text/html; charset=utf-8")
        // Pages hold no script of their own and load nothing from elsewhere; whatever slipped through escaping could do neither.
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; \(policy); style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'"
        return response
    }

    /// The range of a live page: `last=1h`, or `from` and `to`, or the last hour. Links take it along.
    private static func liveRange(_ routed: RoutedRequest, now: UInt64) throws -> (AnswerRequest, PageLinks) {
        let parameters = routed.query.firstValues
        if let last = parameters["last"], !last.isEmpty {
            guard let milliseconds = TextUnits.duration(last), milliseconds > 0,
                milliseconds <= Int64(AnswerRequest.rangeLimit / 1_000_000)
            else {
                throw APIError(.badRequest, code: "bad_request", "last must be a duration such as 15m or 24h.", where: "last")
            }
            let length = min(UInt64(milliseconds) * 1_000_000, now)
            return (AnswerRequest(from: now - length, to: now), .live(query: "last=\(last)"))
        }
        var request = try AnswerRequest(parameters: parameters)
        let isDefault = request.from == nil && request.to == nil
        let to = request.to ?? max(now, request.from ?? 0)
        request.to = to
        request.from = request.from ?? (to - min(to, AnswerRequest.defaultRange))
        let query = isDefault ? "" : "from=\(seconds(request.from))&to=\(seconds(request.to))"
        return (request, .live(query: query))
    }

    private static func seconds(_ nanoseconds: UInt64?) -> String { String((nanoseconds ?? 0) / 1_000_000_000) }

    // MARK: - Reports

    /// The range of a report: `FROM..TO`, each RFC 3339 or Unix seconds.
    private static func reportRange(_ text: String) throws -> AnswerRequest {
        let parts = text.split(separator: "..", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw APIError(
                .badRequest, code: "bad_request", "The range of a report is written FROM..TO, in RFC 3339 or seconds since 1970.",
                where: "range")
        }
        return try AnswerRequest(parameters: ["from": parts[0], "to": parts[1]])
    }

    /// A file of a report; `files.json` lists them all.
    private static func report(_ engine: ReportEngine, _ file: String, _ request: AnswerRequest) throws -> Response {
        let pages = try engine.pages(request)
        if file == "files.json" { return .json(["files": pages.map(\.fileName)]) }
        guard let page = pages.first(where: { $0.fileName == file }) else {
            throw APIError(.notFound, code: "not_found", "The report has no file '\(file.prefix(100))'.", where: "file")
        }
        return response(try engine.render(page, request, links: .files(Set(pages))))
    }

    private static func chartQuery(_ promql: PromQLEngine) -> ChartQuery {
        { expression, from, to, step in
            let result = try promql.range(expression, start: from, end: to, step: step)
            guard case .matrix(let series) = result.value else { return [] }
            return series.map { line in
                ChartSeries(
                    labels: Dictionary(line.labels.list.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
                    points: zip(line.timestamps, line.values).map { (time: $0, value: $1) })
            }
        }
    }
}
