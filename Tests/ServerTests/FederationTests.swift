import Hummingbird
import Platform
import QueryEngine
import Storage
import Synchronization
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("Federation")
struct FederationTests {
    private static let now = Int64(TestServer.now / 1_000_000)

    private func server() throws -> TestServer {
        let store = InMemoryStore(time: ManualTime(now: TestServer.now), outOfOrderWindow: .max / 4)
        var batch = MetricBatch()
        func add(_ labels: [String: String], _ samples: (ago: Int64, value: Double)...) {
            batch.append(
                Labels(labels.map { Label($0.key, $0.value) }),
                samples.map { Sample(timestamp: Self.now - $0.ago, value: $0.value) })
        }
        add(["__name__": "hits_total", "instance": "a", "path": "q\"\\\n"], (30_000, 1), (15_000, 1_234_567))
        add(["__name__": "hits_total", "job": "shop"], (0, 0.1))
        for (bound, value) in [("0.5", 3.0), ("+Inf", 4)] {
            add(["__name__": "lat_bucket", "le": bound, "instance": "a"], (0, value))
        }
        add(["__name__": "lat_count", "instance": "a"], (0, 4))
        add(["__name__": "lat_errors", "instance": "a"], (0, .nan))
        add(["__name__": "my.metric", "http.status": "200", "instance": "a"], (1, -.infinity))
        add(["__name__": "old", "instance": "a"], (300_000, 1))
        add(["__name__": "edge", "instance": "a"], (299_999, 1e-7))
        add(["__name__": "gone", "instance": "a"], (20_000, 1), (10_000, Sample.staleMarker))
        batch.metadata = [
            MetricMetadata(metric: "hits_total", type: .counter, help: "Hits \\ of\n\"all\".", unit: ""),
            MetricMetadata(metric: "lat", type: .histogram, help: "", unit: "seconds"),
        ]
        _ = try store.write(batch)
        return try TestServer(dependencies: TestServer.dependencies(store: store))
    }

    private static let everything = "/federate?match%5B%5D=%7B__name__=~%22.%2B%22%7D"

    private static let text = #"""
        # TYPE edge untyped
        edge{instance="a"} 1e-07 1767322745001
        # HELP hits_total Hits \\ of\n"all".
        # TYPE hits_total counter
        hits_total{instance="a",path="q\"\\\n"} 1.234567e+06 1767323030000
        hits_total{job="shop",instance=""} 0.1 1767323045000
        # TYPE lat histogram
        lat_bucket{instance="a",le="+Inf"} 4 1767323045000
        lat_bucket{instance="a",le="0.5"} 3 1767323045000
        lat_count{instance="a"} 4 1767323045000
        # TYPE lat_errors untyped
        lat_errors{instance="a"} NaN 1767323045000
        # TYPE my_metric untyped
        my_metric{http_status="200",instance="a"} -Inf 1767323044999

        """#

    @Test("the newest sample of each series is told, with what is known of its family, in the form that everybody reads")
    func plain() async throws {
        let reply = try await server().send(.get, Self.everything)
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
        #expect(reply.body == Self.text)
    }

    @Test("OpenMetrics is told to who likes it better")
    func openMetrics() async throws {
        let accept = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5"
        let reply = try await server().send(
            .get, "/federate?match%5B%5D=hits_total&match%5B%5D=lat_count&match%5B%5D=%7Bjob=%22shop%22%7D",
            headers: [.accept: accept])
        #expect(
            reply.headers[.contentType] == "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores")
        #expect(
            reply.body == #"""
                # HELP hits Hits \\ of\n\"all\".
                # TYPE hits counter
                hits_total{instance="a",path="q\"\\\n"} 1.234567e+06 1767323030.000
                hits_total{job="shop",instance=""} 0.1 1767323045.000
                # TYPE lat histogram
                lat_count{instance="a"} 4.0 1767323045.000
                # EOF

                """#)
    }

    @Test(
        "names that are not plain are told as the client asks",
        arguments: [
            ("allow-utf-8", "# TYPE \"my.metric\" untyped\n{\"my.metric\",\"http.status\"=\"200\",instance=\"a\"} -Inf"),
            ("dots", "# TYPE my_dot_metric untyped\nmy_dot_metric{http_dot_status=\"200\",instance=\"a\"} -Inf"),
            ("values", "# TYPE U__my_2e_metric untyped\nU__my_2e_metric{U__http_2e_status=\"200\",instance=\"a\"} -Inf"),
            ("nonsense", "# TYPE my_metric untyped\nmy_metric{http_status=\"200\",instance=\"a\"} -Inf"),
        ])
    func escaping(scheme: String, body: String) async throws {
        let reply = try await server().send(
            .get, "/federate?match%5B%5D=%7B%22my.metric%22%7D",
            headers: [.accept: "text/plain;version=1.0.0;escaping=\(scheme)"])
        #expect(reply.body == body + " 1767323044999\n")
        let told = scheme == "nonsense" ? "underscores" : scheme
        #expect(reply.headers[.contentType] == "text/plain; version=1.0.0; charset=utf-8; escaping=\(told)")
    }

    @Test("nothing is asked, nothing is told; mistakes are told as plain text")
    func mistakes() async throws {
        let server = try server()
        let nothing = try await server.send(.get, "/federate")
        #expect(nothing.status == 200 && nothing.body.isEmpty)
        for bad in ["rate(x)", "%7B%7D", "x%7B"] {
            let reply = try await server.send(.get, "/federate?match%5B%5D=\(bad)")
            #expect(reply.status == 400 && reply.headers[.contentType] == "text/plain; charset=utf-8", "\(reply.body)")
            #expect(!reply.body.isEmpty && !reply.body.hasPrefix("{"))
        }
        #expect(try await server.send(.post, "/federate").status == 405)
    }

    @Test("what is too much is refused with a sentence")
    func limits() async throws {
        var server = try server().dependencies
        server.configuration.queries.maxAnswerSize = 100
        let long = try await TestServer(dependencies: server).send(.get, Self.everything)
        #expect(long.status == 422 && long.body.hasPrefix("The answer has more than 100 bytes"))
        var limits = ServerConfiguration.Queries()
        limits.maxSeries = 3
        server.queries = QueryRunner(limits, reader: server.store, time: server.time)
        let many = try await TestServer(dependencies: server).send(.get, Self.everything)
        #expect(many.status == 422 && many.body == "There are more series than the limit of 3.")
    }

    /// Two hundred series; the question is given up when they are read for the second time.
    private struct GivenUp: MetricReader {
        let context: QueryContext
        let scanCount = Counter()

        final class Counter: Sendable { let value = Atomic<Int>(0) }

        func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
            if scanCount.value.add(1, ordering: .relaxed).newValue == 2 { context.cancel() }
            for number in 0..<200 {
                let labels = Labels(["__name__": "hits", "number": "\(number)"])
                try SeriesSamples(labels: labels, timestamps: [1_000], values: [1]).withView(body)
            }
        }
        func series(_ query: SeriesQuery, limit: Int) -> [Labels] { [] }
        func labelNames(_ query: SeriesQuery, limit: Int) -> [String] { [] }
        func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) -> [String] { [] }
    }

    @Test("ends when it is given up, also where it tells nothing because it did so before")
    func givenUp() throws {
        let context = QueryContext(time: ManualTime(now: TestServer.now))
        let matcher = [try LabelMatcher("__name__", .equal, "hits")]
        let error = #expect(throws: QueryError.self) {
            try NewestSamples(at: 1_000, context: context).read([matcher, matcher], GivenUp(context: context))
        }
        #expect(error?.kind == .cancelled)
    }
}
