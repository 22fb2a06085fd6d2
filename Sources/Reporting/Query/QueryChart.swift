import Foundation
import QueryEngine
import Storage
import TelemetryModel

/// Series over time as a chart that fits any width: the lines are stretched, labels of the axes keep their size.
struct QueryChart {
    let from: Int64
    let to: Int64
    let step: Int64
    let series: [SeriesSamples]

    /// How many series are drawn.
    static let seriesLimit = 50
    /// How many characters of a series' name the legend shows.
    static let nameLimit = 300
    private static let colourCount = 8
    private static let dashCount = 3
    private static let tickCount = 7

    var html: String {
        if series.isEmpty { return "<p class=\"none\">No data in this range.</p>" }
        let drawn = series.prefix(Self.seriesLimit)
        let axis = ValueAxis(drawn.lazy.flatMap(\.values), tickCount: Self.tickCount)
        let clock = ClockAxis(from: from, to: to, tickCount: Self.tickCount, zone: Calendar.utc.timeZone)
        let rest = series.count > drawn.count ? ", of which the first \(drawn.count) are drawn" : ""
        let range = "\(QueryPageState.text(from)) to \(QueryPageState.text(to))"
        let lines = drawn.enumerated().map { line($0.offset, $0.element, axis) }
        return """
            <p class="count">\(series.count) series, a point every \(Quantity.duration(Double(step) / 1_000))\(rest)</p>
            <div class="plot" id="plot" tabindex="0" role="group" aria-label="Chart of \(drawn.count) series, \(range), values from \(axis.text(axis.low)) to \(axis.text(axis.high))" data-from="\(from)" data-to="\(to)" data-step="\(step)" data-low="\(axis.low)" data-high="\(axis.high)">
            <div class="values" aria-hidden="true">\(values(axis))</div>
            <div class="field"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">\(grid(axis, clock))<g id="lines">\(lines.joined())</g></svg></div>
            <div class="times" aria-hidden="true">\(times(clock))</div>
            </div>
            \(legend(Array(drawn)))
            """
    }

    private func values(_ axis: ValueAxis) -> String {
        axis.ticks.map { "<span style=\"bottom:\(Self.percent(axis.share($0)))\">\(axis.text($0))</span>" }.joined()
    }

    private func times(_ clock: ClockAxis) -> String {
        clock.ticks.map { "<span style=\"left:\(Self.percent(clock.share($0)))\">\(clock.text($0))</span>" }.joined()
    }

    private func grid(_ axis: ValueAxis, _ clock: ClockAxis) -> String {
        let rows = axis.ticks.map { "M0 \(ChartFrame.number(1_000 - axis.share($0) * 1_000))H1000" }
        let columns = clock.ticks.map { "M\(ChartFrame.number(clock.share($0) * 1_000)) 0V1000" }
        return "<path class=\"grid\" d=\"\((rows + columns).joined())\"/>"
    }

    /// A line that breaks where a step has no number, with its values for whoever points at it.
    private func line(_ index: Int, _ series: SeriesSamples, _ axis: ValueAxis) -> String {
        var path = ""
        var values = ""
        var expected = from
        var isConnected = false
        for (time, value) in zip(series.timestamps, series.values) {
            while expected < time {
                values += ","
                expected += step
                isConnected = false
            }
            values += value.isNaN ? "NaN," : String(format: "%.6g,", value)
            expected += step
            guard value.isFinite else {
                isConnected = false
                continue
            }
            let x = ChartFrame.number(Double(time - from) / Double(max(1, to - from)) * 1_000)
            // When series are hidden the rest is stretched, so heights have more digits.
            let y = String(format: "%.2f", 1_000 - axis.share(value) * 1_000)
            path += "\(isConnected ? "L" : "M")\(x) \(y)"
            // A point without neighbours would be invisible.
            if !isConnected { path += "h0.1" }
            isConnected = true
        }
        let dash = index / Self.colourCount % Self.dashCount
        return "<path class=\"line s\(index % Self.colourCount) dash\(dash)\" d=\"\(path)\" data-values=\"\(values)\"/>"
    }

    /// The series by the labels in which they differ, and above them those that all have in common.
    private func legend(_ drawn: [SeriesSamples]) -> String {
        let metrics = drawn.map(\.labels.dictionary)
        let common = CommonLabels.of(metrics)
        let keys = metrics.enumerated().map { index, metric in
            let name = Self.name(metric.filter { common[$0.key] == nil })
            return "<li><span class=\"key\"><i class=\"l\(index % Self.colourCount)\"></i><bdi>\(name)</bdi></span></li>"
        }
        let heading = common.isEmpty ? "" : "<p class=\"count common\">All have <bdi class=\"code\">\(Self.name(common))</bdi></p>"
        return "\(heading)<ul class=\"keys\" id=\"keys\" aria-label=\"Series\">\(keys.joined())</ul>"
    }

    private static func name(_ labels: [String: String]) -> String {
        HTMLText.escaped(HTMLText.shortened(SeriesText.text(labels), nameLimit))
    }

    private static func percent(_ share: Double) -> String { String(format: "%.2f%%", share * 100) }
}
