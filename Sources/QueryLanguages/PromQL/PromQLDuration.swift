/// Durations as PromQL writes them: `1h30m`, `5ms`, units from large to small, each at most once.
public enum PromQLDuration {
    /// Why a text is no duration.
    public struct Failure: Error, Equatable, Sendable {
        /// What is wrong, as a clause.
        public var message: String
    }

    /// The longest duration in milliseconds: what 64-bit nanoseconds hold, as in Prometheus.
    public static let limit: Int64 = Int64.max / 1_000_000

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads a duration in milliseconds; nil when the text is none, an error when it is too long.
    public static func parse(_ text: String) throws(Failure) -> Int64? {
        if text == "0" { return 0 }
        var rest = text.utf8[...]
        var total: Int64 = 0
        var lastUnit = -1
        while !rest.isEmpty {
            let digits = rest.prefix(while: PromQLLexer.isDigit)
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !PromQLLexer.isDigit($0) }
            rest = rest.dropFirst(letters.count)
            guard !digits.isEmpty, let unit = units.firstIndex(where: { $0.name.utf8.elementsEqual(letters) }), unit > lastUnit
            else {
                return nil
            }
            lastUnit = unit
            let count = Int64(String(decoding: Array(digits), as: UTF8.self)) ?? .max
            let (product, overflow) = count.multipliedReportingOverflow(by: units[unit].milliseconds)
            let (sum, sumOverflow) = total.addingReportingOverflow(product)
            if overflow || sumOverflow || sum > limit { throw Failure(message: "duration out of range: \"\(text)\"") }
            total = sum
        }
        return text.isEmpty ? nil : total
    }

    /// The shortest way to write milliseconds, as Prometheus prints them.
    public static func text(_ milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        for unit in units {
            let size = UInt64(unit.milliseconds)
            // Years and weeks only when nothing else is left: they are rarely what was meant.
            if unit.name == "y" || unit.name == "w", rest % size != 0 { continue }
            if rest >= size {
                text += "\(rest / size)\(unit.name)"
                rest %= size
            }
        }
        return text
    }
}
