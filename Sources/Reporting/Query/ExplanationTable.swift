import QueryEngine

/// What each part of an expression cost, as a tree in a table.
struct ExplanationTable {
    let root: ExplainedExpression
    let templates: PageTemplates

    /// How many parts are listed.
    static let rowLimit = 500
    private static let textLimit = 300

    var html: String {
        var rows: [[Table.Cell]] = []
        add(root, depth: 0, to: &rows)
        let count = Self.count(root)
        let cut = count > rows.count ? "; the first \(rows.count) of \(count) parts are listed" : ""
        let (series, samples) = Self.read(root)
        return "<p class=\"count\">\(Quantity.duration(root.seconds)) for \(Quantity.count(UInt64(series))) series and "
            + "\(Quantity.count(UInt64(samples))) samples read from the store\(cut)</p>"
            + templates.render(
                Table(
                    columns: [
                        ("Expression", .code), ("Share", .name), ("Own time", .number), ("Time with parts", .number),
                        ("Series read", .number), ("Samples read", .number), ("Series given", .number),
                    ], rows: rows))
    }

    private func add(_ node: ExplainedExpression, depth: Int, to rows: inout [[Table.Cell]]) {
        guard rows.count < Self.rowLimit else { return }
        let whole = max(root.seconds, .leastNormalMagnitude)
        rows.append([
            Table.Cell(HTMLText.shortened(node.text, Self.textLimit), title: node.kind, depth: depth),
            Table.Cell("", share: node.selfSeconds / whole), Table.Cell(Quantity.duration(node.selfSeconds)),
            Table.Cell(Quantity.duration(node.seconds)),
            Self.number(node.series), Self.number(node.samples), Self.number(node.columns),
        ])
        for child in node.children { add(child, depth: depth + 1, to: &rows) }
    }

    /// Only what reads or gives something has a number.
    private static func number(_ count: Int) -> Table.Cell { Table.Cell(count > 0 ? Quantity.count(UInt64(count)) : "") }

    private static func count(_ node: ExplainedExpression) -> Int { node.children.reduce(1) { $0 + count($1) } }

    private static func read(_ node: ExplainedExpression) -> (series: Int, samples: Int) {
        node.children.reduce((max(0, node.series), max(0, node.samples))) { sum, child in
            let below = read(child)
            return (sum.0 + below.series, sum.1 + below.samples)
        }
    }
}
