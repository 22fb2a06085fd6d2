import ByteCoding
import Hummingbird
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("Prometheus's API of exemplars and metadata")
struct MetricSideRouteTests {
    private func server() throws -> TestServer {
        let store = InMemoryStore(time: ManualTime(now: TestServer.now))
        var batch = MetricBatch()
        for (name, time, value) in [("a_bucket", 1_000, 0.25), ("a_bucket", 2_500, .nan), ("b_total", 1_000, 1e21)] {
            batch.append(
                Exemplar(labels: Labels(["trace_id": "0a\"\n"]), value: value, timestamp: Int64(time)),
                of: Labels(["__name__": name, "job": "shop"]))
        }
        batch.metadata = [
            MetricMetadata(metric: "b_total", type: .counter, help: "How \"many\".", unit: ""),
            MetricMetadata(metric: "a", type: .histogram, help: "", unit: "seconds"),
        ]
        _ = try store.write(batch)
        return try TestServer(dependencies: TestServer.dependencies(store: store))
    }

    private static let first = #"{"labels":{"trace_id":"0a\"\n"},"value":"0.25","timestamp":1}"#
    private static let second = #"{"labels":{"trace_id":"0a\"\n"},"value":"NaN","timestamp":2.500}"#
    private static let third = #"{"labels":{"trace_id":"0a\"\n"},"value":"1e+21","timestamp":1}"#

    private static func series(_ name: String, _ exemplars: String...) -> String {
        #"{"seriesLabels":{"__name__":"\#(name)","job":"shop"},"exemplars":[\#(exemplars.joined(separator: ","))]}"#
    }

    @Test(
        "exemplars of every selector in an expression are told, in range",
        arguments: [
            ("query=a_bucket", [series("a_bucket", first, second)]),
            ("query=a_bucket&start=1&end=2", [series("a_bucket", first)]),
            ("query=a_bucket&start=2&end=1970-01-01T00:00:03Z", [series("a_bucket", second)]),
            (
                "query=histogram_quantile(0.9,%20sum%20by(le)(rate(a_bucket%7Bjob=~%22s.*%22%7D%5B5m%5D)))%20/%20b_total",
                [series("a_bucket", first, second), series("b_total", third)]
            ),
            ("query=sum_over_time(b_total%5B5m:1m%5D)", [series("b_total", third)]), ("query=nothing", []),
        ])
    func exemplars(parameters: String, series: [String]) async throws {
        let reply = try await server().send(.get, "/api/v1/query_exemplars?\(parameters)")
        #expect(reply.status == 200)
        #expect(reply.body == #"{"status":"success","data":[\#(series.joined(separator: ","))]}"#)
    }

    @Test("exemplars are asked for by a form too; an expression without selectors has no data, a broken one is a bad request")
    func forms() async throws {
        let server = try server()
        let reply = try await server.send(
            .post, "/api/v1/query_exemplars", headers: [.contentType: "application/x-www-form-urlencoded"],
            body: Array("query=b_total&start=0".utf8))
        #expect(reply.body == #"{"status":"success","data":[\#(Self.series("b_total", Self.third))]}"#)
        #expect(try await server.send(.get, "/api/v1/query_exemplars?query=1%2B1").status == 204)
        for bad in ["query=", "query=a(", "query=a&start=2&end=1", "query=a&start=x"] {
            let reply = try await server.send(.get, "/api/v1/query_exemplars?\(bad)")
            #expect(reply.status == 400 && reply.body.contains(#""errorType":"bad_data""#), "\(bad): \(reply.body)")
        }
    }

    @Test("what came in is counted by kind and reason, and can be asked for at once")
    func counted() async throws {
        let server = try TestServer()
        let now = Int64(TestServer.now / 1_000_000)
        var body = RemoteWrite2Body()
        body.append(
            [("__name__", "up")], samples: [(now, 1)],
            exemplars: [([("trace_id", "0a")], now, 1), ([], now + 700_000, 1), ([("", "x")], now, 1)],
            metadata: (.gauge, "Whether it is up.", ""))
        let reply = try await server.send(
            .post, "/api/v1/write",
            headers: [.contentType: "application/x-protobuf;proto=io.prometheus.write.v2.Request", .contentEncoding: "snappy"],
            body: SnappyBlock.compress(body.bytes()))
        #expect(reply.status == 400 && reply.body.hasPrefix("1 samples stored, 0 not. "), "\(reply.body)")
        let text = try await server.send(.get, "/metrics").body
        for line in [
            #"exemplars_accepted_total{signal="metrics",protocol="remote_write"} 1"#,
            #"exemplars_refused_total{signal="metrics",protocol="remote_write",reason="too_far_in_future"} 1"#,
            #"exemplars_refused_total{signal="metrics",protocol="remote_write",reason="invalid_labels"} 1"#,
            #"metadata_accepted_total{signal="metrics",protocol="remote_write"} 1"#,
            #"accepted_total{signal="metrics",protocol="remote_write"} 1"#,
        ] { #expect(text.contains("headrope_intake_\(line)\n"), "\(line)") }
        #expect(text.contains("headrope_store_exemplars 1\n") && text.contains("headrope_store_metadata 1\n"))
        #expect(try await server.send(.get, "/api/v1/query_exemplars?query=up").body.contains(#""trace_id":"0a""#))
        #expect(try await server.send(.get, "/api/v1/metadata?metric=up").body.contains("Whether it is up."))
    }

    private static let counter = #""b_total":[{"type":"counter","help":"How \"many\".","unit":""}]"#
    private static let histogram = #""a":[{"type":"histogram","help":"","unit":"seconds"}]"#

    @Test(
        "metadata are told of one metric or of all, within the limit",
        arguments: [
            ("", "\(histogram),\(counter)"), ("metric=b_total", counter), ("metric=none", ""), ("limit=1", histogram),
            ("limit=0", ""), ("limit=-1&limit_per_metric=1", "\(histogram),\(counter)"), ("limit_per_metric=0&metric=a", histogram),
        ])
    func metadata(parameters: String, data: String) async throws {
        let reply = try await server().send(.get, "/api/v1/metadata?\(parameters)")
        #expect(reply.body == #"{"status":"success","data":{\#(data)}}"#)
    }

    @Test("limits that are no numbers are a bad request", arguments: ["limit=x", "limit_per_metric=1.5"])
    func badLimits(parameters: String) async throws {
        let reply = try await server().send(.get, "/api/v1/metadata?\(parameters)")
        #expect(reply.status == 400 && reply.body.contains("must be a number"))
    }
}
