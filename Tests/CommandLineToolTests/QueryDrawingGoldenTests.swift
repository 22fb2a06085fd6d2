import Foundation
import TestSupport
import Testing

@testable import CommandLineTool

/// What `headrope query` prints, on 80 columns unless a test says otherwise.
@Suite("Query drawings Golden")
struct QueryDrawingGoldenTests {
    private static let utc = TimeZone(secondsFromGMT: 0) ?? .current
    /// 2026-11-21T09:00:00Z
    private static let start: Int64 = 1_795_251_600_000
    private static let hour = QueryRange(from: start, to: start + 3_600_000, step: 60_000)

    private func check(_ lines: [String], _ name: String, width: Int = 80) throws {
        let plain = lines.map { $0.replacing(/\u{1B}\[[0-9;]*m/, with: "") }
        #expect(plain.allSatisfy { TerminalText.width($0) <= width }, "a line is wider than \(width) columns")
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        #expect(try Golden.difference(bytes, from: "Tests/CommandLineToolTests/Golden/\(name).txt") == nil)
    }

    private func reply(_ type: String, _ result: String, _ more: String = "", explain: String = "") throws -> PrometheusReply {
        let text = #"{"status":"success","data":{"resultType":"\#(type)","result":\#(result)\#(explain)}\#(more)}"#
        return try Decoded.read(PrometheusReply.self, Array(text.utf8))
    }

    private func drawing(_ range: QueryRange? = nil, isGraph: Bool = false, terminal: Terminal = Terminal()) -> QueryDrawing {
        QueryDrawing(terminal: terminal, zone: Self.utc, isGraph: isGraph, range: range)
    }

    /// A series over the hour as JSON; nil makes a gap.
    private func series(_ labels: [String: String], _ value: (Int) -> String?) -> String {
        let metric = labels.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        let values = (0...60).compactMap { minute in value(minute).map { "[\(Self.start / 1_000 + Int64(minute) * 60),\"\($0)\"]" }
        }
        return "{\"metric\":{\(metric)},\"values\":[\(values.joined(separator: ","))]}"
    }

    @Test("labels that differ are columns, those that all have stand above")
    func instant() throws {
        let vector = try reply(
            "vector",
            #"[{"metric":{"__name__":"up","job":"a\nb","instance":"h1:9100","zone":"west"},"value":[1,"1"]},"#
                + #"{"metric":{"__name__":"up","job":"a\nb","instance":"h2:9100"},"value":[1,"0.123456789"]},"#
                + #"{"metric":{"__name__":"up","job":"a\nb","instance":"h3:9100","zone":"注文"},"value":[1,"1234567.891"]},"#
                + #"{"metric":{"__name__":"up","job":"a\nb","instance":"h4:9100","zone":"\#(String(repeating: "long", count: 40))"},"value":[1,"NaN"]}]"#
        )
        try check(drawing().lines(vector), "query-instant")
        let single = try reply("vector", #"[{"metric":{"__name__":"up","job":"a"},"value":[1,"1e300"]}]"#)
        try check(drawing().lines(single), "query-single")
        let names = (0..<12).map { "\"label_number_\($0)\":\"$\"" }.joined(separator: ",")
        let many = try reply(
            "vector",
            "[" + ["a", "b"].map { "{\"metric\":{\(names.replacing("$", with: $0))},\"value\":[1,\"1\"]}" }.joined(separator: ",")
                + "]")
        try check(drawing().lines(many), "query-many-labels")
    }

    @Test("scalars and texts are lines of their own, with all digits and without what would steer a terminal")
    func single() throws {
        #expect(drawing().lines(try reply("scalar", #"[1,"0.123456789012"]"#)) == ["0.123456789012"])
        #expect(drawing().lines(try reply("string", #"[1,"a\u001bb"]"#)) == ["a\\u{1b}b"])
        #expect(drawing().lines(try reply("vector", "[]")) == ["No series matches."])
        #expect(drawing(Self.hour, isGraph: true).lines(try reply("matrix", "[]")) == ["No series matches."])
    }

    @Test("the samples of a range selector have their times")
    func samples() throws {
        let matrix = try reply(
            "matrix",
            #"[{"metric":{"__name__":"x","job":"a"},"values":[[1795251600,"1"],[1795251615.5,"2"]]},{"metric":{"__name__":"x","job":"b"},"values":[[1795251600,"3"]]}]"#
        )
        try check(drawing().lines(matrix), "query-samples")
    }

    @Test("a range is a table with sparklines")
    func range() throws {
        let matrix = try reply(
            "matrix",
            "["
                + [
                    series(["mode": "user", "cpu": "0"]) { $0 >= 20 && $0 < 30 ? nil : "\($0 * $0)" },
                    series(["mode": "level", "cpu": "0"]) { _ in "5" },
                    series(["mode": "odd", "cpu": "0"]) { $0 == 0 ? "NaN" : $0 == 60 ? "+Inf" : nil },
                ].joined(separator: ",") + "]")
        try check(drawing(Self.hour).lines(matrix), "query-range")
    }

    @Test("a graph has axes, a line for each series and a legend")
    func graph() throws {
        let wave = series(["mode": "wave"]) { String(sin(Double($0) / 6) * 1_000) }
        let ramp = series(["mode": "ramp"]) { $0 >= 20 && $0 < 30 ? nil : "\($0 * 10)" }
        let two = try reply("matrix", "[\(wave),\(ramp)]")
        try check(drawing(Self.hour, isGraph: true).lines(two), "query-graph-two")
        try check(drawing(Self.hour, isGraph: true).lines(try reply("matrix", "[\(wave)]")), "query-graph-one")
        let colours = Terminal(columns: 100, lines: 30, usesColour: true)
        try check(drawing(Self.hour, isGraph: true, terminal: colours).lines(two), "query-graph-colours", width: 100)
        let many = try reply(
            "matrix", "[" + (0..<15).map { n in series(["n": "\(n)"]) { "\($0 * n)" } }.joined(separator: ",") + "]")
        let lines = drawing(Self.hour, isGraph: true).lines(many)
        #expect(lines.last?.hasPrefix("3 more series") == true)
    }

    @Test("infinite, huge and no values do not break a graph")
    func oddGraph() throws {
        for values in [["NaN"], ["+Inf", "-Inf"], ["1.7e308", "-1.7e308"], ["5e-324", "0"], ["7"]] {
            let matrix = try reply("matrix", "[\(series(["a": "b"]) { values[$0 % values.count] })]")
            let lines = drawing(Self.hour, isGraph: true).lines(matrix)
            #expect(lines.allSatisfy { TerminalText.width($0) <= 80 }, "\(values)")
        }
        let moment = QueryRange(from: 0, to: 0, step: 1)
        let matrix = try reply("matrix", #"[{"metric":{},"values":[[0,"1"]]}]"#)
        #expect(drawing(moment, isGraph: true).lines(matrix).count > 8)
    }

    @Test("an explanation is a tree with times, series and samples")
    func explanation() throws {
        func node(_ text: String, _ seconds: Double, _ own: Double, _ samples: Int, _ children: String) -> String {
            #"{"expression":"\#(text)","kind":"call","start":0,"end":1,"seconds":\#(seconds),"selfSeconds":\#(own),"series":\#(samples / 100),"samples":\#(samples),"columns":4,"children":[\#(children)]}"#
        }
        let selector = node("http_requests_total{job=\\\"api\\\"}[5m]", 0.008, 0.008, 28_800, "")
        let tree = node(
            "sum(rate(http_requests_total[5m])) / count(up)", 0.0125, 0.001, 0,
            node("sum(\\n  rate(x[5m]))", 0.009, 0.001, 0, selector) + "," + node("count(up)", 0.0025, 0.0025, 600, ""))
        let answer = try reply("vector", "[]", explain: ",\"explain\":\(tree)")
        try check(try #require(answer.explanation).lines(width: 80), "query-explain")
    }

    @Test("warnings and infos are notes, not part of the answer")
    func notes() throws {
        let answer = try reply("scalar", #"[1,"1"]"#, #","warnings":["PromQL warning: a"],"infos":["PromQL info: b"]"#)
        #expect(answer.notes == ["warning: PromQL warning: a", "info: PromQL info: b"])
        #expect(answer.explanation == nil)
    }

    @Test("values as CSV keep all digits, and signs of the format are quoted")
    func csv() throws {
        let vector = try reply(
            "vector", #"[{"metric":{"a":"x,\"y\""},"value":[1.5,"0.123456789"]},{"metric":{"b":"1"},"value":[1.5,"NaN"]}]"#)
        #expect(
            QueryCSV.lines(vector) == ["a,b,time,value", "\"x,\"\"y\"\"\",,1.500,0.123456789", ",1,1.500,NaN"])
    }
}
