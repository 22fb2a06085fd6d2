import Platform
import QueryLanguages
import Testing

@Suite("PromQL parser")
struct PromQLParserTests {
    @Test(
        "reads and prints",
        arguments: [
            ("1 + 2 * 3 ^ 2 ^ x", "1 + 2 * 3 ^ 2 ^ x"),
            ("-2^2", "-2 ^ 2"),
            ("a and b or c unless d", "a and b or c unless d"),
            ("0x1F + 1_000 + .5 + 017 + 1e3 + inF", "31 + 1000 + 0.5 + 15 + 1000 + Inf"),
            ("1h30m", "5400"),
            ("SUM(x) BY (job, \"a.b\")", "sum by (job, \"a.b\") (x)"),
            ("sum without() (x)", "sum without () (x)"),
            ("topk by (a) (5, rate(x[5m]))", "topk by (a) (5, rate(x[5m]))"),
            ("sum{on=\"1\",by!='2',}", "sum{on=\"1\",by!=\"2\"}"),
            ("{\"http.server\", \"a b\"=~`x|\\d`}", "{\"http.server\",\"a b\"=~\"x|\\\\d\"}"),
            ("x[5m] offset -1h @ 1.5", "x[5m] @ 1.500 offset -1h"),
            ("x @ start() offset 90s", "x @ start() offset 1m30s"),
            ("max_over_time(rate(x[1m])[1h:30s] @ end())", "max_over_time(rate(x[1m])[1h:30s] @ end())"),
            ("(x)[1d:]", "(x)[1d:]"),
            ("a / on(x) group_left(y, z) b", "a / on (x) group_left (y, z) b"),
            ("a == bool ignoring(x) b", "a == bool ignoring (x) b"),
            ("a + # comment\n b", "a + b"),
            ("offset + start", "offset + start"),
            ("node:cpu:rate5m{}", "node:cpu:rate5m"),
            ("\"a\\n\\x41\\u00e4\\\"\"", "\"a\\nAä\\\"\""),
            ("label_join(x, 'a', ',')", "label_join(x, \"a\", \",\")"),
        ])
    func printing(expression: String, printed: String) throws {
        let parsed = try PromQLParser.parse(expression)
        #expect(parsed.description == printed)
        #expect(try PromQLParser.parse(printed).description == printed)
    }

    @Test(
        "says what is wrong and where",
        arguments: [
            ("", "1:1: parse error: no expression found in input"),
            ("1 +", "1:4: parse error: unexpected end of input"),
            ("rate(x)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"),
            ("foo(1)", "1:1: parse error: unknown function with name \"foo\""),
            ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
            ("1 and 1", "1:3: parse error: set operator \"and\" not allowed in binary scalar expression"),
            ("x + bool y", "1:3: parse error: bool modifier can only be used on comparison operators"),
            ("x[0s]", "1:3: parse error: duration must be greater than 0"),
            ("x[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
            ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("{a=~\".*\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("x{__name__=\"y\"}", "1:3: parse error: metric name must not be set twice: \"x\" or \"y\""),
            ("x offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"),
            ("x offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range"),
            ("(x)[5m]", "1:4: parse error: ranges only allowed for vector selectors"),
            ("a and on(x) group_left b", "1:3: parse error: no grouping allowed for \"and\" operation"),
            ("a * on(x) group_left(x) b", "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once"),
            ("a\n  + !b", "2:5: parse error: unexpected character: \"!\""),
            ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
            ("\"abc", "1:1: parse error: unterminated quoted string"),
            ("x[1000000y]", "1:3: parse error: duration out of range: \"1000000y\""),
            ("5mm", "1:1: parse error: bad number or duration syntax: \"5mm\""),
            ("x @ Inf", "1:5: parse error: timestamp out of bounds for @ modifier"),
            ("clamp(x)", "1:1: parse error: expected 3 argument(s) in call to \"clamp\", got 1"),
        ])
    func errors(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

    @Test("a bad pattern is an error of the expression")
    func badPattern() {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse("up{job=~\"(\"}") }
        #expect(error?.column == 9)
    }

    @Test("deep nesting is refused, not a crash")
    func depth() {
        for hostile in [
            String(repeating: "(", count: 100_000), String(repeating: "-", count: 100_000) + "1",
            "1" + String(repeating: "^1", count: 100_000), "1" + String(repeating: "+1", count: 100_000),
            String(repeating: "abs(", count: 5_000), "x" + String(repeating: "[1m:]", count: 5_000),
            String(repeating: "sum(", count: 300) + "x" + String(repeating: ")", count: 300),
        ] { #expect(throws: PromQLError.self) { try PromQLParser.parse(hostile) } }
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
