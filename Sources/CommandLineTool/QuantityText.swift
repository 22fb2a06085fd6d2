import Foundation

/// Numbers for people: three figures that mean something.
enum QuantityText {
    /// A duration in the unit that fits: `1.25 ms`.
    static func duration(_ seconds: Double) -> String {
        let magnitude = abs(seconds)
        if !seconds.isFinite { return "–" }
        if magnitude == 0 { return "0 s" }
        if magnitude < 0.9995e-6 { return figures(seconds * 1e9) + " ns" }
        if magnitude < 0.9995e-3 { return figures(seconds * 1e6) + " µs" }
        if magnitude < 0.9995 { return figures(seconds * 1e3) + " ms" }
        if magnitude < 120 { return figures(seconds) + " s" }
        if magnitude < 7200 { return figures(seconds / 60) + " min" }
        return figures(seconds / 3600) + " h"
    }

    /// A share as per cent: `12.5 %`.
    static func share(_ share: Double) -> String { figures(share * 100) + " %" }

    /// A value of a series in a table: whole numbers as they are, others with six figures that mean something.
    static func value(_ text: String) -> String {
        guard let number = Double(text), number.isFinite else { return text }
        return value(number)
    }

    /// The same for a number.
    static func value(_ number: Double) -> String {
        let magnitude = abs(number)
        guard number.isFinite else { return number.isNaN ? "NaN" : number > 0 ? "+Inf" : "-Inf" }
        if magnitude < 1e15, number == number.rounded() { return String(Int64(number)) }
        if magnitude < 1e-4 || magnitude >= 1e15 { return String(format: "%.6g", number) }
        let decimals = max(0, 5 - Int(floor(log10(magnitude))))
        var text = String(format: "%.\(decimals)f", number)
        while text.contains("."), text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// Three figures: `0.125`, `12.5`, `125`, `1250`.
    private static func figures(_ number: Double) -> String {
        let magnitude = abs(number)
        if !number.isFinite || magnitude >= 1e15 { return number.description }
        let decimals = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2
        return fixed(number, decimals)
    }

    private static func fixed(_ number: Double, _ decimals: Int) -> String {
        let scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1
        let scaled = Int64((abs(number) * Double(scale)).rounded())
        let sign = number < 0 && scaled > 0 ? "-" : ""
        var text = "\(sign)\(scaled / Int64(scale))"
        var rest = scaled % Int64(scale)
        if rest == 0 { return text }
        var digits = String(rest)
        if scale == 100, rest < 10 { digits = "0" + digits }
        while digits.hasSuffix("0") {
            digits.removeLast()
            rest /= 10
        }
        text += "." + digits
        return text
    }
}
