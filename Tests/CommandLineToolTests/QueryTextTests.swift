import Testing

@testable import CommandLineTool

@Suite("Texts of queries")
struct QueryTextTests {
    @Test(
        "a mistake is marked below the expression",
        arguments: [
            ("rate(foo)", "1:6: parse error: x", ["  rate(foo)", "       ^"]),
            ("sum(\n  größe{é=\"1\"} +\n)", "3:1: parse error: x", ["  )", "  ^"]),
            ("größe)", "1:8: parse error: x", ["  größe)", "       ^"]),
            ("注文 +", "1:9: parse error: x", ["  注文 +", "        ^"]),
            ("up", "no place", []), ("up", "9:1: parse error: x", []), ("up", "0:0: parse error: x", []),
        ] as [(String, String, [String])])
    func marks(expression: String, sentence: String, lines: [String]) {
        #expect(ErrorMark.lines(sentence, expression: expression, width: 80) == [sentence] + lines)
    }

    @Test("the place of a mistake stays in sight in long expressions")
    func longMark() {
        let expression = String(repeating: "a + ", count: 100) + ") + " + String(repeating: "b + ", count: 100)
        let lines = ErrorMark.lines("1:401: parse error: x", expression: expression, width: 60)
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { TerminalText.width($0) <= 60 })
        let mark = Array(lines[2]).firstIndex(of: "^") ?? 0
        #expect(Array(lines[1])[mark] == ")")
    }

    @Test(
        "times are relative to now or absolute",
        arguments: [
            ("now", 1_000_000), ("-1h", 996_400), ("now-1m30s", 999_910), ("+5m", 1_000_300), ("1970-01-01T00:01:00Z", 60),
            ("12", 12),
        ] as [(String, UInt64)])
    func times(text: String, seconds: UInt64) throws {
        #expect(try TimeText.nanoseconds(text, "start", now: 1_000_000_000_000_000) == seconds * 1_000_000_000)
    }

    @Test("times that are none say what would be", arguments: ["", "-", "soon", "-1", "now-", "-1x", "-99999d", "now1h", "-9e9y"])
    func noTimes(text: String) {
        #expect {
            try TimeText.nanoseconds(text, "start", now: 1_000_000_000_000_000)
        } throws: { "\($0)".contains("--start must be now") }
    }

    @Test(
        "values in tables have six figures, whole numbers all of theirs",
        arguments: [
            ("0.123456789", "0.123457"), ("1234567.891", "1234568"), ("123456.789", "123457"), ("12.5", "12.5"), ("-0.25", "-0.25"),
            ("123456789012", "123456789012"), ("1e300", "1e+300"), ("0.00001234", "1.234e-05"), ("NaN", "NaN"), ("+Inf", "+Inf"),
            ("0", "0"), ("100.00000001", "100"),
        ])
    func values(text: String, shown: String) { #expect(QuantityText.value(text) == shown) }

    @Test("the size of the terminal comes from the environment, then from itself, and colours only where they are wanted")
    func terminal() {
        let plain = Terminal(environment: [:], size: nil)
        #expect(plain.columns == 80 && plain.lines == 24 && !plain.usesColour)
        let real = Terminal(environment: ["TERM": "xterm"], size: (132, 50))
        #expect(real.columns == 132 && real.lines == 50 && real.usesColour)
        #expect(Terminal(environment: ["COLUMNS": "10", "LINES": "9999"], size: (132, 50)).columns == 60)
        #expect(!Terminal(environment: ["NO_COLOR": "1"], size: (80, 24)).usesColour)
        #expect(Terminal(environment: ["NO_COLOR": ""], size: (0, 0)).usesColour)
    }

    @Test(
        "a text is looked for as it is in the names of metrics",
        arguments: [
            ("http", #"{__name__=~"(?i:.*http.*)"}"#), ("a.b", #"{__name__=~"(?i:.*a\\.b.*)"}"#),
            ("\"\\", #"{__name__=~"(?i:.*\\\"\\\\.*)"}"#), ("ü", #"{__name__=~"(?i:.*ü.*)"}"#),
        ])
    func selectors(text: String, selector: String) { #expect(MetricsCommand.selector(containing: text) == selector) }

    @Test("series and metrics are listed as tables")
    func lists() throws {
        let series = [["__name__": "up", "job": "a"], ["__name__": "up", "job": "b"]]
        #expect(SeriesCommand.lines(series, width: 80) == ["2 series of up", "", "job", "a", "b"])
        #expect(SeriesCommand.lines([], width: 80) == ["No series matches."])
        let known = try Decoded.read(
            MetricsCommand.Metadata.self, Array(#"{"data":{"up":[{"type":"gauge","help":"Is \u001b it up?","unit":""}]}}"#.utf8))
        #expect(
            MetricsCommand.lines(["up", "x"], known, width: 80) == [
                "METRIC  TYPE   HELP", "up      gauge  Is \\u{1b} it up?", "x",
            ])
    }
}
