import Answers
import QueryEngine
import QueryLanguages

/// The query page: an expression, and its values as a table, as a chart, or what they cost.
///
/// The server draws all of it from the page's address. The script adds completion, a history and what follows the pointer.
struct QueryPage {
    let state: QueryPageState
    let templates: PageTemplates

    /// The panels around an answer, which is nil when nothing was asked.
    func panels(_ answer: Result<QueryResult?, QueryError>) -> [PagePanel] {
        let form = PagePanel(title: "Expression", html: QueryForm(state: state).html)
        if !state.isAsking { return [form, PagePanel(title: "How to ask", html: Self.introduction)] }
        do throws(PromQLError) {
            _ = try PromQLParser.parse(state.expression, features: state.features)
        } catch {
            return [form, PagePanel(title: "The expression cannot be read", html: Self.mistake(error, in: state.expression))]
        }
        switch answer {
        case .success(let result): return [form, PagePanel(title: "Result", html: tabs + (result.map(drawn) ?? ""))]
        case .failure(let error): return [form, PagePanel(title: "Result", html: tabs + Self.problem(error.message))]
        }
    }

    private static let introduction = """
        <p>Write a PromQL expression, such as <a href="/query?expr=up">up</a>, and press Enter. Shift and Enter begin a new line, \
        Ctrl and Space complete names, labels, values and functions.</p>
        """

    private var tabs: String {
        let links = QueryPageState.Tab.allCases.map { tab in
            let isCurrent = tab == state.tab ? " aria-current=\"page\"" : ""
            return "<a href=\"\(HTMLText.escaped(state.with { $0.tab = tab }.address))\"\(isCurrent)>\(Self.title(tab))</a>"
        }
        return "<nav class=\"tabs\" aria-label=\"Ways to look at the result\">\(links.joined())</nav>"
    }

    private static func title(_ tab: QueryPageState.Tab) -> String {
        switch tab {
        case .table: "Table"
        case .chart: "Chart"
        case .explain: "Explain"
        }
    }

    private func drawn(_ result: QueryResult) -> String {
        switch (state.tab, result.value) {
        case (.table, _): notes(result) + QueryTable(value: result.value, templates: templates).html
        case (.chart, .matrix(let series)) where state.isOverTime:
            notes(result) + QueryChart(from: state.start, to: state.end, step: state.step, series: series).html
        case (.chart, _):
            "<p class=\"none\">Only numbers over time can be drawn; a range such as [5m] needs a function around it.</p>"
        case (.explain, _):
            notes(result) + (result.explanation.map { ExplanationTable(root: $0, templates: templates).html } ?? "")
        }
    }

    /// Warnings and infos, and what the page itself did differently.
    private func notes(_ result: QueryResult) -> String {
        var notes = [QueryAnnotation.Level.warning, .info].flatMap { level in
            result.annotationTexts(level).map { "<li class=\"\(level.rawValue)\">\(HTMLText.escaped($0))</li>" }
        }
        if state.isOverTime, state.isStepRaised {
            notes.append(
                "<li class=\"info\">The step is \(PromQLDuration.text(state.step)): a page shows at most \(QueryPageState.pointLimit) points a series.</li>"
            )
        }
        return notes.isEmpty ? "" : "<ul class=\"notes\">\(notes.joined())</ul>"
    }

    static func problem(_ sentence: String) -> String { "<p class=\"problem\" role=\"alert\">\(HTMLText.escaped(sentence))</p>" }

    /// What is wrong, and the expression with a mark where it was noticed.
    private static func mistake(_ error: PromQLError, in expression: String) -> String {
        let bytes = Array(expression.utf8)
        let place = min(max(error.offset, 0), bytes.count)
        let before = String(decoding: bytes[..<place], as: UTF8.self)
        let behind = String(decoding: bytes[place...], as: UTF8.self)
        // A mark behind the end needs something to stand on.
        let marked = behind.first.flatMap { $0.isNewline ? nil : String($0) } ?? " "
        let rest = behind.first?.isNewline == false ? String(behind.dropFirst()) : behind
        return
            "<p class=\"problem\" role=\"alert\">\(HTMLText.escaped(error.message)) (line \(error.line), column \(error.column))</p>"
            + "<pre class=\"code\">\(HTMLText.escaped(before, keepsLines: true))<mark id=\"mistake\" data-offset=\"\(before.utf16.count)\">"
            + "\(HTMLText.escaped(marked))</mark>\(HTMLText.escaped(rest, keepsLines: true))</pre>"
    }
}

extension ReportEngine {
    /// The query page with what ``QueryPageState/answer(_:_:)`` gave, as HTML.
    public func queryPage(_ state: QueryPageState, _ answer: Result<QueryResult?, QueryError>) -> String {
        queryPage(state, panels: QueryPage(state: state, templates: templates).panels(answer))
    }

    /// The query page of an address that means nothing; `now` is nanoseconds since 1970.
    public func queryPage(
        refusing error: AnswerError, _ parameters: [String: String], now: UInt64, features: PromQLFeatures = []
    ) -> String {
        let state = QueryPageState(expression: QueryPageState.expression(parameters), now: now, features: features)
        let problem = PagePanel(title: "The address cannot be read", html: QueryPage.problem(error.message))
        return queryPage(state, panels: [PagePanel(title: "Expression", html: QueryForm(state: state).html), problem])
    }

    private func queryPage(_ state: QueryPageState, panels: [PagePanel]) -> String {
        // Other ranges end now.
        let other = state.with {
            $0.chosenEnd = nil
            $0.length = 0
        }
        let choices = other.address.replacing("&last=0s", with: "") + "&last="
        return frame(
            title: "Query", context(.overview, state.request, .live(query: "")), panels, choices: choices,
            script: QueryScript.address)
    }
}
