import Answers
import Foundation
import Platform
import QueryEngine
import TelemetryModel
import TestSupport
import Testing

@testable import Reporting

@Suite("Query page")
struct QueryPageTests {
    /// 2026-11-21T09:00:00Z
    static let now: UInt64 = 1_795_251_600_000_000_000
    static let hostile = "<script>alert('x')</script>\"&\u{202E}"

    /// An hour of a counter of three instances and a gauge that goes below zero and has a gap, and names that mean harm.
    static func store() throws -> InMemoryStore {
        let store = InMemoryStore(time: ManualTime(now: now), outOfOrderWindow: .max / 4)
        let end = Int64(now / 1_000_000)
        var batch = MetricBatch()
        for (index, instance) in ["a", "b", hostile].enumerated() {
            var counts: [Sample] = []
            for minute in 0...60 {
                counts.append(Sample(timestamp: end - 3_600_000 + Int64(minute) * 60_000, value: Double(minute * (index + 1))))
            }
            batch.append(Labels(["__name__": "requests_total", "instance": instance]), counts)
        }
        var depths: [Sample] = []
        for minute in 0...60 where minute < 20 || minute > 40 {
            depths.append(Sample(timestamp: end - 3_600_000 + Int64(minute) * 60_000, value: Double(30 - minute)))
        }
        batch.append(Labels(["__name__": "depth"]), depths)
        batch.append(
            Labels(["__name__": "long", "text": String(repeating: "x", count: 10_000)]), [Sample(timestamp: end, value: 1)])
        for index in 0..<600 {
            batch.append(Labels(["__name__": "many", "n": "\(index)"]), [Sample(timestamp: end, value: Double(index))])
        }
        _ = try store.write(batch)
        return store
    }

    static let promql = PromQLEngine(
        reader: (try? store()) ?? InMemoryStore(), time: ManualTime(now: now))

    static func state(_ parameters: [String: String]) throws -> QueryPageState {
        try QueryPageState(parameters: parameters, now: now)
    }

    static func page(_ parameters: [String: String]) throws -> String {
        let state = try state(parameters)
        let answer = Result { () throws(QueryError) in try state.answer(promql, promql.context(measuring: state.measures)) }
        return try ReportEngineTests.engine().queryPage(state, answer)
    }

    @Test("The address tells everything, and is short where it says what is so anyway")
    func addresses() throws {
        #expect(try Self.state(["expr": "up"]).address == "/query?expr=up")
        let full = ["expr": "a +\n b", "last": "90m", "to": "2026-11-21T08:00:00Z", "step": "30", "tab": "chart"]
        let state = try Self.state(full)
        #expect(state.address == "/query?expr=a%20%2B%0A%20b&last=1h30m&to=2026-11-21T08%3A00%3A00Z&step=30s&tab=chart")
        #expect(state.start == 1_795_242_600_000 && state.end == 1_795_248_000_000 && state.step == 30_000)
        #expect(try Self.state(["from": "1795240000", "to": "1795243600", "expr": "x"]).length == 3_600_000)
        #expect(try Self.state(["to": "2026-11-21T08:00"]).end == state.end, "as the browser's field writes it")
        #expect(try Self.state(["to": "2026-11-21T08:00:00"]).end == state.end)
        #expect(try Self.state(["expr": "a\r\nb"]).expression == "a\nb", "as forms send line breaks")
        #expect(try Self.state(["tab": "pie"]).tab == .table)
    }

    @Test(
        "Times and durations that are none are refused",
        arguments: [
            ["last": "soon"], ["last": "-5m"], ["last": "0s"], ["step": "x"], ["step": "0"], ["step": "nan"], ["to": "tomorrow"],
            ["from": "5", "to": "4"], ["last": "999y"], ["step": "1e300"], ["to": "1e12"],
        ])
    func refusals(parameters: [String: String]) {
        #expect(throws: AnswerError.self) { try Self.state(parameters) }
    }

