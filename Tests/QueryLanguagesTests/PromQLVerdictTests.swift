import QueryLanguages
import Testing

/// Every pair is what Prometheus 3.5.3 says to the expression.
@Suite("PromQL expressions as Prometheus reads them")
struct PromQLVerdictTests {
    @Test(
        "prints times",
        arguments: [
            ("x[5m] offset -1h @ 1.5", "x[5m] @ 1.500 offset -1h"),
            ("x @ start() offset 90s", "x @ start() offset 1m30s"),
            ("x offset --5", "x offset 5s"),
            ("x offset -2^2", "x offset -2s ^ 2"),
            ("x offset 0 offset 5m", "x offset 5m"),
            ("x[90s]", "x[1m30s]"),
            ("x[1.5]", "x[1s500ms]"),
            ("x[ 300 ]", "x[5m]"),
            ("x[5m:]", "x[5m:]"),
            ("x[5m:30s] @ end() offset 1d", "x[5m:30s] @ end() offset 1d"),
            ("x @ -1", "x @ -1.000"),
            ("x @ 5m", "x @ 300.000"),
            ("x @ 1.0005", "x @ 1.001"),
            ("x @ start() [5m]", "x[5m] @ start()"),
            ("rate(x[300])", "rate(x[5m])"),
        ])
    func timesRead(expression: String, printed: String) throws {
        #expect(try PromQLParser.parse(expression).formatted == printed)
        #expect(try PromQLParser.parse(printed).formatted == printed)
    }

