import Answers
import DashboardFiles
import Foundation
import Platform
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@testable import Reporting

@Suite("Pages")
struct ReportEngineTests {
    static let now: UInt64 = 1_700_000_000_000_000_000
    static let request = AnswerRequest(from: now - 3_600_000_000_000, to: now)
    static let hostile = "<script>alert('x')</script>\"&"

    static func store() throws -> InMemoryStore {
        let store = InMemoryStore(time: ManualTime(now: now), rollup: { RollupBuilder.rollup($0) })
        var batch = SpanBatch()
        for index in 0..<UInt64(50) {
            let start = now - 1_800_000_000_000 + index * 10_000_000_000
            let trace = TraceID(high: 1, low: index + 1)
            func resource(_ name: String) -> Resource {
                Resource(attributes: [
                    Attribute("service.name", name), Attribute("host.name", "web-1"), Attribute("service.version", hostile),
                ])
            }
            batch.append(
                Span(
                    traceID: trace, spanID: SpanID(1), name: "GET /" + hostile, kind: .server, start: start,
                    end: start + 80_000_000 + index * 1_000_000,
                    status: index % 10 == 0 ? .error : .unset, attributes: [Attribute(hostile, hostile)], resource: resource("shop")
                ))
            batch.append(
                Span(
                    traceID: trace, spanID: SpanID(2), parentSpanID: SpanID(1), name: "call", kind: .client,
                    start: start + 1_000_000,
                    end: start + 70_000_000, resource: resource("shop")))
            batch.append(
                Span(
                    traceID: trace, spanID: SpanID(3), parentSpanID: SpanID(2), name: "list", kind: .server,
                    start: start + 2_000_000,
                    end: start + 69_000_000, resource: resource(hostile)))
            batch.append(
                Span(
                    traceID: trace, spanID: SpanID(4), parentSpanID: SpanID(3), name: "SELECT", kind: .client,
                    start: start + 3_000_000,
                    end: start + 60_000_000,
                    attributes: [Attribute("db.system.name", "mysql"), Attribute("db.query.text", "SELECT '<b>' FROM \(hostile)")],
                    resource: resource(hostile)))
        }
        _ = try store.write(batch)
        return store
    }

    static let chart: ChartQuery = { expression, from, to, step in
        if expression.contains("count by (host_name)") { return [ChartSeries(labels: ["host_name": hostile], points: [(to, 1)])] }
        return [ChartSeries(labels: ["cpu_mode": hostile], points: [(from, 1), (from + step, .nan), (to, 2.5)])]
    }

    static func engine() throws -> ReportEngine {
        try ReportEngine(answers: AnswerEngine(store: try store(), time: ManualTime(now: now)), query: chart)
    }

    @Test("Every page of a report is drawn, links lead to files that are there, and nothing is loaded from elsewhere")
    func wholeReport() throws {
        let engine = try Self.engine()
        let pages = try engine.pages(Self.request)
        let files = Set(pages.map(\.fileName))
        #expect(files.count == pages.count)
        #expect(pages.first == .overview && pages.contains(.service("shop")) && pages.contains(.host(Self.hostile)))
        #expect(pages.contains { if case .trace = $0 { true } else { false } })
        for page in pages {
            let html = try engine.render(page, Self.request, links: .files(Set(pages)))
            for link in html.matches(of: /href="([^"]*)"/) { #expect(files.contains(String(link.1)), "\(page): \(link.1)") }
            #expect(!html.contains("src="))
            #expect(html.firstMatch(of: /https?:/) == nil)
        }
    }

    @Test("Nothing that comes from telemetry is markup")
    func escaping() throws {
        let engine = try Self.engine()
        for page in try engine.pages(Self.request) {
            let html = try engine.render(page, Self.request, links: .live(query: "last=1h"))
            #expect(!html.contains("<script"), "\(page)")
            #expect(!html.contains("<b>'"), "\(page)")
        }
    }

    @Test("The same data gives the same bytes")
    func determinism() throws {
        let (a, b) = (try Self.engine(), try Self.engine())
        let pages = try a.pages(Self.request)
        #expect(try b.pages(Self.request) == pages)
        for page in pages {
            #expect(
                try a.render(page, Self.request, links: .files(Set(pages)))
                    == b.render(page, Self.request, links: .files(Set(pages))))
        }
    }

    @Test("The overview tells calls, failures and latency of the entry point")
    func overview() throws {
        let html = try Self.engine().render(.overview, Self.request, links: .live(query: ""))
        #expect(html.contains("<td class=\"number\">50</td>"))
        #expect(html.contains(">90 %</td>"))
        #expect(html.contains("/pages/service/shop"))
        #expect(html.contains("SELECT ?"))
    }

    @Test("A service's page says its latencies in words")
    func latencies() throws {
        let html = try Self.engine().render(.service("shop"), Self.request, links: .live(query: ""))
        let start = try #require(html.range(of: "50 calls, "))
        let line = html[start.upperBound...].prefix { $0 != "<" }
        let words = line.split(separator: " · ").map { $0.split(separator: " ").first ?? "" }
        #expect(words.dropFirst() == ["least", "p50", "p75", "p90", "p95", "p99", "p99.9", "most"], "\(line.prefix(200))")
    }

    @Test("What is not there is not found")
    func missing() throws {
        let engine = try Self.engine()
        #expect(throws: AnswerError.self) { try engine.render(.service("nobody"), Self.request, links: .live(query: "")) }
        #expect(throws: AnswerError.self) { try engine.render(.trace("zz"), Self.request, links: .live(query: "")) }
        #expect(throws: AnswerError.self) { try engine.render(.trace("ffff"), Self.request, links: .live(query: "")) }
    }

    @Test("An empty store has pages as well")
    func empty() throws {
        let engine = try ReportEngine(
            answers: AnswerEngine(store: InMemoryStore(), time: ManualTime(now: Self.now)), query: { _, _, _, _ in [] })
        #expect(try engine.pages(Self.request) == [.overview])
        #expect(try engine.render(.overview, Self.request, links: .files([.overview])).contains("Nothing in this range."))
    }

    @Test("Different pages have different files", arguments: [("a b", "a-b"), ("A", "a"), ("ä", "ö"), ("../x", "--x")])
    func fileNames(a: String, b: String) {
        #expect(Page.service(a).fileName != Page.service(b).fileName)
        #expect(Page.service(a).fileName.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 < 0x80 })
    }

    @Test(
        "A declaration with a mistake is refused",
        arguments: [
            "title: x", "title: x\npanels: [{panel: pie, title: y}]", "title: x\npanels: [{panel: chart, title: y}]",
            "title: x\npanels: []\nextra: 1",
        ])
    func declarations(text: String) {
        #expect(throws: (any Error).self) { try Dashboard(text, file: "d.yaml") }
    }

    @Test(
        "Quantities read well",
        arguments: [
            (Quantity.duration(0.00034), "340 µs"), (Quantity.duration(0.0012), "1.2 ms"), (Quantity.duration(125), "2.08 min"),
            (Quantity.percent(0.99995), "> 99.99 %"),
            (Quantity.percent(1), "100 %"), (Quantity.percent(0.9995), "99.95 %"), (Quantity.bytes(3_565_158), "3.4 MiB"),
            (Quantity.count(1_234_567), "1,234,567"),
            (Quantity.number(.nan), "–"), (Quantity.duration(.infinity), "–"),
        ])
    func quantities(text: String, expected: String) { #expect(text == expected) }
}
