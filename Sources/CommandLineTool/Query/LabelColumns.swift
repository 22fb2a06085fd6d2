import Reporting

/// The labels of many series as columns: those by which the series differ. What all have in common is said once.
struct LabelColumns {
    /// The labels that have one value on all series.
    let common: [String: String]
    /// The labels that differ, the metric's name first.
    let names: [String]

    /// More columns than this become one that lists them.
    private static let columnLimit = 8
    private static let metricName = "__name__"
    private let isList: Bool

    /// `reserved` columns of the width are needed for other things.
    init(_ metrics: [[String: String]], width: Int, reserved: Int) {
        common = CommonLabels.of(metrics)
        let names = metrics.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
        let differing = names.subtracting(common.keys)
        self.names = differing.sorted { ($0 != Self.metricName ? 1 : 0, $0) < ($1 != Self.metricName ? 1 : 0, $1) }
        let narrowest = self.names.count * (TextTable.narrowest + TextTable.gap)
        isList = metrics.count == 1 || self.names.count > Self.columnLimit || narrowest > width - reserved
    }

    /// `12 series of up{job="node"}`; nil when the series have nothing in common.
    func heading(count: Int) -> String? {
        common.isEmpty ? nil : TerminalText.safe("\(count) series of \(SeriesText.text(common))")
    }

    /// The columns of a table.
    var columns: [TextTable.Column] {
        isList ? [.init(title: "series")] : names.map { .init(title: $0 == Self.metricName ? "metric" : $0, isName: true) }
    }

    /// How many columns of a terminal the labels of these series take when nothing is cut.
    func width(_ metrics: [[String: String]]) -> Int {
        var widths = columns.map { TerminalText.width($0.title) }
        for metric in metrics {
            for (index, cell) in cells(metric).enumerated() {
                widths[index] = max(widths[index], TerminalText.width(TerminalText.safe(cell)))
            }
        }
        return widths.reduce(0) { $0 + $1 + TextTable.gap }
    }

    /// The cells of a series in these columns.
    func cells(_ metric: [String: String]) -> [String] {
        if isList { return [SeriesText.text(metric.filter { common[$0.key] == nil })] }
        return names.map { metric[$0] ?? "" }
    }
}
