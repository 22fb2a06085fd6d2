import QueryLanguages

/// Where expression, range and step are chosen.
struct QueryForm {
    let state: QueryPageState

    private static let lengths = ["5m", "15m", "1h", "6h", "1d", "1w", "4w"]
    private static let lineLimit = 20

    var html: String {
        let lines = state.expression.reduce(1) { $1.isNewline ? $0 + 1 : $0 }
        let end = state.chosenEnd.map { String(QueryPageState.text($0).dropLast()) } ?? ""
        let step = state.chosenStep.map(PromQLDuration.text) ?? ""
        // A line break behind the tag would be taken for layout.
        return """
            <form class="query" id="query" method="get" action="/query" data-start="\(state.start / 1_000)" data-end="\(state.end / 1_000)" data-words="\(HTMLText.escaped(CompletionWords.json(state.features)))">
            <div class="editor"><textarea name="expr" id="expr" rows="\(min(max(lines, 2), Self.lineLimit))" spellcheck="false" autocomplete="off" autocapitalize="off" aria-label="PromQL expression" placeholder="PromQL expression">
            \(HTMLText.escaped(state.expression, keepsLines: true))</textarea></div>
            <div class="controls">
            <label>Range <input type="text" name="last" size="5" list="lengths" value="\(PromQLDuration.text(state.length))"></label>
            <datalist id="lengths">\(Self.lengths.map { "<option value=\"\($0)\">" }.joined())</datalist>
            <label>End (UTC) <input type="datetime-local" name="to" step="1" value="\(end)"></label>
            <label>Step <input type="text" name="step" size="5" placeholder="\(PromQLDuration.text(state.with { $0.chosenStep = nil }.step))" value="\(step)"></label>
            <input type="hidden" name="tab" value="\(state.tab.rawValue)">
            <button type="submit">Run</button>
            <span class="moves">\(moves)</span>
            </div>
            </form>
            """
    }

    /// Links to the times around.
    private var moves: String {
        let half = max(1_000, state.length / 2)
        var links = [
            link("earlier", "Half a range earlier") { $0.chosenEnd = max(1_000, $0.end - half) },
            link("zoom in", "Half the range around its middle") {
                $0.chosenEnd = $0.end - $0.length / 4
                $0.length = half
            },
            link("zoom out", "Twice the range") { $0.length = min($0.length * 2, Self.longest) },
        ]
        if state.chosenEnd != nil {
            links.append(link("later", "Half a range later") { $0.chosenEnd = $0.end + half })
            links.append(link("now", "The range that ends now") { $0.chosenEnd = nil })
        }
        return links.joined()
    }

    /// A century, which addresses may name.
    private static let longest: Int64 = 36_525 * 86_400_000

    private func link(_ text: String, _ title: String, _ change: (inout QueryPageState) -> Void) -> String {
        "<a href=\"\(HTMLText.escaped(state.with(change).address))\" title=\"\(title)\">\(text)</a>"
    }
}
