import Platform

/// Queries over ``OracleData`` by what they are about.
struct OracleQueries {
    /// What queries are about, and how many there are of them.
    static let categories: [(name: String, count: Int)] = [
        ("random expressions", 700), ("staleness", 100), ("odd histograms", 160), ("Unicode labels", 80), ("special values", 120),
        ("short series and resets", 120), ("matching", 120), ("labels and order", 60), ("errors", 40),
    ]

    private var random: SeededRandom

    init(_ random: SeededRandom) { self.random = random }

    /// The next query of a category.
    mutating func query(_ category: String) -> String {
        switch category {
        case "staleness": over(pick(["stale", "stale{i=\"1\"}", "stale{i=~\"[02]\"}"]))
        case "odd histograms": histogram()
        case "Unicode labels": labelled()
        case "special values": special()
        case "short series and resets": over(pick(["short_total", "x{i=\"7\"}", "x{i=\"2\"}", "short_total{i!=\"0\"}"]))
        case "matching": matched()
        case "labels and order": renamed()
        case "errors": mistaken()
        default: RandomExpression.vector(&random, depth: 3)
        }
    }

    private mutating func pick(_ choices: [String]) -> String { choices[Int.random(in: 0..<choices.count, using: &random)] }

    private mutating func times() -> String {
        pick(["", "", " offset 1m", " offset -90s", " @ 1000", " @ end()", " @ 700 offset 7s"])
    }

    /// A function of ranges over a selector or a subquery of it, an aggregation of it, or itself.
    private mutating func over(_ selector: String) -> String {
        let name = pick([
            "rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets", "sum_over_time", "avg_over_time",
            "min_over_time", "max_over_time", "count_over_time", "last_over_time", "present_over_time", "absent_over_time",
        ])
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return selector + times()
        case 1: return "\(pick(["sum", "count", "max"])) by (\(pick(["i", "le", ""]))) (\(selector)\(times()))"
        case 2: return "\(name)(\(selector)[\(pick(["3m:30s", "10m:1m", "5m:", "2m:37s"]))]\(times()))"
        case 3: return "timestamp(\(selector))"
        default: return "\(name)(\(selector)[\(pick(["1m", "5m", "37s", "20m", "16s"]))]\(times()))"
        }
    }

    private mutating func histogram() -> String {
        let kinds = ["usual", "endless", "falling", "nan", "negative", "doubled", "malformed", "empty", "resetting"]
        let selector = "odd_bucket{kind=\"\(pick(kinds))\"}"
        let source = pick([
            selector, "rate(\(selector)[5m])", "sum by (le) (increase(\(selector)[10m]))", "odd_bucket{kind!~\"nan|endless\"}",
            "sum by (kind, le) (odd_bucket{kind!=\"nan\"})",
        ])
        return "histogram_quantile(\(pick(["0", "0.1", "0.5", "0.9", "0.99", "1", "-1", "2", "NaN"])), \(source))"
    }

    private mutating func labelled() -> String {
        let matcher = pick([
            "", "{first=\"日本\"}", "{first=~\".*ч.*\"}", "{second!=\"𝄞\"}", "{first=~\"..\"}", "{second=\"new\\nline\"}",
        ])
        let selector = "unicode_total\(matcher)"
        return pick([
            selector, "rate(\(selector)[5m])", "sum by (first) (\(selector))", "count by (second, first) (\(selector))",
            "\(selector) * on (first) group_left (second) unicode_total", "\(selector) and on (second) unicode_total{i=\"a\"}",
            "label_replace(\(selector), \"new\", \"$1-ß\", \"first\", \"(.).*\")",
            "label_join(\(selector), \"new\", \"→\", \"first\", \"second\")", "count_values(\"wert\", \(selector))",
        ])
    }

    private mutating func special() -> String {
        let selector = "special{i=\"\(pick(["0", "1", "2"]))\"}"
        let number = pick(["0", "-0.0", "1e300", "-1e-300", "NaN", "Inf", "-Inf", "3"])
        return pick([
            "\(pick(["abs", "ceil", "floor", "exp", "sqrt", "sgn", "atan", "round"]))(\(selector))",
            "\(selector) \(pick(["+", "-", "*", "/", "%", "^", "atan2"])) \(number)",
            "\(number) \(pick(["-", "/", "%", "<", "!=", ">= bool"])) \(selector)",
            "\(pick(["min", "max", "count"]))_over_time(\(selector)[5m])", "clamp(\(selector), -1, \(number))",
            "\(pick(["min", "max", "group"]))(special)", "quantile(0.5, special)", "changes(\(selector)[10m])",
            "topk(2, special)", "bottomk(1, special)", "round(\(selector), \(pick(["0.1", "10", "-1"])))",
        ])
    }

    private mutating func matched() -> String {
        let operation = pick(["+", "-", "/", ">", "<= bool", "==", "and", "or", "unless"])
        let isSet = ["and", "or", "unless"].contains(operation)
        let match = pick([" on (i)", " ignoring (le)", " on (i, le)", " ignoring (le, kind, first, second)"])
        let group = isSet ? "" : pick(["", "", " group_left", " group_right", " group_left (le)", " group_right (le)"])
        let sides = ["x", "stale", "short_total", "special", "x{i=~\"[0-3]\"}", "sum by (i) (x)", "rate(x[5m])"]
        return "\(pick(sides)) \(operation)\(match)\(group) \(pick(sides))"
    }

    private mutating func renamed() -> String {
        let selector = pick(["x", "stale", "short_total", "{__name__=~\"stale|short_total\"}"])
        return pick([
            "label_replace(\(selector), \"\(pick(["i", "new", "__name__"]))\", \"\(pick(["$1", "a$1b", ""]))\", \"i\", \"(.*)\")",
            "label_join(\(selector), \"all\", \"-\", \"i\", \"le\", \"none\")", "-\(selector)", "\(selector) * 2",
            "absent(\(selector)\(pick(["", " > 1e9"])))", "absent(none{a=\"b\", c=~\"d\"})", "count by (__name__) (\(selector))",
            "topk(\(pick(["1", "3", "0", "-1"])), x)", "bottomk by (le) (2, x)", "scalar(\(selector)) + 1", "vector(time())",
        ])
    }

    private mutating func mistaken() -> String {
        pick([
            "x + on () x", "x * on (le) group_left x", "rate(x)", "x[5m]", "sum(1)", "x + \"a\"",
            "label_replace(x, \"i\", \"1\", \"i\", \"(\")",
            "label_replace(x, \"i\", \"1\", \"\", \"\")", "1 == 2", "histogram_quantile(x)", "x and 1",
            "rate({__name__=~\"x|stale\"}[5m])",
            "topk(x, 1)", "x offset", "x{i=~\"*\"}", "{}", "absent_over_time(x)", "x / ignoring (i, le) stale", "round(x, 1, 2)",
        ])
    }
}
