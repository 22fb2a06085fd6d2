import Foundation

/// What an expression in a template gives.
enum TemplateValue: Equatable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case labels([String: String])

    /// The form in which Go's `%v` prints it.
    var description: String {
        switch self {
        case .text(let text): text
        case .number(let number): Self.goText(number)
        case .flag(let flag): flag ? "true" : "false"
        case .labels(let labels):
            "map[" + labels.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " ") + "]"
        }
    }

    /// Whether a condition holds: what is not empty and not zero.
    var isTrue: Bool {
        switch self {
        case .text(let text): !text.isEmpty
        case .number(let number): number != 0
        case .flag(let flag): flag
        case .labels(let labels): !labels.isEmpty
        }
    }

    /// The value as a number, as Prometheus's template functions take it: numbers, and texts that are numbers.
    func number(for function: String) throws(TemplateError) -> Double {
        switch self {
        case .number(let number): return number
        case .text(let text):
            if let number = Double(text) { return number }
        case .flag, .labels: break
        }
        throw TemplateError("\(function) needs a number, not '\(description)'.")
    }

    /// The shortest decimal form, with an exponent below 1e-4 and from 1e6 on, as Go's `%v` prints a float64.
    static func goText(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if number == 0 { return number.sign == .minus ? "-0" : "0" }
        let shortest = number.magnitude.description
        let parts = shortest.split(separator: "e")
        let fraction = parts[0].split(separator: ".")
        var digits = String(fraction[0]) + (fraction.count > 1 ? String(fraction[1]) : "")
        var exponent = fraction[0].count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        let sign = number < 0 ? "-" : ""
        if exponent < -4 || exponent >= 6 {
            let mantissa = digits.prefix(1) + (digits.count > 1 ? "." + digits.dropFirst() : "")
            let padded = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + padded
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.count <= exponent + 1 { return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) }
        return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }
}

/// Why a template cannot be used, as a sentence.
public struct TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence.
    public var description: String

    /// Makes an error with a sentence.
    public init(_ description: String) { self.description = description }
}
