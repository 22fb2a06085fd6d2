import DashboardFiles
import Mustache

/// A panel that has been drawn.
struct PagePanel {
    var title: String
    /// HTML that has been escaped already.
    var html: String
    /// Whether it takes the whole width of the page.
    var isWide = true
}

/// The templates of pages, parsed once.
struct PageTemplates: Sendable {
    private let page: MustacheTemplate
    private let table: MustacheTemplate

    init() throws {
        page = try MustacheTemplate(string: DashboardFiles.page)
        table = try MustacheTemplate(string: DashboardFiles.table)
    }

    func render(_ table: Table) -> String {
        table.rows.isEmpty ? "<p class=\"none\">Nothing in this range.</p>" : self.table.render(table.context)
    }

    /// The frame around the panels. `panels` are titles and HTML that has been escaped already; `script` is the address of one.
    func render(
        title: String, range: String, home: String, links: [(text: String, href: String)], choices: [(text: String, href: String)],
        panels: [PagePanel], script: String? = nil
    ) -> String {
        var context: [String: Any] =
            [
                "title": title, "range": range, "home": home, "style": DashboardFiles.style,
                "links": links.map { ["text": $0.text, "href": $0.href] },
                "choices": choices.map { ["text": $0.text, "href": $0.href] },
                "panels": panels.map { ["title": $0.title, "html": $0.html, "size": $0.isWide ? "wide" : "half"] },
                "footer": "Times are UTC.",
            ]
        if let script { context["script"] = script }
        return page.render(context)
    }
}
