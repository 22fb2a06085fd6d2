/// The upper bound of a classic histogram's bucket as its label `le` writes it.
enum BucketBound {
    /// The number; nil for what Prometheus does not read as one.
    ///
    /// That is decimal or, with an exponent of two, hexadecimal; digits may have underscores between them.
    static func parse(_ text: String) -> Double? {
        let lower = text.lowercased()
        let isSigned = lower.hasPrefix("-") || lower.hasPrefix("+")
        let word = lower.dropFirst(isSigned ? 1 : 0)
        if word == "inf" || word == "infinity" { return lower.hasPrefix("-") ? -.infinity : .infinity }
        if word == "nan" { return isSigned ? nil : .nan }
        let isHexadecimal = word.hasPrefix("0x")
        let digits = Array(word.utf8.dropFirst(isHexadecimal ? 2 : 0))
        guard isSeparated(digits, isHexadecimal), isNumber(digits.filter { $0 != UInt8(ascii: "_") }, isHexadecimal) else {
            return nil
        }
        // What is too large for a number is none.
        guard let value = Double(lower.replacing("_", with: "")), value.isFinite else { return nil }
        return value
    }

    private static func isDigit(_ byte: UInt8, _ isHexadecimal: Bool) -> Bool {
        byte >= 0x30 && byte <= 0x39 || (isHexadecimal && byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"))
    }

    /// Whether every underscore stands between digits, of which the prefix `0x` is one.
    private static func isSeparated(_ bytes: [UInt8], _ isHexadecimal: Bool) -> Bool {
        bytes.indices.allSatisfy { index in
            if bytes[index] != UInt8(ascii: "_") { return true }
            let isBehindDigit = index == 0 ? isHexadecimal : isDigit(bytes[index - 1], isHexadecimal)
            return isBehindDigit && index + 1 < bytes.count && isDigit(bytes[index + 1], isHexadecimal)
        }
    }

    /// Whether these are digits with at most one point and, behind its letter, an exponent.
    private static func isNumber(_ bytes: [UInt8], _ isHexadecimal: Bool) -> Bool {
        let letter = isHexadecimal ? UInt8(ascii: "p") : UInt8(ascii: "e")
        let parts = bytes.split(separator: letter, maxSplits: 1, omittingEmptySubsequences: false)
        let digits = parts[0].filter { $0 != UInt8(ascii: ".") }
        guard !digits.isEmpty, parts[0].count - digits.count <= 1, digits.allSatisfy({ isDigit($0, isHexadecimal) }) else {
            return false
        }
        guard parts.count == 2 else { return !isHexadecimal }
        let isSigned = parts[1].first == UInt8(ascii: "-") || parts[1].first == UInt8(ascii: "+")
        let exponent = parts[1].dropFirst(isSigned ? 1 : 0)
        return !exponent.isEmpty && exponent.allSatisfy { isDigit($0, false) }
    }
}
