import Storage
import TelemetryModel
import Testing

@testable import Server

@Suite("Search parameters")
struct SearchParameterTests {
    private let now: UInt64 = 1_000_000_000_000_000_000

    private func jaeger(_ text: String) throws -> TraceQuery? {
        if case .search(let query) = try JaegerSearch.question(QueryItems(parsing: text), now: now) { query } else { nil }
    }

    @Test("Jaeger's parameters")
    func jaegerParameters() throws {
        let query = try #require(
            try jaeger(
                "service=shop&operation=GET+%2F&tag=a:b:c&tags=%7B%22error%22%3A%22true%22%7D&minDuration=1.5ms&maxDuration=1h10m"
                    + "&start=1000&end=2000&limit=7&lookback=custom"))
        #expect(query.service == "shop")
        #expect(query.operation == "GET /")
        #expect(query.tags.map(\.key) == ["a", "error"])
        #expect(query.tags.map(\.value) == ["b:c", "true"])
        #expect(query.minimumDuration == 1_500_000)
        #expect(query.maximumDuration == 4_200_000_000_000)
        #expect(query.from == 1_000_000)
        #expect(query.through == 2_000_000)
        #expect(query.limit == 7)
        let defaults = try #require(try jaeger("service=shop&lookback=2h"))
        #expect(defaults.through == now)
        #expect(defaults.from == now - 7_200_000_000_000)
        #expect(defaults.limit == 100)
        guard case .byID(let ids) = try JaegerSearch.question(QueryItems(parsing: "traceID=1f&traceID=20"), now: now) else {
            Issue.record("ids are no search")
            return
        }
        #expect(ids.map(\.low) == [31, 32])
    }

    @Test(
        "Jaeger's parameters with mistakes are refused with a sentence",
        arguments: [
            "", "service=", "service=a&tag=b", "service=a&tags=%7B", "service=a&tags=%7B%22a%22:1%7D", "service=a&minDuration=soon",
            "service=a&minDuration=5", "service=a&minDuration=1e3s", "service=a&minDuration=99999999999999h", "service=a&start=-1",
            "service=a&start=5&end=4", "service=a&limit=0", "service=a&limit=99999999999999999999", "traceID=xyz", "traceID=0",
            "service=a&spanKind=loud",
        ])
    func jaegerMistakes(text: String) {
        #expect(throws: APIError.self) { try jaeger(text) }
    }

    @Test("Zipkin's parameters")
    func zipkinParameters() throws {
        let query = try ZipkinSearch.query(
            QueryItems(
                parsing: "serviceName=shop&spanName=get&remoteServiceName=db&annotationQuery=error+and+http.method%3DGET"
                    + "&minDuration=5&maxDuration=18446744073709551615&endTs=2000&lookback=500&limit=3"), now: now)
        #expect(query.service == "shop")
        #expect(query.operation == "get")
        #expect(query.keys == ["error"])
        #expect(query.tags.map(\.key) == ["peer.service", "http.method"])
        #expect(query.minimumDuration == 5_000)
        #expect(query.maximumDuration == .max)
        #expect(query.from == 1_500_000_000)
        #expect(query.through == 2_000_999_999)
        #expect(query.limit == 3)
        let defaults = try ZipkinSearch.query(QueryItems(), now: now)
        #expect(defaults.from == now - 86_400_000_000_000)
        #expect(defaults.limit == 10)
        let absurd = try ZipkinSearch.range(
            QueryItems(parsing: "endTs=18446744073709551615&lookback=18446744073709551615"), now: now)
        #expect(absurd == 0...UInt64.max)
    }

    @Test(
        "Zipkin's parameters with mistakes",
        arguments: ["endTs=x", "lookback=-1", "limit=-1", "annotationQuery=%3Dx", "minDuration=1.5"])
    func zipkinMistakes(text: String) {
        #expect(throws: APIError.self) { try ZipkinSearch.query(QueryItems(parsing: text), now: now) }
    }
}
