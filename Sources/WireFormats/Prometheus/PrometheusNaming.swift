/// Names of OpenTelemetry as Prometheus spells them
/// (opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics).
public enum PrometheusNaming {
    /// What about a metric decides over the suffixes of its name.
    public enum Kind: Sendable, Equatable {
        /// Goes up and down.
        case gauge
        /// Only goes up: `_total`.
        case monotonicSum
        /// No suffix beside the unit.
        case other
    }

    /// The name of a metric: every run of characters that Prometheus does not allow becomes one `_`, the unit is put
    /// behind unless the name holds it already, counters end in `_total`. Empty when nothing of the name is allowed.
    public static func metricName(_ name: String, unit: String, kind: Kind) -> String {
        var words = words(name)
        if words.isEmpty { return "" }
        for suffix in unitWords(unit) where !suffix.isEmpty {
            let isKnown = suffix.count == 1 ? words.contains(suffix[0]) : words.suffix(2) == suffix[...]
            if !isKnown { words += suffix }
        }
        if unit == "1", kind == .gauge { moveToEnd("ratio", &words) }
        if kind == .monotonicSum { moveToEnd("total", &words) }
        let joined = words.joined(separator: "_")
        return startsWithDigit(joined) ? "_" + joined : joined
    }

    /// The name of a label: every character that Prometheus does not allow becomes `_`; a digit in front gets `key_`
    /// before it, a single underscore `key`.
    public static func labelName(_ key: String) -> String {
        var name: [UInt8] = []
        var key = key
        key.withUTF8 { appendLabelName(UnsafeRawBufferPointer($0), to: &name) }
        return String(decoding: name, as: UTF8.self)
    }

    /// Appends the name of a label, whose key must be UTF-8.
    static func appendLabelName(_ key: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        let start = bytes.count
        guard let first = key.first else { return }
        if isDigit(first) { bytes.append(contentsOf: "key_".utf8) }
        bytes.append(contentsOf: key)
        let from = bytes.count - key.count
        var place = from
        // Of a character of several bytes the first one becomes `_`, the others go.
        for index in from..<bytes.count where bytes[index] & 0xC0 != 0x80 {
            bytes[place] = isAlphanumeric(bytes[index]) ? bytes[index] : UInt8(ascii: "_")
            place += 1
        }
        bytes.removeLast(bytes.count - place)
        let underscore = UInt8(ascii: "_")
        if bytes[start] == underscore, place - start == 1 || bytes[start + 1] != underscore {
            bytes.insert(contentsOf: "key".utf8, at: start)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// The name of a unit as it stands in a metric's name: `seconds`, `bytes_per_second`, or "".
    public static func unitName(_ unit: String) -> String { unitWords(unit).flatMap(\.self).joined(separator: "_") }

    // MARK: - Words

    private static func words(_ name: String) -> [String] {
        name.unicodeScalars.split { !isAlphanumeric($0) && $0 != ":" }.map(String.init)
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    private static func startsWithDigit(_ name: String) -> Bool { name.utf8.first.map(isDigit) ?? false }

    private static func moveToEnd(_ word: String, _ words: inout [String]) {
        words.removeAll { $0 == word }
        words.append(word)
    }

    // MARK: - Units

    /// The words of a unit and of what it is "per", each to be put behind a name.
    private static func unitWords(_ unit: String) -> [[String]] {
        let parts = unit.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first else { return [] }
        let main = first.contains("{") ? [] : words(units[String(first)] ?? String(first))
        guard parts.count == 2, !parts[1].contains("{"), !parts[1].isEmpty else { return [main] }
        let per = words(perUnits[String(parts[1])] ?? String(parts[1]))
        return [main, per.isEmpty ? [] : ["per"] + per]
    }

    /// Units of UCUM by the words that Prometheus users write; `1` has none.
    private static let units = [
        "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
        "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes",
        "KBy": "kilobytes", "kBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "m": "meters",
        "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius", "Hz": "hertz", "%": "percent",
        "1": "",
    ]

    private static let perUnits = [
        "s": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year",
    ]
}
