import Platform
import QueryLanguages
import Testing

@Suite("PromQL parser")
struct PromQLParserTests {
    @Test("a bad pattern is an error of the expression")
    func badPattern() {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse("up{job=~\"(\"}") }
        #expect(error?.column == 4)
    }

    @Test(
        "prints numbers as Prometheus does",
        arguments: [
            (1.0, "1"), (-0.0, "-0"), (0.1, "0.1"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.5e-7, "1.5e-07"),
            (1e-6, "0.000001"), (123456.789, "123456.789"), (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        ])
    func numbers(value: Double, text: String) {
        #expect(PromQLNumber.text(value) == text)
    }

    @Test("the text of any number reads back as the same number, and none has fewer digits")
    func numberRoundTrip() {
        var random = SeededRandom(seed: 17)
        for index in 0..<20_000 {
            let bits = Double(bitPattern: UInt64.random(in: 0 ... .max, using: &random))
            let short = Double(Int64.random(in: -1_000_000...1_000_000, using: &random)) / 1_000
            let value = index % 2 == 0 ? bits : short
            if !value.isFinite { continue }
            let text = PromQLNumber.text(value)
            #expect(Double(text)?.bitPattern == value.bitPattern, "\(value)")
            #expect(Double(PromQLNumber.plainText(value))?.bitPattern == value.bitPattern, "\(value)")
            let digits = { (text: String) in text.prefix { $0 != "e" }.filter(\.isNumber).trimmingPrefix { $0 == "0" } }
            let wanted = digits(value.description)
            #expect(digits(text).count <= max(1, wanted.count) || !text.contains("."), "\(value)")
        }
    }

    @Test("prints durations as Prometheus does, and reads them back")
    func durations() throws {
        for (milliseconds, text) in [(90_000, "1m30s"), (86_400_000 * 9, "9d"), (604_800_000, "1w"), (1, "1ms"), (0, "0s")]
            as [(Int64, String)]
        {
            #expect(PromQLDuration.text(milliseconds) == text)
            #expect(try PromQLDuration.parse(text) == milliseconds)
        }
    }
}