    @Test(
        "refuses times",
        arguments: [
            ("x offset", "1:9: parse error: unexpected end of input in offset, expected number or duration"),
            ("x offset y", "1:10: parse error: unexpected identifier \"y\" in offset, expected number or duration"),
            ("x offset -", "1:11: parse error: unexpected end of input in offset, expected number or duration"),
            ("x offset - y", "1:12: parse error: unexpected identifier \"y\" in offset, expected number or duration"),
            ("x offset (5)", "1:11: parse error: experimental duration expression is not enabled"),
            ("x offset -(5)", "1:12: parse error: experimental duration expression is not enabled"),
            ("x offset 1d offset 1d", "1:1: parse error: offset may not be set multiple times"),
            (
                "(x) offset 1m",
                "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            ),
            (
                "rate(x[5m]) offset 5m",
                "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            ),
            ("x @", "1:4: parse error: unexpected end of input in @, expected timestamp"),
            ("x @ y", "1:5: parse error: unexpected identifier \"y\" in @, expected timestamp"),
            ("x @ start", "1:10: parse error: unexpected end of input in @, expected timestamp"),
            ("x @ start(1)", "1:11: parse error: unexpected number \"1\" in @, expected timestamp"),
            ("x @ - x", "1:7: parse error: unexpected identifier \"x\" in @, expected timestamp"),
            ("x @ inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
            ("x @ nan", "1:1: parse error: timestamp out of bounds for @ modifier: NaN"),
            ("x @ 1e30", "1:1: parse error: timestamp out of bounds for @ modifier: 1000000000000000019884624838656.000000"),
            ("x @ -9223372036854775808", "1:1: parse error: timestamp out of bounds for @ modifier: -9223372036854775808.000000"),
            ("x @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
            (
                "(x) @ 1",
                "1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            ),
            ("x[", "1:3: parse error: unexpected end of input in duration expression"),
            ("x[5m", "1:5: parse error: unclosed left bracket"),
            ("x[5m 3]", "1:6: parse error: unexpected number \"3\" in subquery or range, expected \":\" or \"]\""),
            ("x[5m:", "1:6: parse error: unclosed left bracket"),
            ("x[5m:3 4]", "1:8: parse error: unexpected number \"4\" in subquery selector, expected \"]\""),
            ("x[5m::]", "1:6: parse error: unexpected colon ':'"),
            ("x[:]", "1:4: parse error: unexpected colon before duration in duration expression"),
            ("x[]", "1:3: parse error: unexpected \"]\" in subquery selector, expected number or duration"),
            ("x[5m]]", "1:6: parse error: unexpected right bracket ']'"),
            ("x[[", "1:3: parse error: unexpected character in duration expression: '['"),
            ("x[5m:[", "1:6: parse error: unexpected left bracket '['"),
            ("x[0]", "1:3: parse error: duration must be greater than 0"),
            ("x[-5m]", "1:3: parse error: duration must be greater than 0"),
            ("x[5m:-1]", "1:6: parse error: duration must be greater than 0"),
            ("x[0 3]", "1:3: parse error: duration must be greater than 0"),
            ("x[1e20]", "1:3: parse error: duration out of range"),
            ("x offset 1e20", "1:10: parse error: duration out of range"),
            ("x offset inf", "1:10: parse error: duration out of range"),
            ("x[5m][5m]", "1:6: parse error: ranges only allowed for vector selectors"),
            ("(x)[5m]", "1:4: parse error: ranges only allowed for vector selectors"),
            ("1[5m:]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"),
            ("\"a\"[5m:]", "1:1: parse error: subquery is only allowed on instant vector, got string instead"),
            ("x[5m:][5m:]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"),
            ("x offset 5m[5m]", "1:12: parse error: no offset modifiers allowed before range"),
            ("x @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range"),
            ("x[5m+1m]", "1:3: parse error: experimental duration expression is not enabled"),
            ("x[2*5m]", "1:3: parse error: experimental duration expression is not enabled"),
            ("x[(5m)]", "1:4: parse error: experimental duration expression is not enabled"),
        ])
    func timesRefused(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

    @Test(
        "prints operators",
        arguments: [
            ("1 + 2 * 3 ^ 2 ^ x", "1 + 2 * 3 ^ 2 ^ x"),
            ("-2^2", "-2 ^ 2"),
            ("a ^ -b * c", "a ^ -b * c"),
            ("- x", "-x"),
            ("+x", "+x"),
            ("-+x", "-+x"),
            ("a and b or c unless d", "a and b or c unless d"),
            ("a / on(x) group_left(y, z) b", "a / on (x) group_left (y, z) b"),
            ("a == bool ignoring(x) b", "a == bool ignoring (x) b"),
            ("a + ignoring() b", "a + b"),
            ("a + on() b", "a + on () b"),
            ("1 + on() x", "1 + x"),
            ("a ATAN2 b", "a atan2 b"),
            ("a * on(a,) group_right b", "a * on (a) group_right () b"),
            ("a + # c\n b", "a + b"),
            ("(((x)))", "(((x)))"),
            ("a  <  # c\n 1 == 1", "a < 1 == 1"),
        ])
    func operatorsRead(expression: String, printed: String) throws {
        #expect(try PromQLParser.parse(expression).formatted == printed)
        #expect(try PromQLParser.parse(printed).formatted == printed)
    }

    @Test(
        "refuses operators",
        arguments: [
            ("1 +", "1:4: parse error: unexpected end of input"),
            ("1 + )", "1:6: parse error: unexpected right parenthesis ')'"),
            ("(1 + 2", "1:7: parse error: unclosed left parenthesis"),
            ("()", "1:2: parse error: unexpected \")\""),
            (")", "1:2: parse error: unexpected right parenthesis ')'"),
            ("a == b bool", "1:8: parse error: unexpected <bool>"),
            ("a and on b", "1:10: parse error: unexpected identifier \"b\" in grouping opts, expected \"(\""),
            ("a * group_left b", "1:5: parse error: unexpected <group_left>"),
            ("a * on(x) group_left(1) b", "1:22: parse error: unexpected number \"1\" in grouping opts, expected label"),
            ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
            ("x + bool y", "1:3: parse error: bool modifier can only be used on comparison operators"),
            ("1 + bool 1", "1:3: parse error: bool modifier can only be used on comparison operators"),
            ("1 and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"),
            ("a and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"),
            ("1 * on(a) group_left x", "1:1: parse error: vector matching only allowed between instant vectors"),
            ("a and on(x) group_left b", "1:1: parse error: no grouping allowed for \"and\" operation"),
            ("a * on(x) group_left(x) b", "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once"),
            ("x[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
            ("1 + x[5m]", "1:5: parse error: binary expression must contain only scalar and instant vector types"),
            ("\"a\" + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
            (
                "-x[5m]",
                "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\""
            ),
            (
                "-\"a\"",
                "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"string\""
            ),
            ("a\n  + !b", "2:5: parse error: unexpected character after '!': 'b'"),
            ("a <> b", "1:4: parse error: unexpected <op:>>"),
            ("a * * b", "1:5: parse error: unexpected <op:*>"),
        ])
    func operatorsRefused(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

    @Test(
        "prints calls",
        arguments: [
            ("SUM(x) BY (job, \"a.b\")", "sum by (job, \"a.b\") (x)"),
            ("sum by () (x)", "sum(x)"),
            ("sum without() (x)", "sum without () (x)"),
            ("sum(x) by (a,)", "sum by (a) (x)"),
            ("topk by (a) (5, rate(x[5m]))", "topk by (a) (5, rate(x[5m]))"),
            ("count_values(\"v\", x)", "count_values(\"v\", x)"),
            ("sum by (a:b, bool, on, atan2) (x)", "sum by (a:b, bool, on, atan2) (x)"),
            ("label_join(x,\"a\",\",\")", "label_join(x, \"a\", \",\")"),
            ("day_of_month()", "day_of_month()"),
            ("round(x)", "round(x)"),
            ("time()", "time()"),
        ])
    func callsRead(expression: String, printed: String) throws {
        #expect(try PromQLParser.parse(expression).formatted == printed)
        #expect(try PromQLParser.parse(printed).formatted == printed)
    }

    @Test(
        "refuses calls",
        arguments: [
            ("sum by (without) (x)", "1:9: parse error: unexpected <without> in grouping opts, expected label"),
            ("sum by (inf) (x)", "1:9: parse error: unexpected number \"inf\" in grouping opts, expected label"),
            ("sum by (\"\") (x)", "1:9: parse error: invalid label name for grouping: \"\""),
            ("sum by (a b) (x)", "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\""),
            ("sum by (a,,b) (x)", "1:11: parse error: unexpected \",\" in grouping opts, expected label"),
            ("sum by a (x)", "1:8: parse error: unexpected identifier \"a\" in grouping opts, expected \"(\""),
            ("sum by (a)", "1:11: parse error: unexpected end of input in aggregation"),
            ("sum by (a) (x) by (b)", "1:16: parse error: unexpected <by>"),
            ("sum(x) by (a) by (b)", "1:15: parse error: unexpected <by>"),
            ("sum(x) by", "1:10: parse error: unexpected end of input in grouping opts, expected \"(\""),
            ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
            ("sum(1,2)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2"),
            ("topk(x)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
            ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
            ("sum(x[5m])", "1:5: parse error: expected type instant vector in aggregation expression, got range vector"),
            ("count_values(x, y)", "1:14: parse error: expected type string in aggregation parameter, got instant vector"),
            ("quantile(\"a\", x)", "1:10: parse error: expected type scalar in aggregation parameter, got string"),
            ("sum(x y)", "1:7: parse error: unexpected identifier \"y\" in aggregation"),
            ("sum(rate(x y))", "1:12: parse error: unexpected identifier \"y\" in aggregation"),
            ("sum(x) y", "1:8: parse error: unexpected identifier \"y\""),
            (
                "limitk(1,x)",
                "1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
            ),
            (
                "limit_ratio(0.5,x)",
                "1:1: parse error: limit_ratio() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
            ),
            ("foo(1)", "1:1: parse error: unknown function with name \"foo\""),
            ("RATE(x[5m])", "1:1: parse error: unknown function with name \"RATE\""),
            ("rate(x)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"),
            ("rate(x[5m],)", "1:11: parse error: trailing commas not allowed in function call args"),
            ("rate(x[5m],,1)", "1:11: parse error: trailing commas not allowed in function call args"),
            ("rate(,x)", "1:6: parse error: unexpected \",\""),
            ("rate(x[5m]", "1:11: parse error: unclosed left parenthesis"),
            ("clamp(x)", "1:1: parse error: expected 3 argument(s) in call to \"clamp\", got 1"),
            ("vector()", "1:1: parse error: expected 1 argument(s) in call to \"vector\", got 0"),
            ("time(1)", "1:1: parse error: expected 0 argument(s) in call to \"time\", got 1"),
            ("round(x,1,2)", "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"),
            ("label_join(x,\"a\")", "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 2"),
            ("sort_by_label(x, \"a\")", "1:1: parse error: function \"sort_by_label\" is not enabled"),
            ("mad_over_time(x[5m])", "1:1: parse error: function \"mad_over_time\" is not enabled"),
            (
                "double_exponential_smoothing(x[5m],1,1)",
                "1:1: parse error: function \"double_exponential_smoothing\" is not enabled"
            ),
            ("info(x)", "1:1: parse error: function \"info\" is not enabled"),
            ("by(x)", "1:3: parse error: unexpected \"(\""),
            ("on(x)", "1:1: parse error: unexpected <on>"),
            ("abs(x)(y)", "1:7: parse error: unexpected \"(\""),
        ])
    func callsRefused(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

    @Test(
        "prints other expressions",
        arguments: [
            ("0x1F + 1_000 + .5 + 017 + 1e3 + inF", "31 + 1000 + 0.5 + 15 + 1000 + +Inf"),
            ("sum{on=\"1\",by!='2',}", "sum{by!=\"2\",on=\"1\"}"),
            ("{\"http.server\", \"a b\"=~`x|\\d`}", "{\"a b\"=~\"x|\\\\d\",__name__=\"http.server\"}"),
            ("max_over_time(rate(x[1m])[1h:30s] @ end())", "max_over_time(rate(x[1m])[1h:30s] @ end())"),
            ("(x)[1d:]", "(x)[1d:]"),
            ("a + # comment\n b", "a + b"),
            ("offset + start", "offset + start"),
            ("node:cpu:rate5m{}", "node:cpu:rate5m"),
            ("\"a\\n\\x41\\u00e4\\\"\"", "\"a\\nAä\\\"\""),
            ("label_join(x, 'a', ',')", "label_join(x, \"a\", \",\")"),
        ])
    func otherExpressionsRead(expression: String, printed: String) throws {
        #expect(try PromQLParser.parse(expression).formatted == printed)
        #expect(try PromQLParser.parse(printed).formatted == printed)
    }

    @Test(
        "refuses other expressions",
        arguments: [
            ("x[0s]", "1:3: parse error: duration must be greater than 0"),
            ("x{__name__=\"y\"}", "1:1: parse error: metric name must not be set twice: \"x\" or \"y\""),
            ("x offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"),
            ("x offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range"),
            ("x[1000000y]", "1:3: parse error: duration out of range"),
            ("5mm", "1:1: parse error: bad number or duration syntax: \"5mm\""),
            ("x @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
        ])
    func otherExpressionsRefused(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
    }

}
