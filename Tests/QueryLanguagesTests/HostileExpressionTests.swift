import QueryLanguages
import TelemetryModel
import Testing

/// Expressions that mean harm: each is refused or read, on the stack of a test's thread, whatever it is made of.
@Suite("Hostile expressions")
struct HostileExpressionTests {
    private static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(
        "are refused",
        arguments: [
            many("(", 10_000), many("-", 10_000) + "1", "1" + many("^1", 10_000), "1" + many("+1", 10_000),
            many("abs(", 6_000),
            "x" + many("[1m:]", 5_000), many("sum(", 300) + "x" + many(")", 300), many("sum by (a) ", 2_000), many("{", 20_000),
            many("[", 20_000), "x[" + many("(", 20_000), "x[" + many("-", 20_000) + "1]", "x[1" + many("^1", 10_000) + "]",
            "x[1" + many("+1", 10_000) + "]", "x[" + many("(1", 90) + many("+1)", 90) + many("+1", 1_000) + "]",
            "x[" + many("max_of(1,", 2_000) + "]", "x offset " + many("-", 10_000) + "5", many("x offset 1m ", 2_000),
            many("x @ 1 ", 4_000), "\"" + many("\\", 20_000), "\"" + many("a", 20_000), "`" + many("a", 20_000),
            many("1", 20_000) + "e",
            many("9", 20_000) + "y", many("1h", 10_000), "1e" + many("9", 20_000), many("9", 20_000), "0x" + many("f", 20_000),
            many("1_", 10_000),
            "x{" + many("a=\"b\",", 4_000), many("f(", 80) + many(")", 90), many("x or ", 5_000), many("by ", 8_000),
            many("#\n", 12_000),
            many("\u{0}", 20_000), many("\u{FFFD}", 8_000), many("😀", 6_000), many("x", PromQLParser.byteLimit + 1),
            "x{a=~\"" + many("(", 20_000) + "\"}",
            "x{a=~\"((((a{100}){100}){100}){100}){100}\"}", "x{a=~\"(a{1000}){1000}\"}", "x{a=~\"" + many("a?", 10_000) + ".*\"}",
            "x{a=~\"" + many("[a-z]", 12_000) + "\"}", "x{a=~\"" + many("(?i", 6_000) + "\"}",
            "x{a=~\"[" + many("a-", 9_000) + "\"}",
            "x{" + many("a=~\".+b\",", 2_500) + "}", "a + on(" + many("l,", 6_000) + ") group_left(" + many("l,", 6_000) + ") b",
        ])
    func refused(expression: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression, features: .all) }
        #expect((error?.offset ?? .max) <= expression.utf8.count)
    }

    @Test(
        "are read and printed",
        arguments: [
            "x{" + many("a=\"b\",", 4_000) + "}", "sum by (" + many("l,", 12_000) + ") (x)", "0." + many("1", 20_000),
            "x{a=~\"" + many("ab|", 8_000) + "\"}", "x{a=~\"(a*)*b\"}", "x{a=~\"(x+x+)+y\"}",
            many("(", 90) + "x{" + many("a=\"b\",", 2_000) + "}" + many(")", 90),
            "label_join(x, \"a\", \"b\"" + many(", \"c\"", 5_000) + ")", "x" + many(" ", 25_000), many("-", 90) + "x",
            "1" + many("+1", 390),
            "\"" + many("\\n", 12_000) + "\"", "a" + many(" or on(" + many("l,", 200) + ") a", 390),
            "x offset " + many("-", 90) + "5",
        ])
    func accepted(expression: String) throws {
        let parsed = try PromQLParser.parse(expression, features: .all)
        let printed = parsed.formatted
        // Blanks make printed expressions longer than what is read.
        if printed.utf8.count <= PromQLParser.byteLimit {
            #expect(try PromQLParser.parse(printed, features: .all).formatted == printed)
        }
    }

    @Test("an alternation of 60,000 texts is looked up, not tried one by one")
    func alternation() throws {
        let values = (0..<60_000).map { String($0, radix: 36) }
        let parsed = try PromQLParser.parse("x{a=~\"\(values.joined(separator: "|"))\"}")
        guard case .selector(let selector) = parsed.node else {
            Issue.record("no selector")
            return
        }
        #expect(selector.matchers.first?.pattern?.literals?.count == 60_000)
        #expect(selector.matchers.first?.matches("zzz") == true)
        #expect(selector.matchers.first?.matches("-") == false)
    }
}
