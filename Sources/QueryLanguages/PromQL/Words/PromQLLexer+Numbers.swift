// Numbers and durations, which share their beginning.
extension PromQLLexer {
    private static let decimals = "0123456789"

    mutating func numberOrDuration() throws(PromQLError) -> PromQLToken.Kind {
        let start = position
        if takeNumber() { return .number }
        if takeRestOfDuration() { return .duration }
        throw error("bad number or duration syntax: \(GoText.quoted(text(from: start)))")
    }

    /// Takes the next byte if it is one of `valid`.
    private mutating func take(_ valid: String) -> Bool {
        guard isNext(valid) else { return false }
        position += 1
        return true
    }

    private func isNext(_ valid: String) -> Bool { position < bytes.count && valid.utf8.contains(bytes[position]) }

    private var isAtNamePart: Bool { position < bytes.count && Self.isNamePart(bytes[position]) }

    /// Takes what looks like a number, and tells whether it may be one; its value is not looked at.
    ///
    /// What it refuses is where messages point to, hence these very steps.
    private mutating func takeNumber() -> Bool {
        let isHexadecimal = take("0") && take("xX")
        if isHexadecimal { _ = take("_") }
        let digits = isHexadecimal ? "0123456789abcdefABCDEF" : Self.decimals
        _ = take(".")
        _ = take(digits)
        var hasPoint = false
        var hasExponent = false
        while isNext(digits) || isNext("._eE") {
            if (hasPoint && isNext(".")) || (hasExponent && isNext("eE")) {
                position += 1
                return false
            }
            if take(".") {
                hasPoint = true
                if take("_.") || isHexadecimal { return false }
            } else if take("eE") {
                hasExponent = true
                _ = take("+-")
                if take("._eE") || position == bytes.count { return false }
            } else if take("_") {
                if take("._eE") || position == bytes.count { return false }
            } else {
                while take(digits) {}
            }
        }
        return !isAtNamePart
    }

    /// Takes units and further numbers behind a number; whether they may be a duration.
    private mutating func takeRestOfDuration() -> Bool {
        guard take("smhdwy") else { return false }
        _ = take("s")
        while take(Self.decimals) {
            while take(Self.decimals) {}
            guard take("smhdw") else { return false }
            _ = take("s")
        }
        if isAtNamePart {
            position += 1
            return false
        }
        return true
    }
}
