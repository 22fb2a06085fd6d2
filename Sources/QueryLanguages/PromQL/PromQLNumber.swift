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
        if !value.isFinite { return text(value) }
        let digits = DecimalDigits(value.magnitude)
        return String(unsafeUninitializedCapacity: 3 + digits.count + Int(digits.point.magnitude)) { bytes in
            var text = NumberText(bytes)
            if value.sign == .minus { text.append(UInt8(ascii: "-")) }
            text.appendPlain(digits)
            return text.count
        }
    }

    /// The shortest text with an exponent that reads back as the same number, such as `1.5e+03`; `+Inf`, `-Inf`, `NaN`.
    public static func scientificText(_ value: Double) -> String {
        if !value.isFinite { return text(value) }
        return String(unsafeUninitializedCapacity: textByteLimit) { bytes in
            var text = NumberText(bytes)
            if value.sign == .minus { text.append(UInt8(ascii: "-")) }
            text.appendScientific(DecimalDigits(value.magnitude))
            return text.count
        }
    }

    /// The text that Prometheus's JSON has: plain from 1e-6 to below 1e21, else with an exponent (`1e+21`, `1e-07`).
    public static func text(_ value: Double) -> String {
        String(unsafeUninitializedCapacity: textByteLimit) { write(value, to: $0) }
    }

    /// The most bytes of ``text(_:)``: sign, zero, point, five zeros and 17 digits need 25.
    public static let textByteLimit = 32

    /// Writes the bytes of ``text(_:)`` into room for at least ``textByteLimit`` of them, and tells how many.
    public static func write(_ value: Double, to bytes: UnsafeMutableBufferPointer<UInt8>) -> Int {
        precondition(bytes.count >= textByteLimit, "a number needs more room")
        var text = NumberText(bytes)
        let size = value.magnitude
        if size.isNaN {
            text.append("NaN")
        } else if size.isInfinite {
            text.append(value < 0 ? "-Inf" : "+Inf")
        } else {
            if value.sign == .minus { text.append(UInt8(ascii: "-")) }
            if size == 0 || (size >= 1e-6 && size < 1e21) {
                text.appendPlain(DecimalDigits(size))
            } else {
                text.appendScientific(DecimalDigits(size))
            }
        }
        return text.count
    }

    /// The text that OpenMetrics has, where whole numbers end in `.0`.
    public static func openMetricsText(_ value: Double) -> String {
        let text = text(value)
        return value.isFinite && !text.contains(".") && !text.contains("e") ? text + ".0" : text
    }
}
