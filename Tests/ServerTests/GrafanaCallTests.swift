import Foundation
import Hummingbird
import Testing

@testable import Server

/// What Grafana's Prometheus data source asks, request by request: forms with their parameters sorted, short questions by GET.
@Suite("What Grafana asks")
struct GrafanaCallTests {
    private static let range = "end=1767323045&start=1767322445"

    private func post(_ path: String, _ form: String) async throws -> TestServer.Reply {
        try await PrometheusRouteTests.server().send(
            .post, "/api/v1/\(path)",
            headers: [.contentType: "application/x-www-form-urlencoded", .acceptEncoding: "gzip", .userAgent: "Grafana/12.0.0"],
            body: Array(form.utf8))
    }

    private func get(_ path: String) async throws -> TestServer.Reply {
        try await PrometheusRouteTests.server().send(
            .get, "/api/v1/\(path)", headers: [.acceptEncoding: "gzip", .userAgent: "Grafana/12.0.0"])
    }

    @Test("the test of a data source: 1+1 at a time, and what program it is")
    func health() async throws {
        let reply = try await post("query", "query=1%2B1&time=4")
        #expect(reply.body == #"{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}"#)
        let answer = try JSONSerialization.jsonObject(with: Data(try await get("status/buildinfo").bytes)) as? [String: Any]
        let build = try #require(answer?["data"] as? [String: Any])
        // Features would mean Mimir, with its ruler.
        #expect(build["features"] == nil && build["application"] == nil)
        #expect((build["version"] as? String)?.hasPrefix("3.") == true)
    }

    @Test("panels: a range, a moment, exemplars")
    func panels() async throws {
        let range = try await post(
            "query_range",
            "end=1767323045&query=sum+by+%28instance%29+%28increase%28http_requests_total%7Bjob%3D%22shop%22%7D%5B1m0s%5D%29%29&start=1767323015&step=15&timeout=60s"
        )
        #expect(
            range.body
                == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"a"},"values":[[1767323015,"60"],[1767323030,"60"],[1767323045,"60"]]},{"metric":{"instance":"b"},"values":[[1767323015,"120"],[1767323030,"120"],[1767323045,"120"]]}]}}"#
        )
        let instant = try await post("query", "query=count%28odd%29&time=1767323045.5&timeout=60s")
        #expect(instant.body.contains(#""value":[1767323045.500,"4"]"#))
        #expect(try await post("query_exemplars", "\(Self.range)&query=http_requests_total").body.contains(#""data":[]"#))
        // The parser's mistakes are shown below the editor of the query.
        let mistake = try await post("query_range", "end=2&query=rate%28x%29&start=1&step=1")
        #expect(
            mistake.status == 400
                && mistake.body.contains(#""errorType":"bad_data","error":"invalid parameter \"query\": 1:6: parse error: "#))
    }

    @Test("completion: names, values and series of a time, so many at most")
    func completion() async throws {
        for (path, form, data) in [
            ("labels", "\(Self.range)&limit=40000", #"["__name__","instance","job","kind"]"#),
            ("labels", "\(Self.range)&limit=40000&match%5B%5D=%7B__name__%3D%22odd%22%7D", #"["__name__","kind"]"#),
            (
                "series", "\(Self.range)&limit=40000&match%5B%5D=http_requests_total%7Binstance%3D%22a%22%7D",
                #"[{"__name__":"http_requests_total","instance":"a","job":"shop"}]"#
            ),
        ] {
            #expect(try await post(path, form).body == #"{"status":"success","data":\#(data)}"#)
            // A data source may be told to use GET alone.
            #expect(try await get("\(path)?\(form)").body == #"{"status":"success","data":\#(data)}"#)
        }
        for (path, data) in [
            ("label/__name__/values?\(Self.range)&limit=40000", #"["http_requests_total","odd"]"#),
            ("label/instance/values?\(Self.range)&match%5B%5D=%7Bjob%3D%22shop%22%7D", #"["a","b"]"#),
            ("label/U__kin_64_/values?\(Self.range)&match%5B%5D=%7Bkind%3D~%22n.*%22%7D", #"["nan"]"#),
        ] { #expect(try await get(path).body == #"{"status":"success","data":\#(data)}"#) }
        // Values by POST are refused with the status that makes it ask again by GET.
        #expect(try await post("label/instance/values", Self.range).status == 405)
    }

    @Test(
        "metadata, rules and alerts",
        arguments: [
            ("metadata?limit=40000", "{}"), ("metadata?metric=up", "{}"), ("rules", #"{"groups":[]}"#),
            ("rules?type=record", #"{"groups":[]}"#),
            ("rules?exclude_alerts=true&group_limit=40", #"{"groups":[]}"#), ("alerts", #"{"alerts":[]}"#),
            ("alertmanagers", #"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#),
        ])
    func rules(path: String, data: String) async throws {
        #expect(try await get(path).body == #"{"status":"success","data":\#(data)}"#)
    }

    @Test("large answers come compressed")
    func compressed() async throws {
        let form = "end=1767323045&query=http_requests_total&start=1767322445&step=1"
        let reply = try await post("query_range", form)
        #expect(reply.headers[.contentEncoding] == "gzip" && reply.headers[.contentType] == "application/json")
        #expect(reply.headers[.vary] == "Origin, Accept-Encoding")
    }
}
