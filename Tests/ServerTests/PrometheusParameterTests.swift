import Hummingbird
import Testing

@testable import Server

@Suite("Parameters of Prometheus's API")
struct PrometheusParameterTests {
    private func get(_ path: String, headers: HTTPFields = [:]) async throws -> TestServer.Reply {
        try await PrometheusRouteTests.server().send(.get, "/api/v1/\(path)", headers: headers)
    }

    @Test(
        "times are seconds with decimals or RFC 3339, on either side of 1970",
        arguments: [
            ("0", "0"), ("-0", "0"), ("%2B1", "1"), ("1e3", "1000"), ("1.", "1"), (".5", "0.500"), ("1.7952036E9", "1795203600"),
            ("1795203600.1234", "1795203600.123"), ("1795203600.9996", "1795203601"), ("0.29", "0.290"), ("-1.5", "-1.500"),
            ("-0.0004", "0"), ("1969-12-31T23:59:59.5Z", "-0.500"), ("2026-11-20T18:40:00Z", "1795200000"),
            ("2026-11-20T19:40:00%2B01:00", "1795200000"), ("2026-11-20T18:40:00.123456789Z", "1795200000.123"),
            ("0001-01-01T00:00:00Z", "-62135596800"),
            ("-292273086-05-16T16:47:06Z", "-9007199254740.992"), ("292277025-08-18T07:12:54.999999999Z", "9007199254740.992"),
        ])
    func times(text: String, shown: String) async throws {
        let reply = try await get("query?query=1&time=\(text)")
        #expect(reply.body == #"{"status":"success","data":{"resultType":"scalar","result":[\#(shown),"1"]}}"#)
    }

