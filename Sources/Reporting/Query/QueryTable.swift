import QueryEngine
import QueryLanguages
import Storage
import TelemetryModel

/// The values of a query at one time.
struct QueryTable {
    let value: QueryValue
    let templates: PageTemplates

    /// How many series are listed.
    static let rowLimit = 500
    /// How many samples of a range are listed for a series.
    static let sampleLimit = 200
    /// How many characters of a series or text are shown.
    static let textLimit = 2_000

    var html: String {
        switch value {
        case .scalar(let number, let time):
            return "<p class=\"count\">A number at \(QueryPageState.text(time))</p>" + big(PromQLNumber.text(number))
        case .string(let text, let time): return "<p class=\"count\">A text at \(QueryPageState.text(time))</p>" + big(text)
        case .vector(let samples):
            let rows = samples.prefix(Self.rowLimit).map { [Self.series($0.labels), Table.Cell(PromQLNumber.text($0.value))] }
            return table(rows, count: samples.count, at: samples.first?.timestamp)
        case .matrix(let series):
            let rows = series.prefix(Self.rowLimit).map { one in
                [Self.series(one.labels), Table.Cell(Self.samples(one), kind: .code)]
            }
            return table(rows, count: series.count, at: nil)
        }
    }

    private func big(_ text: String) -> String {
        "<p class=\"big code\">\(HTMLText.escaped(HTMLText.shortened(text, Self.textLimit)))</p>"
    }

    private func table(_ rows: [[Table.Cell]], count: Int, at time: Int64?) -> String {
        if rows.isEmpty { return "<p class=\"none\">No series matches at the end of the range.</p>" }
        let when = time.map { " at \(QueryPageState.text($0))" } ?? ""
        let rest = count > rows.count ? ", of which the first \(rows.count) are listed" : ""
        return "<p class=\"count\">\(count) series\(when)\(rest)</p>"
            + templates.render(Table(columns: [("Series", .code), ("Value", .number)], rows: rows))
    }

    private static func series(_ labels: Labels) -> Table.Cell {
        Table.Cell(HTMLText.shortened(SeriesText.text(labels.dictionary), textLimit))
    }

    private static func samples(_ series: SeriesSamples) -> String {
        let shown = zip(series.values, series.timestamps).prefix(sampleLimit).map { value, time in
            "\(PromQLNumber.text(value)) @ \(text(time))"
        }
        let rest = series.values.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
    }

    /// A time; what a subquery with `@` can reach beyond the dates that are known is told in seconds since 1970.
    private static func text(_ milliseconds: Int64) -> String {
        let (nanoseconds, overflow) = UInt64(max(0, milliseconds)).multipliedReportingOverflow(by: 1_000_000)
        return overflow ? "\(milliseconds / 1_000)" : RFC3339.text(nanoseconds: nanoseconds)
    }
}

extension Labels {
    /// The values by name.
    var dictionary: [String: String] { Dictionary(list.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }) }
}
