import Foundation
import Platform

/// The answer to a query as lines for a terminal.
struct QueryDrawing {
    var terminal: Terminal
    /// The clock in which times are shown.
    var zone: TimeZone
    /// Whether a range is drawn as a graph with its legend, not as a table with a line a series.
    var isGraph = false
    /// The range that was asked, milliseconds since 1970, and its step; nil for a moment.
    var range: QueryRange?

    /// How wide sparklines are: as wide as labels that must be cut otherwise leave them.
    private static let sparkColumns = 10...30
    /// The room of four numbers.
    private static let statisticsColumns = 46
    private static let noSeries = "No series matches."

    /// The drawing of an answer.
    func lines(_ reply: PrometheusReply) -> [String] {
        switch reply.result {
        case .scalar(let point), .string(let point): return [TerminalText.safe(point.value)]
        case .vector(let series), .matrix(let series):
            if series.isEmpty { return [Self.noSeries] }
            guard let range else { return moment(series) }
            return isGraph ? graph(series, range) : table(series, range)
        }
    }

    /// What the series have in common, above a table of what they differ in.
    private func table(
        _ series: [PrometheusReply.Series], reserved: Int, columns: [TextTable.Column], width: Int? = nil,
        rows: (PrometheusReply.Series) -> [[String]]
    ) -> [String] {
        let width = width ?? terminal.columns
        let labels = LabelColumns(series.map(\.metric), width: width, reserved: reserved)
        var table = TextTable(labels.columns + columns)
        for one in series {
            let cells = labels.cells(one.metric)
            for row in rows(one) { table.add(cells + row) }
        }
        let heading = labels.heading(count: series.count).map { [TerminalText.shortened($0, terminal.columns), ""] } ?? []
        return heading + table.lines(width: width)
    }

    /// Values at one time; the samples of a range selector with their times.
    private func moment(_ series: [PrometheusReply.Series]) -> [String] {
        let isSingle = series.allSatisfy { $0.points.count == 1 }
        if isSingle {
            return table(series, reserved: 12, columns: [.init(title: "value", isNumber: true)]) {
                [[QuantityText.value($0.points[0].value)]]
            }
        }
        return table(series, reserved: 36, columns: [.init(title: "time", isNumber: true), .init(title: "value", isNumber: true)]) {
            $0.points.map { [clock($0.milliseconds), QuantityText.value($0.value)] }
        }
    }

    private func clock(_ milliseconds: Int64) -> String {
        var style = Date.ISO8601FormatStyle(includingFractionalSeconds: milliseconds % 1_000 != 0, timeZone: zone)
        style = style.timeZoneSeparator(.colon)
        return Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(style)
    }

    // MARK: - Ranges

    private func table(_ series: [PrometheusReply.Series], _ range: QueryRange) -> [String] {
        let metrics = series.map(\.metric)
        let reserved = Self.statisticsColumns + Self.sparkColumns.lowerBound
        let labels = LabelColumns(metrics, width: terminal.columns, reserved: reserved)
        let room = terminal.columns - Self.statisticsColumns - labels.width(metrics)
        let spark = min(max(room, Self.sparkColumns.lowerBound), Self.sparkColumns.upperBound)
        return table(series, reserved: reserved, columns: Self.statistics + [.init(title: "values", isNumber: true)]) { one in
            [summary(one) + [Sparkline.draw(Self.spread(one.points, range, columns: spark), width: spark)]]
        }
    }

    private static let statistics = ["min", "avg", "max", "last"].map { TextTable.Column(title: $0, isNumber: true) }

    private func summary(_ series: PrometheusReply.Series) -> [String] {
        let numbers = series.points.compactMap { Double($0.value) }.filter(\.isFinite)
        return [numbers.min(), numbers.isEmpty ? nil : Self.mean(numbers), numbers.max()].map {
            $0.map { QuantityText.value($0) } ?? "–"
        }
            + [series.points.last.map { QuantityText.value($0.value) } ?? ""]
    }

    /// The values at their places in the range, so that gaps stay gaps and lines of one answer stand below each other.
    private static func spread(_ points: [PrometheusReply.Point], _ range: QueryRange, columns: Int) -> [Double?] {
        var values = [[Double]](repeating: [], count: columns)
        for point in points {
            guard let value = Double(point.value), value.isFinite else { continue }
            let share = Double(point.milliseconds - range.from) / Double(max(1, range.to - range.from))
            guard share >= 0, share <= 1 else { continue }
            values[min(columns - 1, Int(share * Double(columns)))].append(value)
        }
        return values.map { $0.isEmpty ? nil : mean($0) }
    }

    /// Each value is divided before it is added, so that large ones do not overflow.
    private static func mean(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 / Double(values.count) } }

    private func graph(_ all: [PrometheusReply.Series], _ range: QueryRange) -> [String] {
        let drawn = Array(all.prefix(TerminalGraph.seriesLimit))
        let graph = TerminalGraph(
            series: drawn.map { $0.points.compactMap { point in Double(point.value).map { (point.milliseconds, $0) } } },
            range: range,
            columns: terminal.columns, rows: min(max(terminal.lines - drawn.count - 7, 8), 24), zone: zone,
            usesColour: terminal.usesColour)
        let marks = graph.marks
        let margin = marks.isEmpty ? 0 : 3
        var legend = table(drawn, reserved: Self.statisticsColumns, columns: Self.statistics, width: terminal.columns - margin) {
            [summary($0)]
        }
        // The rows of the table are its last lines, one a series.
        for (index, mark) in marks.enumerated() {
            let line = legend.count - drawn.count + index
            legend[line] = "\(mark) \(legend[line])"
        }
        if !marks.isEmpty { legend[legend.count - drawn.count - 1] = "   " + legend[legend.count - drawn.count - 1] }
        let rest = all.count - drawn.count
        let more = rest > 0 ? ["", "\(rest) more series are not drawn; topk or an aggregation leaves fewer."] : []
        return graph.lines + [""] + legend + more
    }
}

/// A range of time with its step, milliseconds.
struct QueryRange {
    var from: Int64
    var to: Int64
    var step: Int64
}
