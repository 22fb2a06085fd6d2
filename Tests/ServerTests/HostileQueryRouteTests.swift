import Hummingbird
import Testing

@testable import Server

@Suite("Hostile questions to Prometheus's API")
struct HostileQueryRouteTests {
    private func post(_ path: String, _ form: String) async throws -> TestServer.Reply {
        try await PrometheusRouteTests.server().send(
            .post, "/api/v1/\(path)", headers: [.contentType: "application/x-www-form-urlencoded"], body: Array(form.utf8))
    }

    private static func times(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }

    @Test(
        "expressions that are too much are refused with a sentence",
        arguments: [
            times(100_000, "(") + "1" + times(100_000, ")"), times(200_000, "-") + "1", times(50_000, "sum("),
            "1" + times(60_000, "%2B1"),
            "1" + times(60_000, "^1"), "x" + times(3_000, "[5m:1m]"), times(300_000, "a"), "\"" + times(300_000, "a"),
            "{__name__=~\"((((a{100}){100}){100}){100})\"}", times(300, "x{a=~\"b.*\"} or ") + "x", "x offset 99999999999y",
            "x[99999999999y]", "0x" + times(1_000, "f"), "count_values(\"v\",vector(1))" + times(1_000, "!"),
        ])
    func expressions(query: String) async throws {
        let reply = try await post("query", "time=0&query=" + query)
        #expect(
            reply.status == 400 && reply.body.contains(#""errorType":"bad_data""#), "\(query.prefix(40)): \(reply.body.prefix(200))"
        )
        #expect(reply.bytes.count < 2_000)
    }

    @Test(
        "patterns that other engines never finish are matched",
        arguments: ["(a%2B)%2B$", times(1_000, "(a*)*") + "b", times(500, ".*a"), "(x%7Cx%7Cx)*y", "([a-z]%2B)*%5B0-9%5D"])
    func patterns(pattern: String) async throws {
        let name = Self.times(2_000, "a")
        let reply = try await post(
            "query",
            "time=0&query=label_replace(label_replace(vector(1),\"a\",\"\(name)\",\"\",\"\"),\"b\",\"x\",\"a\",\"\(pattern)\")")
        #expect(reply.status == 200, "\(reply.body.prefix(200))")
    }

    @Test(
        "parameters that are too much are refused with a sentence",
        arguments: [
            ("query_range", "query=1&start=0&end=1000000&step=1", 400),
            ("query_range", "query=1&start=0&end=100&step=0.000000001", 400),
            ("query_range", "query=1&start=-9007199254740&end=9007199254740&step=1", 400), ("query", "query=1&time=1e308", 400),
            ("query", "query=sum_over_time(vector(1)[10y:1ms])&time=0", 422),
            ("series", times(201, "match[]={a=~\"b.*\"}&"), 400), ("labels", times(201, "match[]={a=~\"b.*\"}&"), 400),
            ("labels", times(10_001, "a=1&"), 400), ("query", "query=" + times(1 << 20, "a"), 413),
            ("query", "query=%00%FF%FE", 400),
            ("query", "query=" + times(1_000, "\u{0}\u{1}\u{7F}é"), 400),
        ])
    func parameters(path: String, form: String, status: Int) async throws {
        let reply = try await post(path, form)
        #expect(reply.status == status, "\(form.prefix(40)): \(reply.body.prefix(200))")
        #expect(reply.body.hasPrefix(#"{"status":"error","errorType":""#) && reply.bytes.count < 2_000)
    }

    @Test("a thousand plain selectors and limits beyond all numbers of series are answered")
    func many() async throws {
        let selectors = (0..<1_000).map { "match[]={kind=\"\($0)\"}" }.joined(separator: "&")
        #expect(try await post("series", selectors + "&match[]=odd&limit=9223372036854775807").status == 200)
        #expect(try await post("labels", selectors).body == #"{"status":"success","data":[]}"#)
    }
}
