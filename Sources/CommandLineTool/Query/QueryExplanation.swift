/// What each part of a query cost, as the server tells it with `explain=true`.
struct QueryExplanation: Decodable {
    /// The part, as PromQL.
    var expression: String
    /// Seconds with the parts below it.
    var seconds: Double
    /// Seconds without them.
    var selfSeconds: Double
    /// Series that this part read from the store itself.
    var series: Int
    /// Samples that this part read from the store itself.
    var samples: Int
    /// Series that it yields.
    var columns: Int
    var children: [QueryExplanation]

    /// Deeper parts are not drawn; the grammar does not allow them either.
    private static let depthLimit = 400
    private static let barColumns = 8

    /// A table whose last column is the tree.
    func lines(width: Int) -> [String] {
        var table = TextTable([
            .init(title: "time", isNumber: true), .init(title: "self", isNumber: true), .init(title: "share"),
            .init(title: "series", isNumber: true), .init(title: "samples", isNumber: true),
            .init(title: "yields", isNumber: true), .init(title: "expression"),
        ])
        add(to: &table, whole: max(seconds, selfSeconds), own: "", below: "", depth: 0)
        return table.lines(width: width)
    }

    private func add(to table: inout TextTable, whole: Double, own: String, below: String, depth: Int) {
        let share = whole > 0 ? min(max(selfSeconds / whole, 0), 1) : 0
        table.add([
            QuantityText.duration(seconds), QuantityText.duration(selfSeconds),
            String(repeating: "█", count: Int((share * Double(Self.barColumns)).rounded())), String(series), String(samples),
            String(columns), own + expression.split(whereSeparator: \.isWhitespace).joined(separator: " "),
        ])
        guard depth < Self.depthLimit else { return }
        for (index, child) in children.enumerated() {
            let isLast = index == children.count - 1
            child.add(
                to: &table, whole: whole, own: below + (isLast ? "└ " : "├ "), below: below + (isLast ? "  " : "│ "),
                depth: depth + 1)
        }
    }
}
