/// Doubles as Prometheus writes them in the labels `le` and `quantile`: all digits, no exponent, no needless `.0`.
enum DecimalText {
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let parts = value.magnitude.description.split(separator: "e")
        let sign = value.sign == .minus ? "-" : ""
        guard parts.count == 2, let exponent = Int(parts[1]) else {
            let plain = parts[0].hasSuffix(".0") ? String(parts[0].dropLast(2)) : String(parts[0])
            return sign + plain
        }
        // The shortest digits with their point after the first one, to be moved by the exponent.
        let point = parts[0].firstIndex(of: ".") ?? parts[0].endIndex
        let whole = parts[0][..<point]
        let fraction = point == parts[0].endIndex ? "" : parts[0][parts[0].index(after: point)...]
        let digits = whole + (fraction == "0" ? "" : fraction)
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let missing = exponent + 1 - digits.count
        if missing >= 0 { return sign + digits + String(repeating: "0", count: missing) }
        let split = digits.index(digits.startIndex, offsetBy: exponent + 1)
        return sign + digits[..<split] + "." + digits[split...]
    }
}