    @Test(
        "what is no time is refused in Prometheus's words",
        arguments: [
            "0x10", "Inf", "NaN", "1e300", "9223372036854775807", "yesterday", "%201", "1,5", "2026-11-20",
            "2026-11-20%2018:40:00Z",
            "2026-11-20t18:40:00z", "2026-11-20T18:40:60Z", "2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T18:40:00",
            "%22%5C",
        ])
    func badTimes(text: String) async throws {
        let shown = (text.removingPercentEncoding ?? "").replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        #expect(
            try await get("query?query=1&time=\(text)").body
                == #"{"status":"error","errorType":"bad_data","error":"invalid parameter \"time\": invalid time value for 'time': cannot parse \"\#(shown)\" to a valid timestamp"}"#
        )
    }

    @Test(
        "mistakes have Prometheus's words and order",
        arguments: [
            ("query_range?query=x", #"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"#),
            (
                "query_range?query=x&start=2&end=1&step=1",
                #"invalid parameter \"end\": end timestamp must not be before start time"#
            ),
            ("query_range?query=x&start=0&end=1", #"invalid parameter \"step\": cannot parse \"\" to a valid duration"#),
            (
                "query_range?query=x&start=0&end=1&step=-1",
                #"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"#
            ),
            (
                "query_range?query=x&start=0&end=1&step=1e30",
                #"invalid parameter \"step\": cannot parse \"1e30\" to a valid duration. It overflows int64"#
            ),
            (
                "query_range?query=x&start=0&end=12000&step=1",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
            ),
            ("query?query=x&limit=-1", #"invalid parameter \"limit\": limit must be non-negative"#),
            ("query?query=x&limit=1.5", #"invalid parameter \"limit\": strconv.Atoi: parsing \"1.5\": invalid syntax"#),
            (
                "query?query=x&limit=99999999999999999999",
                #"invalid parameter \"limit\": strconv.Atoi: parsing \"99999999999999999999\": value out of range"#
            ),
            ("query?query=x&timeout=x", #"invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"#),
            ("query?query=x&lookback_delta=x", #"error parsing lookback delta duration: cannot parse \"x\" to a valid duration"#),
            (
                "query?query=rate(x)",
                #"invalid parameter \"query\": 1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"#
            ),
            (
                "query_range?query=x%5B5m%5D&start=0&end=1&step=1",
                #"invalid parameter \"query\": invalid expression type \"range vector\" for range query, must be Scalar or instant Vector"#
            ),
            ("query_exemplars?query=x&start=2&end=1", "end timestamp must not be before start timestamp"),
            ("series", "no match[] parameter provided"),
            ("series?match%5B%5D=%7B%7D", #"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"#),
            ("labels?match%5B%5D=%7Ba=~%22.*%22%7D", "match[] must contain at least one non-empty matcher"),
            ("label/U__/values", #"invalid label name: \"\""#), ("metadata?limit=x", "limit must be a number"),
            ("targets/metadata?limit=x", "limit must be a number"), ("status/tsdb?limit=0", "limit must be a positive number"),
            ("status/tsdb?limit=10001", "limit must not exceed 10000"),
        ])
    func mistakes(path: String, sentence: String) async throws {
        let reply = try await get(path)
        #expect(reply.status == 400)
        #expect(reply.body == #"{"status":"error","errorType":"bad_data","error":"\#(sentence)"}"#)
    }

    @Test(
        "scalars are written without an exponent, samples as Prometheus writes them",
        arguments: [
            ("1e21", #""1000000000000000000000""#), ("1e-7", #""0.0000001""#), ("-Inf", #""-Inf""#), ("NaN", #""NaN""#),
            ("vector(1e21)", #""1e+21""#), ("vector(1e-7)", #""1e-07""#), ("-vector(0)", #""-0""#),
            ("0.1%2B0.2", #""0.30000000000000004""#),
        ])
    func numbers(query: String, value: String) async throws {
        #expect(try await get("query?query=\(query)&time=0").body.contains("[0,\(value)]"))
    }

    @Test("the look-back of a query can be another one")
    func lookback() async throws {
        let query = "query?query=count(odd)&time=1767323055"
        #expect(try await get(query).body.contains(#""4"]"#))
        #expect(try await get(query + "&lookback_delta=10s").body.contains(#""result":[]"#))
        #expect(try await get(query + "&lookback_delta=10.001").body.contains(#""4"]"#))
        #expect(try await get(query + "&lookback_delta=0").body.contains(#""4"]"#))
        #expect(try await get("query?query=count(odd)&time=1767323445&lookback_delta=1h").body.contains(#""4"]"#))
    }

    @Test("a range that ends before it begins has no series; label names may be escaped in a path")
    func series() async throws {
        for path in ["series?match%5B%5D=odd", "labels?", "label/kind/values?"] {
            #expect(try await get(path + "&start=2&end=1").body == #"{"status":"success","data":[]}"#)
        }
        #expect(try await get("label/U__kin_64_/values").body.contains(#"["inf","nan","small","text\"\n"]"#))
    }

    @Test(
        "a form is read whatever the case and parameters of its type; other bodies are none of ours",
        arguments: [
            ("application/x-www-form-urlencoded", 200), ("APPLICATION/X-WWW-Form-Urlencoded ; charset=UTF-8", 200),
            ("application/x-www-form-urlencodedx", 400), ("text/plain", 400), ("application/json", 400),
        ])
    func forms(type: String, status: Int) async throws {
        let reply = try await PrometheusRouteTests.server().send(
            .post, "/api/v1/query?time=0&query=", headers: [.contentType: type], body: Array("query=1".utf8))
        #expect(reply.status == status, "\(reply.body)")
    }

    @Test("scripts of other origins may ask, as in Prometheus, if the configuration lets them")
    func origins() async throws {
        let server = try PrometheusRouteTests.server()
        let reply = try await server.send(.get, "/api/v1/query?query=(", headers: [.origin: "http://a.example"])
        #expect(reply.headers[.accessControlAllowOrigin] == "http://a.example" && reply.headers[.vary] == "Origin")
        #expect(reply.headers[.accessControlAllowMethods] == "GET, POST, OPTIONS")
        for path in ["/api/v1/query", "/api/v1/nothing"] {
            let preflight = try await server.send(.options, path, headers: [.origin: "http://a.example"])
            #expect(preflight.status == 204 && preflight.headers[.accessControlAllowOrigin] == "http://a.example")
            #expect(preflight.headers[.accessControlAllowHeaders] == "Accept, Authorization, Content-Type, Origin")
        }
        #expect(try await server.send(.get, "/api/v1/labels").headers[.accessControlAllowOrigin] == nil)
        let deleting = try await server.send(
            .post, "/api/v1/admin/tsdb/delete_series", headers: [.origin: "http://a.example"])
        #expect(deleting.headers[.accessControlAllowOrigin] == nil)

        var configuration = ServerConfiguration()
        configuration.corsOrigin = "https://(a|b)[.]example"
        let strict = try TestServer(dependencies: TestServer.dependencies(configuration: configuration))
        for (origin, told) in [("https://a.example", "https://a.example"), ("https://a.example.evil", nil)] as [(String, String?)] {
            let reply = try await strict.send(.get, "/api/v1/labels", headers: [.origin: origin])
            #expect(reply.headers[.accessControlAllowOrigin] == told)
        }
        configuration.corsOrigin = ""
        let closed = try TestServer(dependencies: TestServer.dependencies(configuration: configuration))
        let told = try await closed.send(.options, "/api/v1/labels", headers: [.origin: "https://a.example"]).headers
        #expect(told[.accessControlAllowOrigin] == nil && told[.accessControlAllowMethods] == nil)
    }
}
