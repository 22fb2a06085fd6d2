import Foundation
import Hummingbird
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("Prometheus's query API")
struct PrometheusRouteTests {
    /// A server that holds a counter of two instances every 15 s for ten minutes before now, and a gauge of odd values.
    static func server() throws -> TestServer {
        let store = InMemoryStore(time: ManualTime(now: TestServer.now), outOfOrderWindow: .max / 4)
        var batch = MetricBatch()
        let now = Int64(TestServer.now / 1_000_000)
        for (instance, rate) in [("a", 1.0), ("b", 2.0)] {
            batch.append(
                Labels(["__name__": "http_requests_total", "instance": instance, "job": "shop"]),
                (0...40).map { Sample(timestamp: now - 600_000 + Int64($0) * 15_000, value: Double($0) * 15 * rate) })
        }
        for (name, value) in [("nan", Double.nan), ("inf", .infinity), ("small", 1e-7), ("text\"\n", 1e21)] {
            batch.append(Labels(["__name__": "odd", "kind": name]), [Sample(timestamp: now, value: value)])
        }
        _ = try store.write(batch)
        return try TestServer(dependencies: TestServer.dependencies(store: store))
    }

    private func get(_ path: String) async throws -> TestServer.Reply { try await Self.server().send(.get, path) }

    @Test("an instant query is answered in Prometheus's form, number by number")
    func instant() async throws {
        let reply = try await get("/api/v1/query?query=odd&time=1767323045.5")
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "application/json")
        #expect(
            reply.body
                == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"odd","kind":"inf"},"value":[1767323045.500,"+Inf"]},{"metric":{"__name__":"odd","kind":"nan"},"value":[1767323045.500,"NaN"]},{"metric":{"__name__":"odd","kind":"small"},"value":[1767323045.500,"1e-07"]},{"metric":{"__name__":"odd","kind":"text\"\n"},"value":[1767323045.500,"1e+21"]}]}}"#
        )
    }

    @Test(
        "each type of result has its form",
        arguments: [
            ("1%2B1", #"{"resultType":"scalar","result":[1767323045,"2"]}"#),
            ("%22x%22", #"{"resultType":"string","result":[1767323045,"x"]}"#),
            (
                "sum(delta(http_requests_total[15s]))%20or%20sum(http_requests_total)",
                #"{"resultType":"vector","result":[{"metric":{},"value":[1767323045,"1800"]}]}"#
            ),
            (
                "http_requests_total%7Binstance%3D%22a%22%7D%5B30s%5D",
                #"{"resultType":"matrix","result":[{"metric":{"__name__":"http_requests_total","instance":"a","job":"shop"},"values":[[1767323030,"585"],[1767323045,"600"]]}]}"#
            ),
        ])
    func types(query: String, data: String) async throws {
        let reply = try await get("/api/v1/query?query=\(query)&time=2026-01-02T03:04:05Z")
        #expect(reply.body == #"{"status":"success","data":\#(data)}"#)
    }

    @Test("a range query takes a form, durations and RFC 3339, and says what it noticed")
    func range() async throws {
        let form = "query=rate(odd%5B5m%5D)+or+sum+by(job)(http_requests_total)&start=2026-01-02T03:03:05Z&end=1767323045&step=30s"
        let reply = try await Self.server().send(
            .post, "/api/v1/query_range", headers: [.contentType: "application/x-www-form-urlencoded"], body: Array(form.utf8))
        #expect(
            reply.body
                == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"shop"},"values":[[1767322985,"1620"],[1767323015,"1710"],[1767323045,"1800"]]}]}}"#
        )
        let noted = try await get(
            "/api/v1/query?query=rate(http_requests_total%5B5m%5D)+*+0+%2B+quantile(2,http_requests_total)&limit=1")
        #expect(noted.body.contains(#""warnings":["PromQL warning: quantile value should be between 0 and 1, got 2 (1:"#))
    }

    @Test("what a query took is told when it is asked for")
    func costs() async throws {
        let query = "query=sum(rate(http_requests_total%5B1m%5D))&start=1767323015&end=1767323045&step=30"
        let plain = try await get("/api/v1/query_range?\(query)").body
        let both = try await get("/api/v1/query_range?\(query)&stats=all&explain=true").body
        let unasked = try await get("/api/v1/query_range?\(query)&stats=&explain=false").body
        #expect(unasked == plain)
        #expect(both.hasPrefix(plain.dropLast(2)))
        let time = #"[0-9.]+(?:e-\d+)?"#
        let statistics =
            #","stats":\{"timings":\{"evalTotalTime":<t>,"resultSortTime":<t>,"queryPreparationTime":<t>,"innerEvalTime":<t>,"execQueueTime":<t>,"execTotalTime":<t>\},"samples":\{"totalQueryableSamplesPerStep":\[\[1767323015,8\],\[1767323045,8\]\],"totalQueryableSamples":16,"peakSamples":\d+\}\}"#
        #expect(both.contains(try Regex(statistics.replacing("<t>", with: time))))
        let range =
            #"\{"expression":"http_requests_total\[1m\]","kind":"range","start":9,"end":32,"seconds":<t>,"selfSeconds":<t>,"series":2,"samples":12,"columns":2,"children":\[\]\}\]\}\]\}\}\}$"#
        #expect(both.contains(try Regex(range.replacing("<t>", with: time))))
        #expect(
            both.contains(
                #","explain":{"expression":"sum(rate(http_requests_total[1m]))","kind":"aggregation","start":0,"end":34,"#))
        #expect(try await get("/api/v1/query?query=1&explain=maybe").status == 400)
    }

    @Test("series, label names and label values are listed, limited and told so")
    func lists() async throws {
        let expected = [
            (
                "series?match%5B%5D=http_requests_total%7Binstance=%22a%22%7D&match%5B%5D=%7Binstance=~%22a|zz%22%7D",
                #"[{"__name__":"http_requests_total","instance":"a","job":"shop"}]"#
            ),
            ("labels", #"["__name__","instance","job","kind"]"#),
            ("labels?match%5B%5D=odd", #"["__name__","kind"]"#),
            ("label/instance/values", #"["a","b"]"#),
            ("label/__name__/values?match%5B%5D=%7Bjob=%22shop%22%7D", #"["http_requests_total"]"#),
            ("label/nothing/values", "[]"),
            ("metadata", "{}"),
            ("query_exemplars?query=up", "[]"), ("query_exemplars?query=%7Bjob=%22shop%22%7D", "[]"),
            ("format_query?query=sum%20(x)by(a)", #""sum by (a) (x)""#),
        ]
        for (path, data) in expected {
            #expect(try await get("/api/v1/\(path)").body == #"{"status":"success","data":\#(data)}"#)
        }
        let cut = try await get("/api/v1/label/instance/values?limit=1")
        #expect(cut.body == #"{"status":"success","data":["a"],"warnings":["results truncated due to limit"]}"#)
        #expect(try await get("/api/v1/status/buildinfo").body.contains(#""version":"3."#))
    }

    @Test(
        "mistakes are told in Prometheus's form",
        arguments: [
            ("query", 400, "bad_data", "query"), ("query?query=rate(x)", 400, "bad_data", "1:6: parse error"),
            ("query?query=x&time=yesterday", 400, "bad_data", "timestamp"),
            ("query?query=x&time=1e300", 400, "bad_data", "timestamp"),
            ("query?query=x&timeout=-1", 503, "timeout", "timed out"), ("query?query=x&limit=-1", 400, "bad_data", "limit"),
            ("query?query=odd+%2B+on()+odd", 422, "execution", "found duplicate series"),
            ("query?query=topk(NaN,odd)", 422, "execution", "Parameter value is NaN"),
            ("query_range?query=x&start=0&end=1", 400, "bad_data", "step"),
            ("query_range?query=x&start=0&end=1&step=0", 400, "bad_data", "step"),
            ("query_range?query=x&start=2&end=1&step=1", 400, "bad_data", "end"),
            ("query_range?query=x&start=0&end=11001&step=1", 400, "bad_data", "11,000 points"),
            ("query_range?query=x%5B5m%5D&start=0&end=1&step=1", 400, "bad_data", "range vector"),
            ("query_range?query=x&start=0&end=1&step=1e30", 400, "bad_data", "duration"),
            ("series", 400, "bad_data", "no match[] parameter provided"), ("series?match%5B%5D=%7B%7D", 400, "bad_data", "match[]"),
            (
                "series?" + (0..<201).map { _ in "match%5B%5D=x%7Ba=~%22.%2B%22%7D" }.joined(separator: "&"), 400, "bad_data",
                "200 regular expressions"
            ),
            (
                "series?match%5B%5D=rate(x%5B1m%5D)", 400, "bad_data",
                "invalid parameter \"match[]\": 1:5: parse error: unexpected \"(\""
            ),
            ("query_exemplars?query=x&start=2&end=1", 400, "bad_data", "end"),
            (
                "labels?match%5B%5D=%7Ba=~%22(%22%7D", 400, "bad_data",
                "1:2: parse error: error parsing regexp: missing closing ): `(`"
            ),
        ])
    func mistakes(path: String, status: Int, type: String, part: String) async throws {
        let reply = try await get("/api/v1/\(path)")
        #expect(reply.status == status, "\(reply.body)")
        let error = try #require(try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [String: String])
        #expect(error["status"] == "error")
        #expect(error["errorType"] == type)
        #expect(error["error"]?.contains(part) == true, "\(reply.body)")
    }
}
