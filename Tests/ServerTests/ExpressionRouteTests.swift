import Foundation
import QueryLanguages
import Testing

@testable import Server

@Suite("Prometheus's API that reads expressions")
struct ExpressionRouteTests {
    @Test(
        "an expression is told as the tree that Prometheus 3 tells",
        arguments: [
            (
                #"-topk by (a, "b.c") (2, rate(x{y!~"z"}[5m] offset -1m @ 1.5)) / on(job) group_left(v) (+{"m"} @ end()) > bool 1h + max_over_time(up[1h:30s] @ start())"#,
                #"{"bool":true,"lhs":{"bool":false,"lhs":{"expr":{"expr":{"args":[{"anchored":false,"matchers":[{"name":"y","type":"!~","value":"z"},{"name":"__name__","type":"=","value":"x"}],"name":"x","offset":-60000,"range":300000,"smoothed":false,"startOrEnd":null,"timestamp":1500,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"name":"rate","returnType":"vector","variadic":0},"type":"call"},"grouping":["a","b.c"],"op":"topk","param":{"type":"numberLiteral","val":"2"},"type":"aggregation","without":false},"op":"-","type":"unaryExpr"},"matching":{"card":"many-to-one","include":["v"],"labels":["job"],"on":true},"op":"/","rhs":{"expr":{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"m"}],"name":"","offset":0,"smoothed":false,"startOrEnd":"end","timestamp":null,"type":"vectorSelector"},"op":"+","type":"unaryExpr"},"type":"parenExpr"},"type":"binaryExpr"},"matching":{"card":"one-to-one","include":[],"labels":[],"on":false},"op":">","rhs":{"bool":false,"lhs":{"type":"numberLiteral","val":"3600"},"matching":null,"op":"+","rhs":{"args":[{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"offset":0,"range":3600000,"startOrEnd":"start","step":30000,"timestamp":null,"type":"subquery"}],"func":{"argTypes":["matrix"],"name":"max_over_time","returnType":"vector","variadic":0},"type":"call"},"type":"binaryExpr"},"type":"binaryExpr"}"#
            ),
            (
                #"label_join(a unless b, "d", "<&>") or count_values without () ("v", time() * a)"#,
                #"{"bool":false,"lhs":{"args":[{"bool":false,"lhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"matching":{"card":"many-to-many","include":[],"labels":[],"on":false},"op":"unless","rhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"b"}],"name":"b","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"},{"type":"stringLiteral","val":"d"},{"type":"stringLiteral","val":"<&>"}],"func":{"argTypes":["vector","string","string","string"],"name":"label_join","returnType":"vector","variadic":-1},"type":"call"},"matching":{"card":"many-to-many","include":[],"labels":[],"on":false},"op":"or","rhs":{"expr":{"bool":false,"lhs":{"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar","variadic":0},"type":"call"},"matching":null,"op":"*","rhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"},"grouping":[],"op":"count_values","param":{"type":"stringLiteral","val":"v"},"type":"aggregation","without":true},"type":"binaryExpr"}"#
            ),
        ])
    func trees(query: String, tree: String) async throws {
        let body = try #require(query.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let server = try PrometheusRouteTests.server()
        let got = try await server.send(.get, "/api/v1/parse_query?query=\(body)")
        #expect(got.body == #"{"status":"success","data":\#(tree)}"#)
        let posted = try await server.send(
            .post, "/api/v1/parse_query", headers: [.contentType: "application/x-www-form-urlencoded"],
            body: Array("query=\(body)".utf8))
        #expect(posted.body == got.body)
    }

    @Test("a long expression is printed on several lines")
    func lines() async throws {
        let query =
            "sum by (job) (rate(http_requests_total{job=\"a\",status=~\"5..\"}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.05"
        let body = try #require(query.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let reply = try await PrometheusRouteTests.server().send(.get, "/api/v1/format_query?query=\(body)")
        #expect(
            reply.body
                == #"{"status":"success","data":"    sum by (job) (rate(http_requests_total{job=\"a\",status=~\"5..\"}[5m]))\n  /\n    sum by (job) (rate(http_requests_total[5m]))\n>\n  0.05"}"#
        )
    }

    @Test("a mistake is told with its place", arguments: ["format_query", "parse_query"])
    func mistakes(path: String) async throws {
        let server = try PrometheusRouteTests.server()
        let reply = try await server.send(.get, "/api/v1/\(path)?query=x%20y")
        #expect(reply.status == 400)
        let error = try #require(try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [String: String])
        #expect(error["errorType"] == "bad_data")
        #expect(error["error"] == "invalid parameter \"query\": 1:3: parse error: unexpected identifier \"y\"")
        #expect(
            try await server.send(.get, "/api/v1/\(path)").body.contains(
                "unknown position: parse error: no expression found in input"))
    }
}
