/// How names that older readers do not understand are written for them: names of metrics and labels may be any UTF-8 since
/// Prometheus 3, and before that only letters, digits, `_` and, for metrics, `:`.
public enum MetricNameEscaping: String, Sendable, CaseIterable {
    /// Names stay as they are, in quotes where they must be.
    case allowUTF8 = "allow-utf-8"
    /// Whatever is not understood becomes `_`.
    case underscores
    /// `_` becomes `__`, a point `_dot_`, everything else that is not understood `__`.
    case dots
    /// Names that are not understood begin with `U__`; `_` becomes `__` and what is not understood `_HEX_`: the only form
    /// that can be turned back.
    case values

    /// The name in this form.
    public func escaped(_ name: String) -> String {
        switch self {
        case .allowUTF8: name
        case .underscores: Self.isPlain(name) ? name : Self.mapped(name) { _ in "_" }
        case .dots: Self.mapped(name, including: "_") { $0 == "_" ? "__" : $0 == "." ? "_dot_" : "__" }
        case .values:
            Self.isPlain(name)
                ? name : "U__" + Self.mapped(name, including: "_") { $0 == "_" ? "__" : "_\(String($0.value, radix: 16))_" }
        }
    }

    /// Whether every reader understands a name.
    public static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.enumerated().allSatisfy { isPlain($0.element, at: $0.offset) }
    }

    private static func isPlain(_ scalar: Unicode.Scalar, at place: Int) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_", ":": true
        case "0"..."9": place > 0
        default: false
        }
    }

    private static func mapped(
        _ name: String, including special: Unicode.Scalar? = nil, _ replacement: (Unicode.Scalar) -> String
    ) -> String {
        var text = ""
        for (place, scalar) in name.unicodeScalars.enumerated() {
            if isPlain(scalar, at: place), scalar != special {
                text.unicodeScalars.append(scalar)
            } else {
                text += replacement(scalar)
            }
        }
        return text
    }

    /// The most hexadecimal digits between two `_`: those of the largest scalar.
    private static let digitLimit = 6

    /// Turns a name in the form ``values`` back; what is not in that form stays as it is.
    public static func unescaped(_ name: String) -> String {
        guard name.hasPrefix("U__") else { return name }
        var text = ""
        var rest = name.unicodeScalars.dropFirst(3)
        while let scalar = rest.popFirst() {
            if scalar != "_" {
                text.unicodeScalars.append(scalar)
            } else if rest.first == "_" {
                rest.removeFirst()
                text += "_"
            } else {
                let digits = rest.prefix { $0 != "_" }
                guard digits.count <= digitLimit, digits.count < rest.count, digits.allSatisfy(\.properties.isASCIIHexDigit),
                    let value = UInt32(String(digits), radix: 16),
                    let decoded = Unicode.Scalar(value)
                else { return name }
                text.unicodeScalars.append(decoded)
                rest = rest.dropFirst(digits.count + 1)
            }
        }
        return text
    }
}
