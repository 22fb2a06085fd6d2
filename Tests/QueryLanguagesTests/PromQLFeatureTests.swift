import QueryLanguages
import Testing

@Suite("Experimental PromQL")
struct PromQLFeatureTests {
    @Test(
        "is refused with Prometheus's sentence until it is turned on",
        arguments: [
            ("mad_over_time(x[5m])", "1:1: parse error: function \"mad_over_time\" is not enabled"),
            ("x + sort_by_label(y, \"a\")", "1:5: parse error: function \"sort_by_label\" is not enabled"),
            (
                "limit_ratio(0.5, x)",
                "1:1: parse error: limit_ratio() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
            ),
            ("x[5m + 1m]", "1:3: parse error: experimental duration expression is not enabled"),
            ("x offset (5m)", "1:11: parse error: experimental duration expression is not enabled"),
            ("x[step()]", "1:3: parse error: experimental duration expression is not enabled"),
            ("rate(x[5m] anchored)", "1:6: parse error: anchored modifier is experimental and not enabled"),
            ("x smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled"),
            ("a + fill(0) b", "1:1: parse error: binop fill modifiers are experimental and not enabled"),
        ])
    func off(expression: String, message: String) throws {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression) }
        #expect(error?.description == message)
        #expect(throws: Never.self) { try PromQLParser.parse(expression, features: .all) }
    }

    @Test(
        "is printed as it was written",
        arguments: [
            ("x[5m+1m*2]", "x[5m + 1m * 2]"), ("x[(5m+1m)*2]", "x[(5m + 1m) * 2]"), ("x[-(1m)+5m]", "x[-(1m) + 5m]"),
            ("x[2^2^3]", "x[2 ^ 2 ^ 3]"), ("x offset (1h/2)", "x offset (1h / 2)"), ("x offset -step()", "x offset -step()"),
            ("x offset -(5)", "x offset -(5)"), ("x offset step()*2", "x offset step() * 2"),
            ("x[STEP()+range()] @ 1", "x[step() + range()] @ 1.000"),
            ("x[max(step(),5m):min_of(1m, step())]", "x[max_of(step(), 5m):min_of(1m, step())]"),
            ("x[5m] anchored @ 1 offset 1m", "x[5m] anchored @ 1.000 offset 1m"), ("x @ 1 smoothed", "x @ 1.000 smoothed"),
            ("a + on(x) fill_right(-1) fill_left (2) b", "a + on (x) fill_left (2) fill_right (-1) b"),
            ("a == bool fill(0) b", "a == bool fill (0) b"), ("fill + fill_left", "fill + fill_left"),
            ("info(x, {a=~\".*\"})", "info(x, {a=~\".*\"})"), ("limitk by (a) (2, x)", "limitk by (a) (2, x)"),
            ("start() + end() + range() + step()", "start() + end() + range() + step()"),
        ])
    func printed(expression: String, text: String) throws {
        #expect(try PromQLParser.parse(expression, features: .all).formatted == text)
        #expect(try PromQLParser.parse(text, features: .all).formatted == text)
    }

    @Test(
        "has mistakes of its own",
        arguments: [
            ("x[5m/0]", "1:5: parse error: division by zero"), ("x[5m%0]", "1:5: parse error: modulo by zero"),
            (
                "x[5m+]",
                "1:6: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()"
            ),
            (
                "x offset step",
                "1:14: parse error: unexpected end of input in offset, expected number, duration, step(), or range()"
            ),
            (
                "x[step(1)]",
                "1:8: parse error: unexpected number \"1\" in subquery or range selector, expected number, duration, step(), or range()"
            ),
            ("x[5m:] anchored", "1:1: parse error: anchored modifier is not supported for subqueries"),
            ("rate(x[5m]) smoothed", "1:1: parse error: smoothed modifier not implemented"),
            ("x[5m] anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together"),
            ("1 + fill(0) a", "1:1: parse error: filling in missing series only allowed between instant vectors"),
            ("a or fill(0) b", "1:1: parse error: filling in missing series not allowed for set operators"),
            ("a + fill(b) c", "1:10: parse error: unexpected identifier \"b\""),
            ("info(x, y)", "1:9: parse error: expected label selectors only, got vector selector instead"),
            ("info(x, abs({a=\"b\"}))", "1:9: parse error: expected label selectors only"),
            ("info(x, 1)", "1:1: parse error: expected type instant vector in call to function \"info\", got scalar"),
        ])
    func mistakes(expression: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(expression, features: .all) }
        #expect(error?.description == message)
    }

    @Test("durations become constants when the times of the query are known")
    func durations() throws {
        let text = "rate(x[max_of(step(), 2m) + 1m]) + y offset -(range() / 2) + max_over_time(z[10 * step():step() / 2])"
        let parsed = try PromQLParser.parse(text, features: .all)
        #expect(parsed.hasComputedDurations)
        let resolved = try parsed.resolvingDurations(PromQLQueryTimes(start: 0, end: 3_600_000, step: 30_000), in: text)
        guard case .binary(let outer) = resolved.node, case .binary(let inner) = outer.left.node,
            case .call(_, let ofRate) = inner.left.node, case .range(_, let range)? = ofRate.first?.node,
            case .selector(let shifted) = inner.right.node, case .call(_, let ofMaximum) = outer.right.node,
            case .subquery(let subquery)? = ofMaximum.first?.node
        else {
            Issue.record("another tree: \(resolved)")
            return
        }
        #expect(range == 180_000)
        #expect(shifted.offset == -1_800_000)
        #expect(subquery.range == 300_000)
        #expect(subquery.step == 15_000)
        #expect(resolved.description == parsed.description)
    }

    @Test(
        "durations without a value are refused when the times of the query are known",
        arguments: [
            ("x[step()]", "1:3: parse error: duration must be greater than 0"),
            ("x offset (1/step())", "1:11: parse error: division by zero"),
            ("x[1y^9]", "1:3: parse error: duration is out of range"),
            ("x offset (2^9999)", "1:10: parse error: duration is NaN or infinite"),
        ])
    func impossible(expression: String, message: String) throws {
        let parsed = try PromQLParser.parse(expression, features: .all)
        let error = #expect(throws: PromQLError.self) {
            try parsed.resolvingDurations(PromQLQueryTimes(start: 0, end: 0, step: 0), in: expression)
        }
        #expect(error?.description == message)
    }

    @Test("features have Prometheus's names, and others are refused by name")
    func names() throws {
        #expect(try PromQLFeatures(names: PromQLFeatures.allNames) == .all)
        #expect(try PromQLFeatures(names: []).isEmpty)
        let error = #expect(throws: PromQLFeatures.Unknown.self) { try PromQLFeatures(names: ["promql-duration-expr", "native"]) }
        #expect(error?.name == "native")
        #expect(error?.description.contains("promql-experimental-functions") == true)
    }
}
