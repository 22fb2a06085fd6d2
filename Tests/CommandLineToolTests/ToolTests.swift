import Foundation
import HTTPTransport
import Platform
import TestSupport
import Testing

@testable import CommandLineTool

@Suite("Command line tool")
struct ToolTests {
    @Test("what would steer a terminal is written out")
    func escaping() {
        #expect(TerminalText.safe("a\u{1B}[2Jb\r\n\t\u{202E}c") == "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{9}\\u{202e}c")
        #expect(TerminalText.safe("größe 注文 é") == "größe 注文 é")
        #expect(TerminalText.fitted("注文注文", 5) == "注文…")
        #expect(TerminalText.fitted("ab", 4, alignsRight: true) == "  ab")
    }

    @Test(
        "durations have three figures and the unit that fits",
        arguments: [
            (0, "0 s"), (1.5e-9, "1.5 ns"), (0.000_012_34, "12.3 µs"), (0.999_6, "1 s"), (0.25, "250 ms"), (1.005, "1 s"),
            (59.94, "59.9 s"),
            (300, "5 min"), (86400, "24 h"), (-0.5, "-500 ms"), (.nan, "–"), (.infinity, "–"),
        ] as [(Double, String)])
    func durations(seconds: Double, text: String) { #expect(QuantityText.duration(seconds) == text) }

    @Test("sparklines rise with their values and keep gaps")
    func sparklines() {
        #expect(Sparkline.draw([0, 1, 2, 3, 4, 5, 6, 7], width: 8) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline.draw([1, nil, 1], width: 8) == "▅ ▅")
        #expect(Sparkline.draw([nil, .nan], width: 8) == "  ")
        #expect(Sparkline.draw([0, 0, 8, 8], width: 2) == "▁█")
        #expect(Sparkline.draw([-.greatestFiniteMagnitude, .greatestFiniteMagnitude], width: 2) == "▁█")
        #expect(Sparkline.draw([], width: 5).isEmpty)
    }

    @Test("URLs carry any text")
    func urls() {
        #expect(URLQuery.text([("query", "a{b=\"c d\"}&e"), ("x", "ü")]) == "?query=a%7Bb%3D%22c%20d%22%7D%26e&x=%C3%BC")
        #expect(URLQuery.text([]).isEmpty)
    }

    @Test("answers that are errors become sentences that say what to do")
    func sentences() {
        func said(_ status: Int, _ body: String, hasToken: Bool = false) -> String {
            do {
                _ = try ServerReply.body(
                    HTTPAnswer(status: status, body: Array(body.utf8)), server: "http://h:1", hasToken: hasToken)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(said(401, "").contains("--token-file"))
        #expect(said(401, "", hasToken: true).contains("does not know this token"))
        #expect(said(404, #"{"error":{"code":"c","message":"No trace.","where":""}}"#) == "No trace.")
        #expect(said(400, #"{"status":"error","errorType":"bad_data","error":"parse\u001b error"}"#) == "parse\\u{1b} error")
        #expect(said(400, #"{"data":null,"errors":[{"code":400,"msg":"limit"}]}"#) == "limit")
        #expect(said(502, "<html>") == "http://h:1 answered with status 502.")
        #expect(ServerReply.sentence(.cannotConnect(origin: "http://h:1", reason: "refused")).contains("headrope serve"))
    }

    @Test("commands refuse what makes no sense before they ask anybody")
    func parsing() throws {
        #expect(throws: Never.self) { try TopCommand.parse(["statement", "--by", "calls", "--limit", "5"]) }
        #expect(throws: (any Error).self) { try TopCommand.parse(["everything"]) }
        #expect(throws: (any Error).self) { try TopCommand.parse(["--limit", "0"]) }
        #expect(throws: (any Error).self) { try TraceCommand.parse(["xyz"]) }
        #expect(throws: (any Error).self) { try ServicesCommand.parse(["--last", "soon"]) }
        #expect(throws: (any Error).self) { try ServicesCommand.parse(["--from", "NaN"]) }
        #expect(throws: (any Error).self) { try ServicesCommand.parse(["--server", "localhost:9777"]) }
        #expect(throws: (any Error).self) { try QueryCommand.parse(["up", "--step", "5s"]) }
        #expect(throws: (any Error).self) { try QueryCommand.parse(["up", "--start", "-1h", "--time", "now"]) }
        #expect(throws: (any Error).self) { try QueryCommand.parse(["up", "--graph", "--csv"]) }
        #expect(throws: Never.self) { try QueryCommand.parse(["-", "--start", "-1h", "--end", "-5m", "--explain"]) }
        #expect(throws: (any Error).self) { try SeriesCommand.parse([]) }
        #expect(throws: (any Error).self) { try LabelsCommand.parse(["--limit", "0"]) }
        #expect(throws: (any Error).self) { try SearchCommand.parse(["orders", "--tag", "error"]) }
        #expect(throws: (any Error).self) { try SearchCommand.parse(["orders", "--tag", "=x"]) }
        #expect(throws: (any Error).self) { try SearchCommand.parse([]) }
        #expect(throws: (any Error).self) { try SearchCommand.parse(["orders", "--service", "orders"]) }
        #expect(throws: (any Error).self) { try SearchCommand.parse(["orders", "--min-duration", "5"]) }
        #expect(throws: (any Error).self) { try SearchCommand.parse(["orders", "--width", "5"]) }
        #expect(throws: Never.self) {
            try SearchCommand.parse(["--service", "orders", "--since", "6h", "--error", "--min-duration", "1.5s", "--width", "100"])
        }
        let range = try TimeRangeOptions.range(from: nil, to: "100", lastSeconds: 40, now: 0)
        #expect(range.from == 60_000_000_000)
        #expect(throws: ToolError.self) { try TimeRangeOptions.range(from: "5", to: "4", lastSeconds: 1, now: 0) }
        #expect(QueryCommand.seconds(1_005_000_000) == "1.005")
    }

    @Test("a search without a result says what may help")
    func advice() {
        #expect(SearchAdvice.sentence(service: "ordrs", known: ["gateway", "orders"]).contains("Did you mean 'orders'?"))
        #expect(SearchAdvice.sentence(service: "mail", known: ["gateway", "orders"]).contains("headrope services"))
        #expect(SearchAdvice.sentence(service: "orders", known: ["orders"]).contains("--since"))
    }

    @Test("no server, no trace: a sentence and no crash")
    func unreachable() async throws {
        let options = try ServerOptions.parse(["--server", "http://127.0.0.1:1"])
        await #expect {
            try await options.get("/api/v1/services")
        } throws: { "\($0)".contains("headrope serve") }
        let wrongFile = try ServerOptions.parse(["--token-file", "/nowhere/token"])
        await #expect {
            try await wrongFile.get("/api/v1/services")
        } throws: { "\($0)".contains("/nowhere/token") }
    }

    @Test("rule files are checked, with file and line of the mistake")
    func rules() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let good = folder.appendingPathComponent("good.yaml")
        let bad = folder.appendingPathComponent("bad.yaml")
        try Data("groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n  - record: b\n    expr: sum(up)\n".utf8).write(
            to: good)
        try Data("groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up ==\n".utf8).write(to: bad)
        let report = RulesCheckCommand.check(good.path, files: PosixFileSystem())
        #expect(report.isGood)
        #expect(report.sentence == "\(good.path): 1 group, 1 alerting rule, 1 recording rule, all good")
        let complaint = RulesCheckCommand.check(bad.path, files: PosixFileSystem())
        #expect(!complaint.isGood)
        #expect(complaint.sentence.hasPrefix("\(bad.path):5:"))
        #expect(!RulesCheckCommand.check(folder.path + "/none", files: PosixFileSystem()).isGood)
    }
}
