import QueryLanguages
import Testing

/// Every pair is what Prometheus 3.5.3 says to the expression.
@Suite("PromQL words as Prometheus reads them")
struct PromQLWordTests {
    @Test(
        "prints numbers and durations",
        arguments: [
            ("1", "1"),
            ("017", "15"),
            ("08", "8"),
            ("0_7", "7"),
            ("1_000", "1000"),
            ("1_000.5", "1000.5"),
            ("1_0e1_0", "100000000000"),
            ("0x1F", "31"),
            ("0X_1f", "31"),
            ("0x1e ", "30"),
            ("0xe1e", "3614"),
            ("5.", "5"),
            (".5", "0.5"),
            ("5.e3", "5000"),
            ("1e-7", "0.0000001"),
            ("1e21", "1000000000000000000000"),
            ("iNf", "+Inf"),
            ("-inf", "-Inf"),
            ("NaN", "NaN"),
            ("-nan", "NaN"),
            ("-0", "-0"),
            ("- -1", "1"),
            ("--1", "1"),
            ("9999999999999999999", "10000000000000000000"),
            ("1h30m", "1h30m"),
            ("-1h", "-1h"),
            ("1h0m", "1h"),
            ("1w2d3h4m5s6ms", "9d3h4m5s6ms"),
            ("52w", "52w"),
            ("400d", "400d"),
            ("1y", "1y"),
            ("0s", "0s"),
            ("1h30m * 2", "1h30m * 2"),
            ("2 ^ -1", "2 ^ -1"),
        ])
    func numbersAndDurationsRead(expression: String, printed: String) throws {
        #expect(try PromQLParser.parse(expression).formatted == printed)
        #expect(try PromQLParser.parse(printed).formatted == printed)
    }

