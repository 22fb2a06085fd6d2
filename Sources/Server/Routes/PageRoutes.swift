import Answers
import Foundation
import Hummingbird
import QueryEngine
import Reporting
import StrictYAML
import TelemetryModel

/// The HTML pages: drawn by Reporting from the same answers as the report on disk.
struct PageRoutes: RouteGroup {
    /// The longest range that `last` may name, milliseconds: ten years.
    static let longestRange: Int64 = 3_650 * 86_400_000

    let server: ServerDependencies
    let reports: ReportEngine

    /// Throws when a declaration in `Dashboards/` cannot be read.
    init(server: ServerDependencies) throws {
        self.server = server
        reports = try ReportEngine(
            answers: AnswerEngine(store: server.store, time: server.time), query: Self.query(server.promql))
    }

    var routes: [Route] {
        [
            page("/") { _ in .overview },
            page("/pages/service/{name}") { .service($0.parameter("name")) },
            page("/pages/host/{name}") { .host($0.parameter("name")) },
            page("/pages/trace/{id}") { .trace("\(try AnalysisRoutes.traceID($0.parameter("id")))") },
        ]
    }

    private func page(_ path: String, _ page: @escaping @Sendable (RoutedRequest) throws -> Page) -> Route {
        Route(.get, path, scope: .query) { [server, reports] routed in
            let wanted = try page(routed)
            let request = try Self.request(routed.query, now: server.time.now())
            let links = PageLinks.live(query: Self.rangeQuery(routed.query))
            let html = try await server.pool.run { try reports.render(wanted, request, links: links) }
            return .text(html, contentType: "text/html; charset=utf-8")
        }
    }

    /// The range: `last=15m`, or `from` and `to` as in the analysis API, or the last hour.
    private static func request(_ query: QueryItems, now: UInt64) throws -> AnswerRequest {
        var request = try AnswerRequest(parameters: query.firstValues)
        var length = AnswerRequest.defaultRange
        if let text = query["last"], !text.isEmpty {
            guard let milliseconds = TextUnits.duration(text), (1...longestRange).contains(milliseconds) else {
                throw APIError(
                    .badRequest, code: "bad_parameter", "'\(text.prefix(40))' is no range such as 15m, 6h or 7d.", where: "last")
            }
            length = UInt64(milliseconds) * 1_000_000
        }
        let to = request.to ?? now
        request.to = to
        request.from = request.from ?? (to > length ? to - length : 0)
        return request
    }

    /// The part of the query string that links to other pages take along, encoded anew.
    private static func rangeQuery(_ query: QueryItems) -> String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~:"))
        return ["last", "from", "to"].compactMap { name in
            query[name]?.addingPercentEncoding(withAllowedCharacters: allowed).map { "\(name)=\($0)" }
        }.joined(separator: "&")
    }

    /// How charts ask for their lines.
    private static func query(_ promql: PromQLEngine) -> ChartQuery {
        { expression, from, to, step in
            guard case .matrix(let lines) = try promql.range(expression, start: from, end: to, step: step).value else { return [] }
            return lines.map { line in
                ChartSeries(
                    labels: Dictionary(line.labels.list.map { ($0.name, $0.value) }) { first, _ in first },
                    points: zip(line.timestamps, line.values).map { (time: $0, value: $1) })
            }
        }
    }
}
