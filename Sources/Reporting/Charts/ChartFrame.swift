import Foundation

/// The axes of a chart over time: where a time and a value lie on the drawing, and the grid with its labels.
struct ChartFrame {
    static let width = 640.0
    static let height = 190.0
    static let left = 62.0
    static let right = 10.0
    static let top = 8.0
    static let bottom = 24.0

    let from: Int64
    let to: Int64
    let maximum: Double
    let unit: Quantity.Unit

    /// Axes for times in milliseconds and values from 0 to a round number above `largest`.
    init(from: Int64, to: Int64, largest: Double, unit: Quantity.Unit) {
        self.from = from
        self.to = max(to, from + 1)
        // Bytes are read in powers of 1,024, so the grid must be as well.
        let isBytes = unit == .bytes || unit == .bytesPerSecond
        var scale = 1.0
        while isBytes, largest / scale >= 1_024 { scale *= 1_024 }
        self.maximum = Self.roundAbove(largest / scale) * scale
        self.unit = unit
    }

    /// The least of 1, 2, 2.5, 5 and 10 times a power of ten that is not below a value.
    static func roundAbove(_ value: Double) -> Double {
        guard value.isFinite, value > 0 else { return 1 }
        let power = pow(10, floor(log10(value)))
        for factor in [1, 2, 2.5, 5] where factor * power >= value { return factor * power }
        return 10 * power
    }

    func x(_ time: Int64) -> Double {
        let share = Double(time - from) / Double(to - from)
        return Self.left + min(max(share, 0), 1) * (Self.width - Self.left - Self.right)
    }

    func y(_ value: Double) -> Double {
        let share = value.isFinite ? min(max(value / maximum, 0), 1) : 0
        return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
    }

    /// The grid with its labels.
    var grid: String {
        var svg = ""
        for part in 0...4 {
            let value = maximum * Double(part) / 4
            let y = Self.number(y(value))
            svg += "<path class=\"grid\" d=\"M\(Self.left) \(y)H\(Self.width - Self.right)\"/>"
            svg += "<text x=\"\(Self.left - 6)\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">\(Quantity.text(value, unit))</text>"
        }
        for part in 0...4 {
            let time = from + (to - from) * Int64(part) / 4
            let anchor = part == 0 ? "start" : part == 4 ? "end" : "middle"
            svg += "<text x=\"\(Self.number(x(time)))\" y=\"\(Self.height - 6)\" text-anchor=\"\(anchor)\">\(clock(time))</text>"
        }
        return svg
    }

    /// The time of day, with the date when the chart covers more than a day (UTC).
    func clock(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        let day = seconds % 86_400
        let text = String(format: "%02d:%02d", day / 3_600, day / 60 % 60)
        if to - from <= 600_000 { return text + String(format: ":%02d", day % 60) }
        if to - from <= 86_400_000 { return text }
        let date = Date(timeIntervalSince1970: Double(seconds))
        let parts = Calendar.utc.dateComponents([.month, .day], from: date)
        return String(format: "%02d-%02d ", parts.month ?? 0, parts.day ?? 0) + text
    }

    /// A coordinate with one decimal, which is enough for a screen and keeps pages small.
    static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    /// An SVG of the frame's size around `content`.
    func svg(_ content: String) -> String {
        "<svg class=\"chart\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\">\(grid)\(content)</svg>"
    }
}

extension Calendar {
    /// The Gregorian calendar of Greenwich.
    static let utc: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        if let zone = TimeZone(secondsFromGMT: 0) { calendar.timeZone = zone }
        return calendar
    }()
}
