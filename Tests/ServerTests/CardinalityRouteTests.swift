import Answers
import Foundation
import Platform
import StateStore
import TelemetryModel
import Testing

@testable import Server

@Suite("Cardinality and usage of metrics")
struct CardinalityRouteTests {
    @Test("the status has Prometheus's form")
    func status() async throws {
        let server = try PrometheusRouteTests.server()
        let reply = try await server.send(.get, "/api/v1/status/tsdb?limit=1")
        #expect(
            reply.body
                == #"{"status":"success","data":{"headStats":{"numSeries":6,"numLabelPairs":9,"chunkCount":0,"minTime":1767322445000,"maxTime":1767323045000},"seriesCountByMetricName":[{"name":"odd","value":4}],"labelValueCountByLabelName":[{"name":"kind","value":4}],"memoryInBytesByLabelName":[{"name":"__name__","value":50}],"seriesCountByLabelValuePair":[{"name":"__name__=odd","value":4}]}}"#
        )
        #expect(try await server.send(.get, "/api/v1/status/tsdb?limit=0").status == 400)
    }

    @Test("metrics that a query names are asked for, others are not, and a restart remembers it")
    func usage() async throws {
        let server = try PrometheusRouteTests.server()
        for query in ["sum(rate(http_requests_total%5B1m%5D))", "%7Bjob%3D%22x%22%7D", "%7B__name__%3D~%22.%2B%22%7D"] {
            #expect(try await server.send(.get, "/api/v1/query?query=\(query)").status == 200)
        }
        let reply = try await server.send(.get, "/api/v1/cardinality")
        let answer = try AnswerJSON.decode(CardinalityAnswer.self, from: reply.bytes)
        #expect(answer.metrics.map(\.name).sorted() == ["http_requests_total", "odd"])
        #expect(answer.metrics.first { $0.name == "http_requests_total" }?.asked.queries == 1)
        #expect(answer.unasked.names == ["odd"] && answer.unasked.seriesCount == 4)
        #expect(answer.metrics.first { $0.name == "odd" }?.labels == [LabelValueCount(name: "kind", valueCount: 4)])
        let state = try StateStore()
        try server.dependencies.usage.save(state)
        let later = MetricUsage(time: ManualTime(now: TestServer.now * 2))
        try later.load(state)
        #expect(later.lookUp()("http_requests_total").queries == 1 && later.lookUp()("odd").lastMilliseconds == nil)
        #expect(later.since == server.dependencies.usage.since)
    }

    @Test("alternations name each metric, patterns those that they match, and every asker is counted apart")
    func selectors() throws {
        let usage = MetricUsage(time: ManualTime(now: 5_000_000))
        usage.note([try LabelMatcher("__name__", .matches, "a|b")], by: .rules)
        usage.note([try LabelMatcher("__name__", .matches, "node_.*")], by: .pages)
        usage.note([try LabelMatcher("__name__", .notEqual, "a")], by: .queries)
        let asked = usage.lookUp()
        #expect(asked("a").rules == 1 && asked("b").rules == 1 && asked("a").queries == 0)
        #expect(asked("node_load1").pages == 1 && asked("node_load1").lastMilliseconds == 5)
        #expect(asked("other") == MetricAsked())
    }
}
