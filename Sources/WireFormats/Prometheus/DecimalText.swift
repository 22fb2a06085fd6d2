/// Doubles as Prometheus writes them, by the fewest digits that read back as the same.
enum DecimalText {
    /// All digits, no exponent, no needless `.0`: the labels `le` and `quantile`.
    static func text(_ value: Double) -> String {
        if !value.isFinite { return special(value) }
        let (digits, exponent) = parts(value.magnitude)
        return sign(value) + plain(digits, exponent)
    }

    /// With an exponent from a million on and below a ten-thousandth, as Go's shortest general form: values of samples.
    static func general(_ value: Double) -> String {
        if !value.isFinite { return special(value) }
        if value == 0 { return "0" }
        let (digits, exponent) = parts(value.magnitude)
        if (-4..<6).contains(exponent) { return sign(value) + plain(digits, exponent) }
        let size = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
        let fraction = digits.dropFirst()
        return "\(sign(value))\(digits.prefix(1))\(fraction.isEmpty ? "" : "." + fraction)e\(exponent < 0 ? "-" : "+")\(size)"
    }

    private static func sign(_ value: Double) -> String { value.sign == .minus ? "-" : "" }

    private static func special(_ value: Double) -> String { value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }

    /// The significant digits, and the power of ten that the first of them stands for.
    private static func parts(_ value: Double) -> (digits: Substring, exponent: Int) {
        let halves = value.description.split(separator: "e")
        let point = halves[0].firstIndex(of: ".") ?? halves[0].endIndex
        let whole = halves[0][..<point].count
        let all = Substring(halves[0].filter { $0 != "." })
        let zeros = all.prefix { $0 == "0" }.count
        var digits = all.dropFirst(zeros)
        while digits.last == "0" { digits.removeLast() }
        if digits.isEmpty { return ("0", 0) }
        return (digits, (halves.count > 1 ? Int(halves[1]) ?? 0 : 0) + whole - 1 - zeros)
    }

    private static func plain(_ digits: Substring, _ exponent: Int) -> String {
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let missing = exponent + 1 - digits.count
        if missing >= 0 { return digits + String(repeating: "0", count: missing) }
        return digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }
}