    @Test("Times at the end of the calendar, links behind it and samples far beyond it are told")
    func lastTimes() throws {
        let page = try Self.page(["expr": "1", "to": "2554-07-21T23:34:33Z", "last": "99y"])
        #expect(page.contains("to=2554-07-21T23%3A34%3A33Z"))
        #expect(try Self.page(["expr": "vector(1)[1m:30s] @ 20000000000000"]).contains("1 @ 19999999999980"))
    }

    @Test("A step that would give too many points is raised, and the page says so")
    func raisedStep() throws {
        let state = try Self.state(["expr": "depth", "last": "1w", "step": "1s", "tab": "chart"])
        #expect(state.length / state.step <= QueryPageState.pointLimit)
        #expect(try Self.page(["expr": "depth", "last": "1w", "step": "1s", "tab": "chart"]).contains("The step is 5m2s400ms"))
    }

    @Test("Nothing of an expression or a label is markup, and the only script is ours")
    func escaping() throws {
        let expressions = [
            "\"><script>", "requests_total", "{instance=~\".*script.*\"}", "\"</textarea><script>\"", "'<b>'", "requests_total[5m]",
            "label_replace(depth, \"<b>\", \"<i>\", \"\", \"\")",
        ]
        for expression in expressions {
            for tab in ["table", "chart", "explain"] {
                let page = try Self.page(["expr": expression, "tab": tab])
                #expect(page.ranges(of: "<script").count == 1, "\(expression) \(tab)")
                #expect(page.contains("<script src=\"\(QueryScript.address)\" defer></script>"))
                #expect(page.ranges(of: "</textarea>").count == 1, "\(expression) \(tab)")
                #expect(!page.contains("<b>") && !page.contains("<i>"), "\(expression) \(tab)")
                #expect(!page.contains("\u{202E}"), "what turns the direction of text is not passed on")
                #expect(page.firstMatch(of: /https?:/) == nil)
            }
        }
    }

