import Answers
import Foundation
import TelemetryModel

/// The distribution of latencies as columns, and over time as a heat map.
struct LatencyCharts {
    let answer: LatencyAnswer
    let links: PageLinks

    /// Columns of the log-linear histogram on a logarithmic axis.
    var histogram: String {
        let buckets = answer.histogram.filter { $0.count > 0 }
        guard let first = buckets.first, let last = buckets.last else { return "<p class=\"none\">No calls in this range.</p>" }
        let low = log10(max(first.fromSeconds, 1e-9))
        let high = max(log10(max(last.toSeconds, 1e-9)), low + 0.05)
        let most = Double(buckets.map(\.count).max() ?? 1)
        let (width, height) = (ChartFrame.width, ChartFrame.height)
        func x(_ seconds: Double) -> Double {
            ChartFrame.left + (log10(max(seconds, 1e-9)) - low) / (high - low) * (width - ChartFrame.left - ChartFrame.right)
        }
        func y(_ count: Double) -> Double {
            height - ChartFrame.bottom - count / most * (height - ChartFrame.top - ChartFrame.bottom)
        }
        var svg = ""
        for part in [0.0, 0.5, 1] {
            let line = ChartFrame.number(y(most * part))
            svg += "<path class=\"grid\" d=\"M\(ChartFrame.left) \(line)H\(width - ChartFrame.right)\"/>"
            svg +=
                "<text x=\"\(ChartFrame.left - 6)\" y=\"\(line)\" dy=\"4\" text-anchor=\"end\">\(Quantity.number((most * part).rounded()))</text>"
        }
        for bucket in buckets {
            let left = x(bucket.fromSeconds)
            let wide = max(x(bucket.toSeconds) - left - 0.5, 1)
            let top = y(Double(bucket.count))
            let title =
                "\(Quantity.duration(bucket.fromSeconds)) to \(Quantity.duration(bucket.toSeconds)): \(Quantity.count(bucket.count)) calls"
            svg +=
                "<rect class=\"column\" x=\"\(ChartFrame.number(left))\" y=\"\(ChartFrame.number(top))\" width=\"\(ChartFrame.number(wide))\""
            svg += " height=\"\(ChartFrame.number(height - ChartFrame.bottom - top))\"><title>\(title)</title></rect>"
        }
        for part in 0...4 {
            let seconds = pow(10, low + (high - low) * Double(part) / 4)
            let anchor = part == 0 ? "start" : part == 4 ? "end" : "middle"
            svg +=
                "<text x=\"\(ChartFrame.number(x(seconds)))\" y=\"\(height - 6)\" text-anchor=\"\(anchor)\">\(Quantity.duration(seconds))</text>"
        }
        return "<svg class=\"chart\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\">\(svg)</svg>"
    }

    /// Cells by time and latency; a cell leads to a trace in it.
    var heatMap: String {
        let map = answer.heatMap
        guard map.axis.count > 0, !map.rows.isEmpty, let most = map.cells.map(\.count).max(), most > 0 else { return "" }
        let (width, height) = (ChartFrame.width, ChartFrame.height)
        let cellWidth = (width - ChartFrame.left - ChartFrame.right) / Double(map.axis.count)
        let cellHeight = (height - ChartFrame.top - ChartFrame.bottom) / Double(map.rows.count)
        var svg = ""
        for cell in map.cells where cell.column < map.axis.count && cell.row < map.rows.count {
            let x = ChartFrame.left + Double(cell.column) * cellWidth
            let y = height - ChartFrame.bottom - Double(cell.row + 1) * cellHeight
            let opacity = 0.15 + 0.85 * (Double(cell.count) / Double(most)).squareRoot()
            let row = map.rows[cell.row]
            let title =
                "\(Quantity.duration(row.fromSeconds)) to \(Quantity.duration(row.toSeconds)): \(Quantity.count(cell.count)) calls"
            let rect =
                "<rect class=\"cell\" x=\"\(ChartFrame.number(x))\" y=\"\(ChartFrame.number(y))\" width=\"\(ChartFrame.number(max(cellWidth - 0.5, 0.5)))\""
                + " height=\"\(ChartFrame.number(max(cellHeight - 0.5, 0.5)))\" opacity=\"\(String(format: "%.2f", opacity))\"><title>\(title)</title></rect>"
            if let id = cell.exemplarTraceID, let href = links.href(.trace(id)) {
                svg += "<a href=\"\(HTMLText.escaped(href))\">\(rect)</a>"
            } else {
                svg += rect
            }
        }
        svg += rowLabels(map, cellHeight)
        return "<svg class=\"chart\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\">\(svg)\(timeLabels(map.axis))</svg>"
    }

    private func rowLabels(_ map: LatencyHeatMap, _ cellHeight: Double) -> String {
        let stride = max(1, map.rows.count / 5)
        var svg = ""
        for index in Swift.stride(from: 0, to: map.rows.count, by: stride) {
            let y = ChartFrame.height - ChartFrame.bottom - Double(index) * cellHeight
            let label = Quantity.duration(map.rows[index].fromSeconds)
            svg += "<text x=\"\(ChartFrame.left - 6)\" y=\"\(ChartFrame.number(y))\" text-anchor=\"end\">\(label)</text>"
        }
        return svg
    }

    private func timeLabels(_ axis: TimeAxis) -> String {
        guard let from = RFC3339.nanoseconds(axis.from) else { return "" }
        let start = Int64(from / 1_000_000)
        let end = start + Int64(axis.stepSeconds * Double(axis.count) * 1_000)
        let frame = ChartFrame(from: start, to: end, largest: 1, unit: .none)
        var svg = ""
        for part in 0...4 {
            let time = start + (end - start) * Int64(part) / 4
            let anchor = part == 0 ? "start" : part == 4 ? "end" : "middle"
            svg +=
                "<text x=\"\(ChartFrame.number(frame.x(time)))\" y=\"\(ChartFrame.height - 6)\" text-anchor=\"\(anchor)\">\(frame.clock(time))</text>"
        }
        return svg
    }
}
