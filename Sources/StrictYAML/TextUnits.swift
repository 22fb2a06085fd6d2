/// Durations and sizes as people write them in flags, variables and files.
public enum TextUnits {
    /// Milliseconds of a duration in Prometheus's form: units `y w d h m s ms` in falling order, each at most once; or `0`.
    public static func duration(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        let units: [(name: String, milliseconds: Int64)] = [
            ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
        ]
        var rest = text[...]
        var total: Int64 = 0
        var next = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let name = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let number = Int64(digits), let unit = units.indices.first(where: { units[$0].name == name }), unit >= next else {
                return nil
            }
            let (product, tooLarge) = number.multipliedReportingOverflow(by: units[unit].milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(product)
            if tooLarge || overflow { return nil }
            total = sum
            next = unit + 1
            rest = rest.dropFirst(digits.count + name.count)
        }
        return text.isEmpty ? nil : total
    }

    /// The shortest text of so many milliseconds in Prometheus's form; `0` for none.
    public static func text(milliseconds: Int64) -> String {
        if milliseconds <= 0 { return "0" }
        var rest = milliseconds
        var text = ""
        let units: [(name: String, milliseconds: Int64, isWhole: Bool)] = [
            ("y", 31_536_000_000, true), ("w", 604_800_000, true), ("d", 86_400_000, false), ("h", 3_600_000, false),
            ("m", 60_000, false), ("s", 1_000, false), ("ms", 1, false),
        ]
        // Years and weeks are written only where nothing is left: 30d is clearer than 4w2d.
        for unit in units where !unit.isWhole || rest % unit.milliseconds == 0 {
            if rest >= unit.milliseconds { text += "\(rest / unit.milliseconds)\(unit.name)" }
            rest %= unit.milliseconds
        }
        return text
    }

    /// The shortest text of so many bytes: a whole number of the largest unit that fits.
    public static func text(byteCount: Int) -> String {
        let units = [("TB", 40), ("GB", 30), ("MB", 20), ("KB", 10)]
        guard byteCount > 0, let unit = units.first(where: { byteCount & ((1 << $0.1) - 1) == 0 }) else { return "\(byteCount)" }
        return "\(byteCount >> unit.1)\(unit.0)"
    }

    /// Bytes of a size: a whole number with `B`, `KB`, `MB`, `GB`, `TB` (powers of 1,024, as Prometheus counts) or none.
    public static func byteCount(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let powers = ["": 0, "B": 0, "KB": 10, "KiB": 10, "MB": 20, "MiB": 20, "GB": 30, "GiB": 30, "TB": 40, "TiB": 40]
        guard let number = Int(digits), let power = powers[String(text.dropFirst(digits.count))] else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << power)
        return overflow ? nil : bytes
    }
}
