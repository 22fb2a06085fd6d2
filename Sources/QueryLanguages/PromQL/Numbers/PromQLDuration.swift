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

    /// Reads a duration in milliseconds.
    public static func parse(_ text: String) throws(Failure) -> Int64 {
        if text == "0" { return 0 }
        if text.isEmpty { throw Failure(message: "empty duration string") }
        let invalid = Failure(message: "not a valid duration string: \(GoText.quoted(text))")
        var rest = text.utf8[...]
        var total: Int64 = 0
        var lastUnit = -1
        while !rest.isEmpty {
            let digits = rest.prefix(while: PromQLLexer.isDigit)
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !PromQLLexer.isDigit($0) }
            rest = rest.dropFirst(letters.count)
            guard let count = UInt64(String(decoding: digits, as: UTF8.self)), !letters.isEmpty else { throw invalid }
            guard let unit = units.firstIndex(where: { $0.name.utf8.elementsEqual(letters) }) else {
                let name = GoText.quoted(String(decoding: letters, as: UTF8.self))
                throw Failure(message: "unknown unit \(name) in duration \(GoText.quoted(text))")
            }
            if unit <= lastUnit { throw invalid }
            lastUnit = unit
            let (product, overflow) = count.multipliedReportingOverflow(by: UInt64(units[unit].milliseconds))
            if overflow || product > UInt64(limit) || total + Int64(product) > limit {
                throw Failure(message: "duration out of range")
            }
            total += Int64(product)
        }
        return total
    }

    /// The seconds of a number of milliseconds.
    static func seconds(_ milliseconds: Int64) -> Double {
        Double(milliseconds / 1_000) + Double(milliseconds % 1_000 * 1_000_000) / 1e9
    }

    /// The milliseconds of a number of seconds, cut to whole ones as Prometheus's engine does; nil when it is too long.
    static func milliseconds(_ seconds: Double) -> Int64? {
        let nanoseconds = (seconds * 1e9).rounded(.toNearestOrAwayFromZero)
        guard seconds.magnitude <= 0x1p63 / 1e9 else { return nil }
        return Int64((nanoseconds / 1e6).rounded(.towardZero))
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
