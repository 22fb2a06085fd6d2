/// Series over time as lines, or as areas on top of each other.
struct LineChart {
    /// How many series are drawn; the rest is counted in the legend.
    static let seriesLimit = 24

    var from: Int64
    var to: Int64
    var step: Int64
    var unit: Quantity.Unit
    var isStacked: Bool
    var series: [(name: String, points: [(time: Int64, value: Double)])]

    /// The chart with its legend, as HTML.
    var html: String {
        let drawn = Array(series.filter { !$0.points.isEmpty }.prefix(Self.seriesLimit))
        if drawn.isEmpty { return "<p class=\"none\">No data in this range.</p>" }
        let body = isStacked ? stacked(drawn.map(\.points)) : lines(drawn.map(\.points))
        let legend = drawn.enumerated().map {
            "<span><i class=\"l\($0.offset % 8)\"></i>\(HTMLText.escaped($0.element.name))</span>"
        }
        let rest = series.count > drawn.count ? "<span>and \(series.count - drawn.count) more</span>" : ""
        return body + "<div class=\"legend\">" + legend.joined() + rest + "</div>"
    }

    private func lines(_ all: [[(time: Int64, value: Double)]]) -> String {
        let largest = all.joined().map(\.value).filter(\.isFinite).max() ?? 0
        let frame = ChartFrame(from: from, to: to, largest: largest, unit: unit)
        let paths = all.enumerated().map { index, points in
            "<path class=\"line s\(index % 8)\" d=\"\(path(points, frame))\"/>"
        }
        return frame.svg(paths.joined())
    }

    /// A path that breaks where more than two steps are missing or a value is no number.
    private func path(_ points: [(time: Int64, value: Double)], _ frame: ChartFrame) -> String {
        var path = ""
        var last: Int64?
        for point in points {
            guard point.value.isFinite else {
                last = nil
                continue
            }
            let isConnected = last.map { point.time - $0 <= 2 * step } ?? false
            path += "\(isConnected ? "L" : "M")\(ChartFrame.number(frame.x(point.time))) \(ChartFrame.number(frame.y(point.value)))"
            // A point without neighbours would be invisible.
            if !isConnected { path += "h0.1" }
            last = point.time
        }
        return path
    }

    private func stacked(_ all: [[(time: Int64, value: Double)]]) -> String {
        let times = Set(all.joined().map(\.time)).sorted()
        let values = all.map {
            Dictionary($0.map { ($0.time, $0.value.isFinite ? max($0.value, 0) : 0) }, uniquingKeysWith: { $1 })
        }
        let totals = times.map { time in values.reduce(0) { $0 + ($1[time] ?? 0) } }
        let frame = ChartFrame(from: from, to: to, largest: totals.max() ?? 0, unit: unit)
        var base = [Double](repeating: 0, count: times.count)
        var areas = ""
        for (index, series) in values.enumerated() {
            let top = zip(times, base).map { $1 + (series[$0] ?? 0) }
            let upper = zip(times, top).map { "\(ChartFrame.number(frame.x($0))) \(ChartFrame.number(frame.y($1)))" }
            let lower = zip(times, base).reversed().map { "\(ChartFrame.number(frame.x($0))) \(ChartFrame.number(frame.y($1)))" }
            areas += "<path class=\"area f\(index % 8)\" d=\"M\((upper + lower).joined(separator: "L"))Z\"/>"
            base = top
        }
        return frame.svg(areas)
    }
}
