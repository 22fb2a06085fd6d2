import Answers
import TelemetryModel

/// Draws pages, for the server's live views and for reports alike. Calls block: run them on a `BlockingPool`.
public final class ReportEngine: Sendable {
    private let answers: AnswerEngine
    private let query: ChartQuery
    private let dashboards: [String: Dashboard]
    let templates: PageTemplates

    /// How many traces a report has pages of: the slowest of each entry operation and statement first.
    public static let traceLimit = 60
    /// How many services a report has pages of.
    public static let serviceLimit = 300

    /// Draws from these answers. Throws when a built-in declaration or template cannot be read.
    public init(answers: AnswerEngine, query: @escaping ChartQuery) throws {
        self.answers = answers
        self.query = query
        dashboards = try Dashboard.builtIn()
        templates = try PageTemplates()
    }

    /// The pages of a report over a range, the overview first. `to` and `from` of the request must be set.
    public func pages(_ request: AnswerRequest) throws -> [Page] {
        var pages: [Page] = [.overview]
        let services = try answers.services(request).services.filter { $0.layer == .entry || $0.layer == .service }
        pages += services.prefix(Self.serviceLimit).map { .service($0.name) }
        pages += try HostList.hosts(query, at: milliseconds(request.to)).map { .host($0) }
        var traces = Set<String>()
        let slow = try answers.top(TopQuestion(of: .endpoint, by: .p99), request).rows.flatMap { $0.exemplarTraceIDs.prefix(1) }
        let statements = try answers.statements(service: nil, request).statements.flatMap { $0.exemplarTraceIDs.prefix(1) }
        let operations = try answers.top(TopQuestion(of: .operation, by: .total), request).rows.flatMap {
            $0.exemplarTraceIDs.prefix(1)
        }
        for id in slow + statements + operations where traces.count < Self.traceLimit && traces.insert(id).inserted {
            pages.append(.trace(id))
        }
        return pages
    }

    /// A page as HTML. Throws `AnswerError` of kind `notFound` for what is not there. `to` and `from` must be set.
    public func render(_ page: Page, _ request: AnswerRequest, links: PageLinks) throws -> String {
        guard let dashboard = dashboards[page.kind] else { throw AnswerError(.notFound, "There is no page '\(page.kind)'.") }
        let context = context(page, request, links)
        let panels = try dashboard.panels.map { panel in
            PagePanel(title: substitute(panel.title, page), html: try html(panel, context), isWide: panel.kind != "chart")
        }
        return frame(title: substitute(dashboard.title, page), context, panels, choices: page.path + "?last=")
    }

    /// What panels are drawn from.
    func context(_ page: Page, _ request: AnswerRequest, _ links: PageLinks) -> PanelContext {
        PanelContext(
            page: page, request: request, answers: answers, query: query, templates: templates, links: links,
            from: milliseconds(request.from),
            to: milliseconds(request.to))
    }

    /// The frame of a page. On live pages it offers other ranges: `choices` is an address that ends with `last=`.
    func frame(
        title: String, _ context: PanelContext, _ panels: [PagePanel], choices address: String?, script: String? = nil
    ) -> String {
        let from = Self.text(context.request.from)
        let to = Self.text(context.request.to)
        var links: [(text: String, href: String)] = []
        var choices: [(text: String, href: String)] = []
        if case .live = context.links {
            links = [("Query", "/query"), ("Alerts", "/alerts"), ("Reports", "/reports/")]
            if let address { choices = ["15m", "1h", "6h", "24h", "7d"].map { ("last \($0)", address + $0) } }
        }
        return templates.render(
            title: title, range: "\(from) to \(to)", home: context.links.href(.overview) ?? "/", links: links, choices: choices,
            panels: panels, script: script)
    }

    /// A time without the fractions of a second, which nobody reads.
    private static func text(_ nanoseconds: UInt64?) -> String {
        RFC3339.text(nanoseconds: (nanoseconds ?? 0) / 1_000_000_000 * 1_000_000_000)
    }

    private func milliseconds(_ nanoseconds: UInt64?) -> Int64 { Int64((nanoseconds ?? 0) / 1_000_000) }

    /// A text of a declaration with what the page is about in it.
    private func substitute(_ text: String, _ page: Page) -> String {
        switch page {
        case .overview: text
        case .service(let name): text.replacing("$service", with: name)
        case .host(let name): text.replacing("$host", with: name)
        case .trace(let id): text.replacing("$trace", with: id)
        }
    }

    /// A PromQL expression with what the page is about in it, quoted.
    private func quoted(_ expression: String, _ page: Page) -> String {
        func inner(_ name: String) -> String {
            name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }
        switch page {
        case .service(let name): return expression.replacing("$service", with: inner(name))
        case .host(let name): return expression.replacing("$host", with: inner(name))
        case .overview, .trace: return expression
        }
    }

    private func html(_ panel: Dashboard.Panel, _ context: PanelContext) throws -> String {
        switch (panel.kind, context.page) {
        case ("chart", _): return try ChartPanel.html(panel, context) { quoted($0, context.page) }
        case ("entry-points", _): return try OverviewPanels.entryPoints(context)
        case ("service-map", _): return try OverviewPanels.serviceMap(context)
        case ("services", _): return try OverviewPanels.services(context)
        case ("hosts", _): return try OverviewPanels.hosts(context)
        case ("statements", _): return try ServicePanels.statements(context)
        case ("latency", .service(let name)): return try ServicePanels.latency(context, name)
        case ("call-chain", .service(let name)): return try ServicePanels.callChain(context, name)
        case ("operations", .service(let name)): return try ServicePanels.operations(context, name)
        case ("dependencies", .service(let name)): return try ServicePanels.dependencies(context, name)
        case ("resources", .service(let name)): return try ServicePanels.resources(context, name)
        case ("waterfall", .trace(let text)):
            guard let id = TraceID(hex: text) else {
                throw AnswerError(.badRequest, "'\(text)' is no trace id of up to 32 hexadecimal digits.")
            }
            return WaterfallPanel.html(try answers.trace(id), links: context.links)
        default: return "<p class=\"none\">This panel has nothing to show on this page.</p>"
        }
    }
}
