import Answers
import Foundation
import TestSupport
import Testing

@testable import CommandLineTool

/// What people see, on 80 columns.
@Suite("Drawings Golden")
struct DrawingGoldenTests {
    private let range = AnswerRange(from: "2026-11-21T09:00:00Z", to: "2026-11-21T10:00:00Z")

    private func check(_ lines: [String], _ name: String, width: Int = 80) throws {
        #expect(lines.allSatisfy { TerminalText.width($0) <= width }, "a line is wider than \(width) columns")
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        #expect(try Golden.difference(bytes, from: "Tests/CommandLineToolTests/Golden/\(name).txt") == nil)
    }

    private func span(
        _ id: String, _ depth: Int, _ service: String, _ operation: String, _ from: Double, _ length: Double,
        status: String = "unset",
        asynchronous: Bool = false, missingParent: Bool = false
    ) -> TraceSpan {
        TraceSpan(
            spanID: id, depth: depth, service: service, operation: operation, kind: "server", status: status, statusMessage: "",
            start: range.from, end: range.to, startNanoseconds: 0, clockOffsetSeconds: 0, offsetSeconds: from,
            durationSeconds: length, selfSeconds: 0, criticalSeconds: 0, onCriticalPath: true, asynchronous: asynchronous,
            missingParent: missingParent, instance: "", host: "", attributes: [], events: [], links: [])
    }

    private func trace() -> TraceAnswer {
        let spans = [
            span("1", 0, "gateway", "POST /order", 0, 0.1, status: "error"), span("2", 1, "gateway", "POST", 0.01, 0.08),
            span("3", 2, "orders", "POST /orders with a name that is far too long", 0.015, 0.07, status: "error"),
            span("4", 3, "orders", "SELECT 注文 FROM 表", 0.02, 0.000_012),
            span("5", 12, "orders", "deep", 0.06, 0.01), span("6", 3, "mail", "process", 0.2, 0.1, asynchronous: true),
            span("7", 0, "lost", "\u{1B}[31mred\u{7}", 0.05, 0, missingParent: true),
        ]
        let path = [
            CriticalSegment(spanID: "1", fromSeconds: 0, toSeconds: 0.01),
            CriticalSegment(spanID: "2", fromSeconds: 0.01, toSeconds: 0.015),
            CriticalSegment(spanID: "3", fromSeconds: 0.015, toSeconds: 0.06),
            CriticalSegment(spanID: "5", fromSeconds: 0.06, toSeconds: 0.07),
            CriticalSegment(spanID: "3", fromSeconds: 0.07, toSeconds: 0.085),
            CriticalSegment(spanID: "2", fromSeconds: 0.085, toSeconds: 0.09),
            CriticalSegment(spanID: "1", fromSeconds: 0.09, toSeconds: 0.1),
        ]
        return TraceAnswer(
            range: range, complete: false, computedFrom: .spans, traceID: "4bf92f3577b34da6a3ce929d0e0e4736", durationSeconds: 0.3,
            services: ["gateway", "lost", "mail", "orders"], errors: 2, missingParents: ["99"], spans: spans, criticalPath: path)
    }

    @Test("a trace is a waterfall")
    func waterfall() throws {
        try check(Waterfall(trace(), width: 80).lines(spanLimit: 6), "trace")
        try check(Waterfall(trace(), width: 120).lines(spanLimit: 100), "trace-wide", width: 120)
    }