    @Test(
        "refuses numbers and durations",
        arguments: [
            ("1__0", "1:1: parse error: bad number or duration syntax: \"1__\""),
            ("1_", "1:1: parse error: bad number or duration syntax: \"1_\""),
            ("1e", "1:1: parse error: bad number or duration syntax: \"1e\""),
            ("1e+", "1:1: parse error: bad number or duration syntax: \"1e+\""),
            ("1e ", "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e\": invalid syntax"),
            ("1.2.3", "1:1: parse error: bad number or duration syntax: \"1.2.\""),
            (".", "1:1: parse error: unexpected character: '.'"),
            ("0x", "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"0x\": invalid syntax"),
            ("0x1e", "1:1: parse error: bad number or duration syntax: \"0x1e\""),
            ("0x1p-2", "1:1: parse error: bad number or duration syntax: \"0x1\""),
            (
                "0xFFFFFFFFFFFFFFFFFF",
                "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"0xFFFFFFFFFFFFFFFFFF\": invalid syntax"
            ),
            ("1e999", "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e999\": value out of range"),
            ("0b1", "1:1: parse error: bad number or duration syntax: \"0\""),
            ("12abc", "1:1: parse error: bad number or duration syntax: \"12\""),
            ("1mm", "1:1: parse error: bad number or duration syntax: \"1mm\""),
            ("5sm", "1:1: parse error: bad number or duration syntax: \"5sm\""),
            ("5ys", "1:1: parse error: unknown unit \"ys\" in duration \"5ys\""),
            ("1s1h", "1:1: parse error: not a valid duration string: \"1s1h\""),
            ("1h1h", "1:1: parse error: not a valid duration string: \"1h1h\""),
            ("1d5y", "1:1: parse error: bad number or duration syntax: \"1d5\""),
            ("1000000y", "1:1: parse error: duration out of range"),
            ("1 123456789012", "1:3: parse error: unexpected number \"1234567890\"..."),
        ])
    func numbersAndDurationsRefused(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

    @Test(
        "prints strings",
        arguments: [
            ("\"\\u00e9\\x00\\x7f\\u200b\\U0001F600\"", "\"é\\x00\\x7f\\u200b😀\""),
            ("`a\\nb`", "\"a\\\\nb\""),
            ("'it\\'s'", "\"it's\""),
            ("\"\\101\\a\\b\\f\\n\\r\\t\\v\\\\\"", "\"A\\a\\b\\f\\n\\r\\t\\v\\\\\""),
        ])
    func stringsRead(expression: String, printed: String) throws {
        #expect(try PromQLParser.parse(expression).formatted == printed)
        #expect(try PromQLParser.parse(printed).formatted == printed)
    }

    @Test(
        "refuses strings",
        arguments: [
            ("\"\\q\"", "1:1: parse error: unknown escape sequence U+0071 'q'"),
            ("'\\\"'", "1:1: parse error: unknown escape sequence U+0022 '\"'"),
            ("\"\\400\"", "1:1: parse error: escape sequence is an invalid Unicode code point"),
            ("\"\\8\"", "1:1: parse error: unknown escape sequence U+0038 '8'"),
            ("\"\\ud800\"", "1:1: parse error: escape sequence is an invalid Unicode code point"),
            ("\"\\U00110000\"", "1:1: parse error: escape sequence is an invalid Unicode code point"),
            ("\"\\xz\"", "1:1: parse error: illegal character U+007A 'z' in escape sequence"),
            ("\"\\x4\"", "1:1: parse error: illegal character U+0022 '\"' in escape sequence"),
            ("\"\\x4", "1:1: parse error: escape sequence not terminated"),
            ("\"abc", "1:1: parse error: unterminated quoted string"),
            ("\"abc\\", "1:1: parse error: escape sequence not terminated"),
            ("`abc", "1:1: parse error: unterminated raw string"),
            ("\"a\nb\"", "1:1: parse error: unterminated quoted string"),
            ("\"aaaaaaaaaaaaaaaa\" \"bbbbbbbbbbbbbbbb\"", "1:20: parse error: unexpected string \"\\\"bbbbbbbbb\"..."),
            ("x \"a\"", "1:3: parse error: unexpected string \"\\\"a\\\"\""),
        ])
    func stringsRefused(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

    @Test(
        "prints selectors",
        arguments: [
            ("x{a!~\"b\", c=\"d\",}", "x{a!~\"b\",c=\"d\"}"),
            ("x{b=\"1\",a=\"2\"}", "x{a=\"2\",b=\"1\"}"),
            ("{\"my.metric\", \"label.name\"=\"x\"}", "{\"label.name\"=\"x\",__name__=\"my.metric\"}"),
            ("{\"a\",\"b\"}", "{__name__=\"a\",__name__=\"b\"}"),
            ("{__name__=\"x\",\"y\"}", "{__name__=\"x\",__name__=\"y\"}"),
            ("{\"\"=\"x\"}", "{\"\"=\"x\"}"),
            ("{\"a\"}", "{__name__=\"a\"}"),
            ("x{}", "x"),
            ("sum{by=\"1\"}", "sum{by=\"1\"}"),
            ("Offset offset 5m", "Offset offset 5m"),
            ("and and and", "and and and"),
            ("or + or", "or + or"),
            ("by", "by"),
            ("without", "without"),
            ("start", "start"),
            ("INF", "+Inf"),
            ("x{sum=\"1\",on=\"2\"}", "x{on=\"2\",sum=\"1\"}"),
            ("{a=\"b\",__name__=~\"x|y\"}", "{__name__=~\"x|y\",a=\"b\"}"),
            ("x # c\n", "x"),
        ])
    func selectorsRead(expression: String, printed: String) throws {
        #expect(try PromQLParser.parse(expression).formatted == printed)
        #expect(try PromQLParser.parse(printed).formatted == printed)
    }

    @Test(
        "refuses selectors",
        arguments: [
            ("x{", "1:3: parse error: unexpected end of input inside braces"),
            ("x{a", "1:4: parse error: unexpected end of input inside braces"),
            ("x{a=\"b\"", "1:8: parse error: unexpected end of input inside braces"),
            ("x{a=\"b\",,}", "1:9: parse error: unexpected \",\" in label matching, expected identifier or \"}\""),
            ("x{,}", "1:3: parse error: unexpected \",\" in label matching, expected identifier or \"}\""),
            ("x{a:b=\"c\"}", "1:4: parse error: unexpected character inside braces: ':'"),
            ("x{a b}", "1:5: parse error: unexpected identifier \"b\" in label matching, expected label matching operator"),
            ("x{a=b}", "1:5: parse error: unexpected identifier \"b\" in label matching, expected string"),
            ("x{\"a\" \"b\"}", "1:7: parse error: unexpected string \"\\\"b\\\"\" in label matching, expected \",\" or \"}\""),
            ("x{1}", "1:3: parse error: unexpected character inside braces: '1'"),
            ("x{{}", "1:3: parse error: unexpected left brace '{'"),
            ("x{a!\"b\"}", "1:4: parse error: unexpected character after '!' inside braces: '\"'"),
            ("x{a=\"b\"}{c=\"d\"}", "1:9: parse error: unexpected \"{\""),
            ("x{\"y\"}", "1:1: parse error: metric name must not be set twice: \"x\" or \"y\""),
            ("x{__name__=\"x\"}", "1:1: parse error: metric name must not be set twice: \"x\" or \"x\""),
            ("x{__name__!=\"y\"}", "1:1: parse error: metric name must not be set twice: \"x\" or \"y\""),
            ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("{a=\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("{a!=\"x\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("{a=~\".*\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("{\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("on", "1:1: parse error: unexpected <on>"),
            ("bool", "1:1: parse error: unexpected <bool>"),
            ("group_left", "1:1: parse error: unexpected <group_left>"),
            ("atan2", "1:1: parse error: unexpected <op:atan2>"),
            ("nan{}", "1:4: parse error: unexpected \"{\""),
            ("x y", "1:3: parse error: unexpected identifier \"y\""),
            ("x sum", "1:3: parse error: unexpected <aggr:sum>"),
            ("sum y", "1:5: parse error: unexpected identifier \"y\""),
            ("x =~ y", "1:3: parse error: unexpected character after '=': '~'"),
            ("x = y", "1:3: parse error: unexpected \"=\""),
            ("x ! y", "1:3: parse error: unexpected character after '!': ' '"),
            ("!", "1:1: parse error: unexpected character after '!': '�'"),
            ("x é", "1:3: parse error: unexpected character: 'é'"),
            ("x{é=\"1\"}", "1:3: parse error: unexpected character inside braces: 'é'"),
            ("# c", "1:1: parse error: no expression found in input"),
            (" ", "1:1: parse error: no expression found in input"),
            ("", "unknown position: parse error: no expression found in input"),
        ])
    func selectorsRefused(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

}
