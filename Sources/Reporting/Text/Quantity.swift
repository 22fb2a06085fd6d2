import Foundation

/// Numbers as people read them.
enum Quantity {
    /// What a number counts.
    enum Unit: String {
        case none, seconds, bytes, share
        case bytesPerSecond = "bytes/s"
        case perSecond = "1/s"
    }

    static func text(_ value: Double, _ unit: Unit) -> String {
        switch unit {
        case .none: number(value)
        case .seconds: duration(value)
        case .bytes: bytes(value)
        case .bytesPerSecond: bytes(value) + "/s"
        case .perSecond: number(value) + "/s"
        case .share: percent(value)
        }
    }

    /// `1.2 ms`, `340 µs`, `2 min 5 s`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        let magnitude = seconds.magnitude
        if magnitude == 0 { return "0" }
        if magnitude < 1e-6 { return "\(digits(seconds * 1e9)) ns" }
        if magnitude < 1e-3 { return "\(digits(seconds * 1e6)) µs" }
        if magnitude < 1 { return "\(digits(seconds * 1e3)) ms" }
        if magnitude < 120 { return "\(digits(seconds)) s" }
        if magnitude < 7_200 { return "\(digits(seconds / 60)) min" }
        return "\(digits(seconds / 3_600)) h"
    }

    /// `3.4 MiB`.
    static func bytes(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        var rest = value
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] where rest.magnitude >= 1_024 {
            rest /= 1_024
            unit = next
        }
        return "\(digits(rest)) \(unit)"
    }

    /// `99.95 %`; what is not quite all is never shown as 100 %.
    static func percent(_ share: Double) -> String {
        guard share.isFinite else { return "–" }
        if share < 1, share > 0.9999 { return "> 99.99 %" }
        let text = String(format: share >= 0.99 && share < 1 ? "%.2f" : "%.1f", share * 100)
        return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
    }

    /// `12,345`, `1.25`, `3.4M`.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if value.magnitude >= 1e9 { return digits(value / 1e9) + "G" }
        if value.magnitude >= 1e6 { return digits(value / 1e6) + "M" }
        return digits(value)
    }

    /// A count with separators.
    static func count(_ value: UInt64) -> String {
        var text = String(value)
        var position = text.count - 3
        while position > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: position))
            position -= 3
        }
        return text
    }

    /// Three significant digits, without needless zeros.
    private static func digits(_ value: Double) -> String {
        let magnitude = value.magnitude
        if magnitude >= 1_000 { return (value < 0 ? "-" : "") + count(UInt64(min(magnitude.rounded(), 1e15))) }
        if magnitude > 0, magnitude < 0.1 { return String(format: "%.2g", value) }
        var text = String(format: magnitude >= 100 ? "%.0f" : magnitude >= 10 ? "%.1f" : "%.2f", value)
        if text.contains(".") {
            while text.hasSuffix("0") { text.removeLast() }
            if text.hasSuffix(".") { text.removeLast() }
        }
        return text
    }
}
