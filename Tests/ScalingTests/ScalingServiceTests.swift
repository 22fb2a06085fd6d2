import Answers
import Foundation
import Logging
import Platform
import StateStore
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@testable import Scaling

@Suite("Scaling service")
struct ScalingServiceTests {
    static let now: UInt64 = 1_700_000_000_000_000_000

    /// Requests to `orders` that spend `database` of their 100 ms in one statement, on a host whose CPU is in use by `cpu`.
    static func store(database: Double, cpu: Double?) throws -> InMemoryStore {
        let store = InMemoryStore(time: ManualTime(now: now), rollup: { RollupBuilder.rollup($0) })
        let resource = Resource(attributes: [
            Attribute("service.name", "orders"), Attribute("service.instance.id", "o-1"), Attribute("host.name", "h1"),
        ])
        var spans = SpanBatch()
        for index in 0..<UInt64(60) {
            let start = now - 240_000_000_000 + index * 1_000_000_000
            let trace = TraceID(high: 7, low: index + 1)
            spans.append(
                Span(
                    traceID: trace, spanID: SpanID(1), name: "GET /orders", kind: .server, start: start, end: start + 100_000_000,
                    resource: resource))
            let statement = [
                Attribute("db.system.name", "mysql"), Attribute("db.query.text", "SELECT * FROM t WHERE id = \(index)"),
            ]
            let length = UInt64(database * 100_000_000)
            spans.append(
                Span(
                    traceID: trace, spanID: SpanID(2), parentSpanID: SpanID(1), name: "SELECT", kind: .client, start: start,
                    end: start + length,
                    attributes: statement, resource: resource))
        }
        _ = try store.write(spans)
        guard let cpu else { return store }
        var metrics = MetricBatch()
        for (mode, share) in [("user", cpu), ("idle", 1 - cpu)] {
            let labels = Labels([
                "__name__": "system_cpu_time_seconds_total", "cpu_mode": mode, "cpu_logical_number": "0", "host_name": "h1",
            ])
            metrics.append(
                labels,
                (0...40).map {
                    Sample(timestamp: Int64(now / 1_000_000) - 600_000 + Int64($0) * 15_000, value: 100 + share * 15 * Double($0))
                })
        }
        _ = try store.write(metrics)
        return store
    }

    static func events(_ store: InMemoryStore, goal: Double) async throws -> [ScalingEvent] {
        var policy = ScalingPolicy(name: "p", service: "orders", minimum: 1, maximum: 4, webhook: "http://127.0.0.1:9/")
        policy.goals.p95Seconds = goal
        policy.stabilization = 1
        let time = ManualTime(now: now)
        let state = try StateStore()
        let service = ScalingService(
            policies: [policy], answers: AnswerEngine(store: store, time: time), state: state,
            pool: BlockingPool(name: "test", threadCount: 1, queueLimit: 4), time: time,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await service.tick()
        let told = try state.dueMessages(now: .max, limit: 10)
        #expect(told.allSatisfy { $0.message.headers["Content-Type"]?.hasPrefix("application/cloudevents+json") == true })
        return try told.map { try JSONDecoder().decode(ScalingEvent.self, from: Data($0.message.body)) }
    }

    @Test("Held up by a statement: throttle, with the statement's fingerprint and a trace")
    func throttle() async throws {
        let event = try #require(try await Self.events(try Self.store(database: 0.9, cpu: 0.95), goal: 0.05).first)
        #expect(event.specversion == "1.0" && event.subject == "orders")
        #expect(event.data.decision.verdict == .throttle)
        let statement = try #require(event.data.decision.evidence.first { $0.kind == "statement" })
        #expect(statement.fingerprint == "SELECT * FROM t WHERE id = ?")
        #expect(!statement.traceIDs.isEmpty)
        #expect(event.data.coolDownUntil != nil)
    }

    @Test("Busy with its own work: scale out")
    func scaleOut() async throws {
        let event = try #require(try await Self.events(try Self.store(database: 0.1, cpu: 0.95), goal: 0.05).first)
        #expect(event.data.decision.verdict == .scaleOut)
        #expect(event.data.decision.desiredInstances == 2)
    }

    @Test("Well: hold. Without an agent on its host, or without traces: hold, and it says what is missing")
    func hold() async throws {
        let well = try #require(try await Self.events(try Self.store(database: 0.1, cpu: 0.2), goal: 0.5).first)
        #expect(well.data.decision.verdict == .hold && well.data.coolDownUntil == nil)
        let blind = try #require(try await Self.events(try Self.store(database: 0.9, cpu: nil), goal: 0.05).first)
        #expect(blind.data.decision.verdict == .hold)
        #expect(blind.data.decision.evidence.map(\.kind) == ["missing"])
        let empty = try #require(try await Self.events(InMemoryStore(time: ManualTime(now: Self.now)), goal: 0.05).first)
        #expect(empty.data.decision.verdict == .hold)
        #expect(empty.data.decision.inputs["database"] == nil)
    }
}
