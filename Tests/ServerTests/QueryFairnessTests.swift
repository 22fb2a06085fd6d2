import Hummingbird
import Platform
import QueryEngine
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import Server

@Suite("Queries side by side")
struct QueryFairnessTests {
    /// A server whose metric `heavy` has 50 series that are read only when the gate is open, beside a metric `light`.
    private func server(_ change: (inout ServerConfiguration.Queries) -> Void) throws -> (TestServer, GatedReader) {
        let now = Int64(TestServer.now / 1_000_000)
        let time = ManualTime(now: TestServer.now)
        let store = InMemoryStore(time: time)
        var batch = MetricBatch()
        for index in 0..<50 {
            batch.append(Labels(["__name__": "heavy", "n": "\(index)"]), [Sample(timestamp: now, value: 1)])
        }
        batch.append(Labels(["__name__": "light"]), [Sample(timestamp: now, value: 7)])
        _ = try store.write(batch)
        var configuration = ServerConfiguration()
        configuration.queries.lightSamples = 20
        change(&configuration.queries)
        let gate = GatedReader(store, name: "heavy")
        var dependencies = try TestServer.dependencies(store: store, time: time, configuration: configuration)
        dependencies.queries = QueryRunner(configuration.queries, reader: gate, time: time)
        return (try TestServer(dependencies: dependencies), gate)
    }

    private func ask(_ server: TestServer, _ query: String) -> Task<TestServer.Reply, any Error> {
        Task { try await server.send(.get, "/api/v1/query?query=\(query)") }
    }

    @Test("heavy queries at their limit do not keep light ones from being answered, and are answered themselves in the end")
    func light() async throws {
        let (server, gate) = try server {
            $0.maxConcurrency = 3
            $0.maxHeavy = 1
        }
        let admission = server.dependencies.queries.admission
        // It holds the heavy place as long as the gate is closed.
        let first = ask(server, "sum(heavy)")
        while gate.arrivedCount < 1 { await Task.yield() }
        // These begin in light places and turn out to be heavy, as they make more than 20 results.
        let others = (0..<5).map { _ in ask(server, "count_over_time(vector(1)[1h:1m])") }
        while admission.waitingCount < others.count { await Task.yield() }
        #expect(try await ask(server, "light").value.body.contains(#""7"]"#))
        #expect(try await server.send(.get, "/api/v1/labels").body.contains("__name__"))
        #expect(admission.takenCount(.heavy) == 1 && admission.waitingCount == others.count)
        gate.open()
        #expect(try await first.value.body.contains(#""50"]"#))
        for other in others { #expect(try await other.value.body.contains(#""60"]"#)) }
        #expect(admission.takenCount(.light) == 0 && admission.takenCount(.heavy) == 0 && admission.waitingCount == 0)
    }

    @Test("beyond its limits a query is 422 or 400 with a sentence, whatever place it had")
    func limits() async throws {
        let (server, gate) = try server {
            $0.maxSamples = 1_000
            $0.maxSeries = 30
            $0.maxSteps = 10
        }
        gate.open()
        let long = "count_over_time(vector(1)[1h:1s])"
        for (path, status, part) in [
            ("query?query=\(long)", 422, "more than the limit of samples"),
            ("query?query=heavy", 422, "more than its limit of 30 series"),
            ("query_range?query=light&start=0&end=11&step=1", 400, "maximum resolution of 10 points"),
            ("query_range?query=1&start=0&end=10&step=1", 200, "success"),
        ] {
            let reply = try await server.send(.get, "/api/v1/\(path)")
            #expect(reply.status == status && reply.body.contains(part), "\(path): \(reply.body)")
        }
        let text = try await server.send(.get, "/metrics").body
        #expect(text.contains("headrope_queries_total{result=\"execution\"} 2\n"))
        #expect(text.contains("headrope_queries_total{result=\"success\"} 1\n"))
    }
}