    @Test("siblings that look alike are one line with their number, and so is what is below them")
    func folded() throws {
        var spans = [span("1", 0, "orders", "POST /orders", 0, 1)]
        for index in 0..<37 {
            let start = Double(index) * 0.02
            var query = span("a\(index)", 1, "orders", "SELECT item", start, 0.015)
            query.attributes = [
                TraceAttribute(key: "db.system.name", value: "mysql"),
                TraceAttribute(key: "db.query.text", value: "SELECT * FROM item WHERE id = \(index) AND name = 'x\(index)'"),
            ]
            query.selfSeconds = 0.005
            spans += [
                query, span("b\(index)", 2, "stock", "lookup", start, 0.01), span("c\(index)", 2, "stock", "lookup", start, 0.01),
            ]
        }
        var failed = span("d", 1, "orders", "SELECT item", 0.9, 0.05, status: "error")
        failed.statusMessage = "Deadlock found when trying to get lock; try restarting transaction, and do it soon"
        spans += [failed, span("e", 1, "mail", "send", 0.95, 0.01), span("f", 1, "mail", "send", 0.97, 0.01)]
        for index in spans.indices where spans[index].service == "stock" { spans[index].clockOffsetSeconds = 0.012_5 }
        let path = [
            CriticalSegment(spanID: "1", fromSeconds: 0.97, toSeconds: 1),
            CriticalSegment(spanID: "a3", fromSeconds: 0.06, toSeconds: 0.075),
        ]
        let trace = TraceAnswer(
            range: range, complete: true, computedFrom: .spans, traceID: "1", durationSeconds: 1,
            services: ["mail", "orders", "stock"], errors: 1, missingParents: [], spans: spans, criticalPath: path)
        try check(Waterfall(trace, width: 80).lines(spanLimit: 500), "trace-folded")
        let painted = Waterfall(trace, width: 80, paint: Paint(isOn: true)).lines(spanLimit: 500)
        let plain = painted.map { $0.replacing(/\u{1B}\[\d+m/, with: "") }
        #expect(plain == Waterfall(trace, width: 80).lines(spanLimit: 500) && painted != plain)
        #expect(Waterfall(trace, width: 80).lines(spanLimit: 500, folds: false).count > 115)
    }

    @Test("a hundred thousand spans are some lines, whatever their shape, and do not take long")
    func huge() {
        let count = 100_000
        let flat = (0..<count).map { span("\($0)", $0 == 0 ? 0 : 1, "s", $0 % 2 == 0 ? "a" : "b", 0, 1) }
        let deep = (0..<count).map { span("\($0)", $0, "s", "op", 0, 1) }
        let names = (0..<count).map { span("\($0)", $0 == 0 ? 0 : 1, "s", "op \($0)", 0, 1) }
        for (spans, lineLimit) in [(flat, 10), (deep, 60), (names, 60)] {
            let trace = TraceAnswer(
                range: range, complete: true, computedFrom: .spans, traceID: "1", durationSeconds: 1, services: ["s"], errors: 0,
                missingParents: [], spans: spans, criticalPath: [])
            let lines = Waterfall(trace, width: 80).lines(spanLimit: 50)
            #expect(lines.count <= lineLimit)
            #expect(lines.allSatisfy { TerminalText.width($0) <= 80 })
        }
    }

    @Test("services are a table")
    func services() throws {
        let services = [
            ServiceSummary(
                name: "gateway", layer: .entry, operations: 3, instances: ["a", "b"], lastSeen: range.to, calls: 12_345, errors: 7,
                p50Seconds: 0.0123, p95Seconds: 0.25, p99Seconds: 1.5),
            ServiceSummary(
                name: "mysql:shop", layer: .database, operations: 0, lastSeen: range.to, calls: 9, errors: 0, p50Seconds: 0.000_45,
                p95Seconds: 0.001, p99Seconds: 0.001),
        ]
        let answer = ServicesAnswer(range: range, complete: true, computedFrom: .rollup, services: services)
        try check(ServicesCommand.lines(answer, width: 80), "services")
    }

    @Test("the top of operations and of statements is a table in which long names give way")
    func top() throws {
        func row(_ key: [String: String], _ total: Double) -> TopRow {
            TopRow(
                key: key, calls: 120, errors: 3, totalSeconds: total, p50Seconds: total / 200, p95Seconds: total / 50,
                p99Seconds: total / 20, selfSeconds: total / 3, criticalShare: 0.125)
        }
        let operations = [
            row(["service": "orders", "operation": "POST /orders/{id}/items/{item}/confirmation"], 42),
            row(["service": "gateway", "operation": "GET /"], 0.5),
        ]
        let byTotal = TopAnswer(range: range, complete: true, computedFrom: .rollup, of: "operation", by: "total", rows: operations)
        try check(TopCommand.lines(byTotal, width: 80), "top-operations")
        let statements = [row(["fingerprint": "SELECT * FROM item WHERE id IN (?)", "system": "mysql"], 1)]
        let critical = TopAnswer(
            range: range, complete: true, computedFrom: .rollup, of: "statement", by: "critical", rows: statements)
        try check(TopCommand.lines(critical, width: 80), "top-statements")
    }

    @Test("found traces are a table")
    func search() throws {
        let reply = """
            {"data":[{"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","processes":{"p1":{"serviceName":"gateway"},"p2":{"serviceName":"orders"}},
            "spans":[{"traceID":"t","spanID":"2","operationName":"POST /orders","references":[{"refType":"CHILD_OF","spanID":"1"}],
            "startTime":1795251600000100,"duration":500,"processID":"p2","tags":[{"key":"error","type":"bool","value":true}]},
            {"traceID":"t","spanID":"1","operationName":"POST /order","references":[],"startTime":1795251600000000,"duration":1500,
            "processID":"p1","tags":[]}]}],"total":1,"limit":20,"offset":0,"errors":null}
            """
        let found = try Decoded.read(JaegerReply.self, Array(reply.utf8))
        try check(SearchTable(found, width: 80).lines(), "search")
        try check(SearchTable(found, width: 120).lines(), "search-wide", width: 120)
        // Without a terminal nothing is cut and a trace is one line.
        #expect(SearchTable(found, width: .max).lines() == SearchTable(found, width: 120).lines())
    }
}
