import Foundation
import Reporting

/// Series over time as lines of dots, four by two in a character, between an axis of values and one of times.
struct TerminalGraph {
    var series: [[(time: Int64, value: Double)]]
    var range: QueryRange
    /// How wide the whole drawing is, characters.
    var columns: Int
    /// How high the lines are, characters.
    var rows: Int
    var zone: TimeZone
    var usesColour: Bool

    /// How many series are drawn: as many as there are colours that can be told apart.
    static let seriesLimit = 12
    private static let colours = [36, 33, 32, 35, 31, 34, 96, 93, 92, 95, 91, 94]
    private static let letters = Array("abcdefghijkl")

    /// What stands for each series in a legend, three columns with the blank behind; none when there is one series only.
    var marks: [String] {
        if series.count < 2 { return [] }
        return series.indices.map { usesColour ? coloured("━━", $0) : "\(Self.letters[$0 % Self.letters.count]) " }
    }

    /// The drawing.
    var lines: [String] {
        let axis = ValueAxis(series.joined().lazy.map(\.value), tickCount: max(2, rows / 4))
        let labels = axis.ticks.map(axis.text)
        let margin = labels.reduce(0) { max($0, $1.count) } + 2
        let width = max(10, columns - margin)
        var canvas = DotCanvas(columns: width, rows: rows)
        for (index, points) in series.enumerated() { draw(points, index, axis, on: &canvas) }
        // The label of a tick stands in the row whose dots are nearest to it.
        var labelOfRow: [Int: String] = [:]
        for (tick, label) in zip(axis.ticks, labels) {
            labelOfRow[canvas.row(of: canvas.y(axis.share(tick)))] = label
        }
        let body = (0..<rows).map { row in
            let label = labelOfRow[row]
            let text = String(repeating: " ", count: margin - 2 - (label?.count ?? 0)) + (label ?? "")
            return Self.trimmed("\(text) \(label == nil ? "│" : "┤")\(line(canvas, row))")
        }
        return body + times(margin: margin, width: width)
    }

    private func draw(_ points: [(time: Int64, value: Double)], _ index: Int, _ axis: ValueAxis, on canvas: inout DotCanvas) {
        let length = Double(max(1, range.to - range.from))
        var last: (x: Int, y: Int, time: Int64)?
        for point in points {
            guard point.value.isFinite, point.time >= range.from, point.time <= range.to else {
                last = nil
                continue
            }
            let x = canvas.x(Double(point.time - range.from) / length)
            let y = canvas.y(axis.share(point.value))
            // Where a step is missing the line is broken.
            if let last, point.time - last.time < range.step * 2 {
                canvas.line(from: (last.x, last.y), to: (x, y), owner: index)
            } else {
                canvas.dot(x, y, owner: index)
            }
            last = (x, y, point.time)
        }
    }

    private func line(_ canvas: DotCanvas, _ row: Int) -> String {
        var text = ""
        var colour: Int?
        for column in 0..<canvas.columns {
            let cell = canvas.cell(column, row)
            let owner = cell.dots == 0 ? nil : cell.owner
            if usesColour, series.count > 1, owner != colour {
                text += owner.map { "\u{1B}[\(Self.colours[$0 % Self.colours.count])m" } ?? "\u{1B}[0m"
                colour = owner
            }
            text.append(character(cell))
        }
        return colour == nil ? text : text + "\u{1B}[0m"
    }

    /// Without colours letters tell several series apart.
    private func character(_ cell: DotCanvas.Cell) -> Character {
        if cell.dots == 0 { return " " }
        if !usesColour, series.count > 1 { return Self.letters[cell.owner % Self.letters.count] }
        return Unicode.Scalar(0x2800 + UInt32(cell.dots)).map { Character($0) } ?? " "
    }

    /// The axis of time: a line with ticks, and the labels below it that find room.
    private func times(margin: Int, width: Int) -> [String] {
        let axis = ClockAxis(from: range.from, to: range.to, tickCount: max(2, width / 11), zone: zone)
        var rule = [Character](repeating: "─", count: width)
        var labels = [Character](repeating: " ", count: margin + width)
        var free = 0
        for tick in axis.ticks {
            let column = min(width - 1, Int((axis.share(tick) * Double(width - 1)).rounded()))
            let text = Array(axis.text(tick))
            let start = min(max(0, margin + column - text.count / 2), labels.count - text.count)
            guard start >= free else { continue }
            rule[column] = "┬"
            for (offset, character) in text.enumerated() { labels[start + offset] = character }
            free = start + text.count + 2
        }
        let blank = String(repeating: " ", count: margin - 1)
        return ["\(blank)└\(String(rule))", Self.trimmed(String(labels)), blank + " " + zoneName]
    }

    private var zoneName: String {
        let seconds = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(range.to) / 1_000))
        if seconds == 0 { return "times are UTC" }
        let minutes = abs(seconds) / 60
        return String(format: "times are UTC%@%02d:%02d", seconds < 0 ? "-" : "+", minutes / 60, minutes % 60)
    }

    private func coloured(_ text: String, _ index: Int) -> String {
        "\u{1B}[\(Self.colours[index % Self.colours.count])m\(text)\u{1B}[0m"
    }

    private static func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.hasSuffix(" ") { line.removeLast() }
        return String(line)
    }
}
