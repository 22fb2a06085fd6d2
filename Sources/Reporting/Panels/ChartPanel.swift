import Foundation

/// PromQL queries over the page's range.
enum ChartPanel {
    static func html(_ panel: Dashboard.Panel, _ context: PanelContext, _ substitute: (String) -> String) throws -> String {
        let interval = "\(max(60, 4 * context.step / 1_000))s"
        var lines: [(name: String, points: [(time: Int64, value: Double)])] = []
        for query in panel.queries {
            // The interval goes in first: what a host is called must not be taken for a placeholder.
            let expression = substitute(query.expression.replacing("$interval", with: interval))
            for series in try context.query(expression, context.from, context.to, context.step) {
                lines.append((name: legend(query.legend, series.labels), points: series.points))
            }
        }
        return LineChart(
            from: context.from, to: context.to, step: context.step, unit: panel.unit, isStacked: panel.isStacked,
            series: lines.sorted { $0.name < $1.name }
        ).html
    }

    /// The legend with the labels of a series in it; no legend at all lists them.
    private static func legend(_ template: String, _ labels: [String: String]) -> String {
        if template.isEmpty { return labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }
        var text = ""
        var rest = template[...]
        while let character = rest.popFirst() {
            guard character == "$" else {
                text.append(character)
                continue
            }
            let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            rest = rest.dropFirst(name.count)
            text += labels[String(name)] ?? ""
        }
        return text
    }
}
