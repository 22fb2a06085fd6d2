/// Numbers as PromQL reads and prints them.
public enum PromQLNumber {
    /// Why a text is no number.
    public enum Failure: Error, Equatable, Sendable {
        /// It does not look like one.
        case syntax
        /// It is too large.
        case range
    }

    /// Reads a number without sign: decimal, octal with a leading zero, hexadecimal, `Inf`, `NaN`.
    public static func parse(_ text: String) throws(Failure) -> Double {
        let lower = text.lowercased()
        if lower == "inf" { return .infinity }
        if lower == "nan" { return .nan }
        guard hasUnderscoresBetweenDigits(lower) else { throw .syntax }
        let digits = lower.replacing("_", with: "")
        if let whole = wholeNumber(digits) { return Double(whole) }
        guard let value = Double(try decimal(digits)) else { throw .syntax }
        if value.isInfinite { throw .range }
        return value
    }

    private static func wholeNumber(_ digits: String) -> Int64? {
        if digits.hasPrefix("0x") { return unsigned(digits.dropFirst(2), radix: 16) }
        return unsigned(digits[...], radix: digits.utf8.count > 1 && digits.hasPrefix("0") ? 8 : 10)
    }

    private static func unsigned(_ digits: Substring, radix: Int) -> Int64? {
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        return Int64(digits, radix: radix)
    }

    /// The number as Swift reads it, which wants a digit on both sides of the point.
    private static func decimal(_ digits: String) throws(Failure) -> String {
        let parts = digits.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let exponent = parts.count == 1 ? "0" : parts[1].drop { $0 == "+" || $0 == "-" }
        let hasDigits = mantissa.contains { !$0.isEmpty } && !exponent.isEmpty
        guard hasDigits, (mantissa + [exponent]).allSatisfy({ $0.utf8.allSatisfy(PromQLLexer.isDigit) }) else { throw .syntax }
        let fraction = mantissa.count == 1 ? "0" : "\(mantissa[1])0"
        return "0\(mantissa[0]).\(fraction)e\(parts.count == 1 ? "0" : parts[1])"
    }

    /// Underscores may stand between digits and behind the prefix of a hexadecimal number.
    private static func hasUnderscoresBetweenDigits(_ lower: String) -> Bool {
        guard lower.utf8.contains(UInt8(ascii: "_")) else { return true }
        let isHexadecimal = lower.hasPrefix("0x")
        var follows = isHexadecimal ? UInt8(ascii: "0") : 0
        for byte in lower.utf8.dropFirst(isHexadecimal ? 2 : 0) {
            let isDigit = PromQLLexer.isDigit(byte) || (isHexadecimal && byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"))
            let kind = isDigit ? UInt8(ascii: "0") : byte == UInt8(ascii: "_") ? byte : 1
            // On both sides of an underscore there is a digit.
            if kind == UInt8(ascii: "_") ? follows != UInt8(ascii: "0") : kind == 1 && follows == UInt8(ascii: "_") { return false }
            follows = kind
        }
        return follows != UInt8(ascii: "_")
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

    /// The text that Prometheus's sentences have: plain from 1e-4 to below 1e6, else with an exponent.
    public static func shortText(_ value: Double) -> String {
        let size = value.magnitude
        return !value.isFinite || size == 0 || (size >= 1e-4 && size < 1e6) ? text(value) : scientificText(value)
    }

    /// The text that OpenMetrics has, where whole numbers end in `.0`.
    public static func openMetricsText(_ value: Double) -> String {
        let text = text(value)
        return value.isFinite && !text.contains(".") && !text.contains("e") ? text + ".0" : text
    }
}
