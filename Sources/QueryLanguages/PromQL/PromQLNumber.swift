/// Numbers as PromQL reads and prints them.
public enum PromQLNumber {
    /// Reads a number without sign: decimal, octal with a leading zero, hexadecimal, `Inf`, `NaN`; nil for anything else.
    public static func parse(_ text: String) -> Double? {
        switch text.lowercased() {
        case "inf": return .infinity
        case "nan": return .nan
        case let lower:
            guard let digits = withoutUnderscores(lower) else { return nil }
            if digits.hasPrefix("0x") { return UInt64(digits.dropFirst(2), radix: 16).map { Double($0) } }
            guard let first = digits.utf8.first, PromQLLexer.isDigit(first) || first == UInt8(ascii: "."),
                digits.utf8.allSatisfy({ PromQLLexer.isDigit($0) || "+-.e".utf8.contains($0) })
            else { return nil }
            if digits.utf8.count > 1, first == UInt8(ascii: "0"), let octal = UInt64(digits, radix: 8) { return Double(octal) }
            return Double(digits.hasSuffix(".") ? digits + "0" : digits.replacing(".e", with: ".0e"))
        }
    }

    /// Drops underscores that stand between digits; nil when one stands elsewhere.
    private static func withoutUnderscores(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
        if text.hasSuffix("_") || text.hasPrefix("_") || text.contains("__") || text.contains("._") || text.contains("_.") {
            return nil
        }
        return text.replacing("_", with: "")
    }

    /// The shortest text without an exponent that reads back as the same number; `+Inf`, `-Inf`, `NaN`.
    public static func plainText(_ value: Double) -> String {
        if let special = specialText(value) { return special }
        let (negative, digits, point) = decimalDigits(value)
        var text = negative ? "-" : ""
        if point <= 0 {
            text += "0." + String(repeating: "0", count: -point) + digits
        } else if digits.utf8.count <= point {
            text += digits + String(repeating: "0", count: point - digits.utf8.count)
        } else {
            text += digits.prefix(point) + "." + digits.dropFirst(point)
        }
        return digits == "0" ? (negative ? "-0" : "0") : text
    }

    /// The text that Prometheus's JSON has: plain from 1e-6 to below 1e21, else with an exponent (`1e+21`, `1e-07`).
    public static func text(_ value: Double) -> String {
        if let special = specialText(value) { return special }
        let size = value.magnitude
        if size == 0 || (size >= 1e-6 && size < 1e21) { return plainText(value) }
        let (negative, digits, point) = decimalDigits(value)
        let exponent = point - 1
        let fraction = digits.utf8.count > 1 ? "." + digits.dropFirst() : ""
        let shown = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
        return (negative ? "-" : "") + digits.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+") + shown
    }

    /// The text that OpenMetrics has, where whole numbers end in `.0`.
    public static func openMetricsText(_ value: Double) -> String {
        let text = text(value)
        return value.isFinite && !text.contains(".") && !text.contains("e") ? text + ".0" : text
    }

    private static func specialText(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : nil
    }

    /// Sign, significant digits without zeros at either end, and where the decimal point stands among them.
    private static func decimalDigits(_ value: Double) -> (negative: Bool, digits: String, point: Int) {
        var text = value.magnitude.description[...]
        var exponent = 0
        if let mark = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: mark)...]) ?? 0
            text = text[..<mark]
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count > 1 && parts[1] != "0" ? parts[1] : ""
        let all = String(parts[0]) + fraction
        let leading = all.prefix { $0 == "0" }.count
        var digits = all.dropFirst(leading)
        while digits.last == "0" { digits.removeLast() }
        return (value.sign == .minus, digits.isEmpty ? "0" : String(digits), parts[0].utf8.count + exponent - leading)
    }
}
