import Answers

/// What a panel is drawn from.
struct PanelContext {
    let page: Page
    let request: AnswerRequest
    let answers: AnswerEngine
    let query: ChartQuery
    let templates: PageTemplates
    let links: PageLinks
    /// The range in milliseconds.
    let from: Int64
    let to: Int64

    /// How many points a chart has about.
    static let pointCount: Int64 = 120

    /// The step of charts, milliseconds: whole seconds.
    var step: Int64 { max(1_000, (to - from) / Self.pointCount / 1_000 * 1_000) }

    /// The length of the range in seconds.
    var seconds: Double { Double(to - from) / 1_000 }

    /// The service that the page is about, or nil.
    var service: String? { if case .service(let name) = page { name } else { nil } }

    func serviceCell(_ name: String) -> Table.Cell { Table.Cell(name, href: links.href(.service(name))) }

    /// The first of some traces, linked where there is a page of it.
    func traceCell(_ ids: [String]) -> Table.Cell {
        guard let id = ids.first else { return Table.Cell("") }
        return Table.Cell(String(id.prefix(8)), title: id, href: links.href(.trace(id)))
    }

    func table(_ table: Table) -> String { templates.render(table) }
}

/// Asks an expression over a range: milliseconds since 1970, step in milliseconds. It blocks.
public typealias ChartQuery = @Sendable (_ expression: String, _ from: Int64, _ to: Int64, _ step: Int64) throws -> [ChartSeries]