    @Test("The table has every series with its value")
    func table() throws {
        let page = try Self.page(["expr": "requests_total"])
        #expect(page.contains("3 series at 2026-11-21T09:00:00Z"))
        #expect(page.contains("<td class=\"code\">requests_total{instance=&quot;b&quot;}</td><td class=\"number\">120</td>"))
        #expect(try Self.page(["expr": "1 + 1"]).contains("<p class=\"big code\">2</p>"))
        #expect(try Self.page(["expr": "'a<b'"]).contains("<p class=\"big code\">a&lt;b</p>"))
        #expect(
            try Self.page(["expr": "requests_total{instance='a'}[2m]"]).contains(
                "59 @ 2026-11-21T08:59:00Z, 60 @ 2026-11-21T09:00:00Z"))
        #expect(try Self.page(["expr": "nothing"]).contains("No series matches"))
    }

    @Test("Long values and many series are cut, and the page says so")
    func limits() throws {
        let many = try Self.page(["expr": "many"])
        #expect(many.contains("600 series at 2026-11-21T09:00:00Z, of which the first 500 are listed"))
        #expect(many.ranges(of: "<tr>").count == 501)
        let chart = try Self.page(["expr": "many", "tab": "chart", "last": "5m"])
        #expect(chart.contains("of which the first 50 are drawn"))
        #expect(chart.ranges(of: "<path class=\"line").count == 50)
        for tab in ["table", "chart"] {
            let long = try Self.page(["expr": "long", "tab": tab])
            #expect(long.utf8.count < 60_000 && long.contains("xxx…"), "\(tab)")
        }
    }

    @Test("The chart breaks lines at gaps, goes below zero, and carries its values")
    func chart() throws {
        let page = try Self.page(["expr": "depth", "tab": "chart", "step": "1m"])
        let path = try #require(page.firstMatch(of: /<path class="line s0 dash0" d="([^"]*)" data-values="([^"]*)"/))
        // The look-back of five minutes fills the beginning of the gap; behind it the line begins again.
        #expect(path.1.split(separator: "M").count == 2)
        let values = path.2.split(separator: ",", omittingEmptySubsequences: false)
        #expect(values.first == "30" && values[60] == "-30" && values[30] == "" && values.count == 62)
        #expect(page.contains("data-low=\"-30.0\" data-high=\"30.0\""))
        #expect(page.contains(">-20</span>"))
        let legend = try Self.page(["expr": "requests_total", "tab": "chart"])
        #expect(legend.contains("All have <bdi class=\"code\">requests_total</bdi>"))
        #expect(legend.contains("<bdi>{instance=&quot;b&quot;}</bdi>"))
        #expect(try Self.page(["expr": "depth[5m]", "tab": "chart"]).contains("a range such as [5m] needs a function around it"))
        #expect(try Self.page(["expr": "nothing", "tab": "chart"]).contains("No data in this range."))
    }

    @Test("A mistake is shown with its place")
    func mistakes() throws {
        let page = try Self.page(["expr": "sum(\n  a{x=\"ö\"} + )"])
        #expect(page.contains("role=\"alert\""))
        #expect(page.contains("(line 2, column 15)"))
        #expect(page.contains("a{x=&quot;ö&quot;} + <mark id=\"mistake\" data-offset=\"18\">)</mark></pre>"))
        let end = try Self.page(["expr": "sum("])
        #expect(end.contains("sum(<mark id=\"mistake\" data-offset=\"4\"> </mark></pre>"))
        #expect(try Self.page(["expr": "a +\n\n"]).contains("</mark>"))
        let execution = try Self.page(["expr": "depth + on() requests_total"])
        #expect(execution.contains("class=\"problem\" role=\"alert\""))
    }

    @Test(
        "Series are written so that they can be asked again",
        arguments: [
            (["__name__": "up", "job": "a\"b\\n"], #"up{job="a\"b\\n"}"#), (["__name__": "a:b"], "a:b"), ([:], "{}"),
            (["__name__": "my.metric", "my.label": "ü"], #"{"my.metric", "my.label"="ü"}"#), (["__name__": "1x"], #"{"1x"}"#),
        ] as [([String: String], String)])
    func seriesTexts(labels: [String: String], text: String) { #expect(SeriesText.text(labels) == text) }

    @Test("Warnings and infos stand above the result")
    func notes() throws {
        #expect(
            try Self.page(["expr": "rate(depth[5m])"]).contains("<li class=\"info\">PromQL info: metric might not be a counter"))
        #expect(try Self.page(["expr": "quantile(2, depth)"]).contains("<li class=\"warning\">PromQL warning: "))
    }

    @Test("Explain shows what each part read and took")
    func explanation() throws {
        let page = try Self.page(["expr": "sum(rate(requests_total[5m]))", "tab": "explain", "step": "1m"])
        #expect(page.contains("3 series and 183 samples read from the store"))
        #expect(page.contains("<span style=\"padding-left:14px\"></span>rate(requests_total[5m])"))
        #expect(page.contains("<td class=\"code\" title=\"aggregation\">sum(rate("))
        #expect(try Self.page(["expr": "requests_total[5m]", "tab": "explain"]).contains("<td class=\"code\" title=\""))
    }

    @Test("The words for completion are those of the parser, with signatures")
    func words() throws {
        let words = try JSONDecoder().decode([[String]].self, from: Data(CompletionWords.json([]).utf8))
        #expect(words.contains(["rate", "function", "rate(range vector) gives instant vector"]))
        #expect(words.contains(["round", "function", "round(instant vector, [scalar]) gives instant vector"]))
        #expect(words.contains { $0[0] == "topk" && $0[1] == "aggregation" })
        #expect(words.contains(["unless", "keyword", ""]) && words.contains(["by", "keyword", ""]))
        #expect(Set(words.map { $0[0] }).count == words.count)
        #expect(!words.contains { $0[0] == "limitk" || $0[0] == "mad_over_time" })
        let all = CompletionWords.json(.experimentalFunctions)
        #expect(all.contains("\"limitk\"") && all.contains("\"mad_over_time\""))
    }
}
