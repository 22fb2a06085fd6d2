import Answers
import Platform
import TelemetryModel
import TestSupport
import TraceAnalysis

/// A store with ten minutes of a small shop: one order a second, every tenth fails, statements below it, and an agent's
/// metrics for the host of the orders. Times count from 2026-11-21T09:00:00Z.
struct ShopStore {
    static let begin: UInt64 = 1_795_251_600_000_000_000
    static let second: UInt64 = 1_000_000_000
    static let orders: UInt64 = 600

    let store: InMemoryStore
    let engine: AnswerEngine
    let end = begin + 600 * second

    /// One for all tests that only read.
    static let shared = Result { try ShopStore() }

    private init() throws {
        let time = ManualTime(now: Self.begin + 600 * Self.second)
        store = InMemoryStore(time: time, rollup: { RollupBuilder.rollup($0) })
        engine = AnswerEngine(store: store, time: time)
        var batch = SpanBatch()
        for number in 0..<Self.orders { Self.order(number, &batch) }
        _ = try store.write(batch)
        _ = try store.write(Self.metrics())
    }

    /// The gateway calls orders, which asks MySQL (twelve times in every tenth order) and Redis, and sends a message.
    private static func order(_ number: UInt64, _ batch: inout SpanBatch) {
        let trace = TraceID(high: 1, low: number + 1)
        let start = begin + number * second
        let failed = number % 10 == 9
        func span(
            _ id: UInt64, _ parent: UInt64, _ service: String, _ name: String, _ kind: SpanKind, _ from: UInt64, _ to: UInt64,
            _ attributes: [Attribute] = []
        ) {
            let resource = Resource(attributes: [
                Attribute("service.name", service), Attribute("service.instance.id", "\(service)-1"),
                Attribute("service.version", "1.2"), Attribute("host.name", "host-\(service)"),
            ])
            batch.append(
                Span(
                    traceID: trace, spanID: SpanID(id), parentSpanID: SpanID(parent), name: name, kind: kind,
                    start: start + from * 1_000_000, end: start + to * 1_000_000, status: failed && id <= 3 ? .error : .unset,
                    attributes: attributes, resource: resource))
        }
        let code = Attribute("http.response.status_code", .int(failed ? 500 : 200))
        span(1, 0, "gateway", "POST /order", .server, 0, 100, [code, Attribute("client.address", "10.0.0.\(number % 3)")])
        span(2, 1, "gateway", "POST", .client, 10, 90)
        span(3, 2, "orders", "POST /orders", .server, 15, 85, [code])
        for execution in 0..<(failed ? UInt64(12) : 1) {
            let at = 20 + execution * 2
            span(
                10 + execution, 3, "orders", "INSERT shop", .client, at, at + 2,
                [
                    Attribute("db.system.name", "mysql"), Attribute("db.namespace", "shop"), Attribute("server.address", "db1"),
                    Attribute("db.query.text", "INSERT INTO item VALUES (\(number), 'x')"),
                ])
        }
        span(
            4, 3, "orders", "GET", .client, 50, 51,
            [Attribute("db.system.name", "redis"), Attribute("db.query.text", "GET cart:\(number)")])
        span(5, 3, "orders", "mail send", .producer, 60, 61, [Attribute("messaging.system", "kafka")])
        span(6, 5, "mail", "mail process", .consumer, 200, 300)
    }

    /// A CPU that is busy half of the time, and memory used to a quarter.
    private static func metrics() -> MetricBatch {
        var batch = MetricBatch()
        func series(_ name: String, _ label: String, _ value: String, _ at: (Int64) -> Double) {
            let labels = Labels([Label("__name__", name), Label(label, value), Label("host_name", "host-orders")])
            let first = Int64(begin / 1_000_000)
            batch.append(labels, (0...40).map { Sample(timestamp: first + $0 * 15_000, value: at($0 * 15)) })
        }
        series("system_cpu_time_seconds_total", "cpu_mode", "user") { Double($0) / 2 }
        series("system_cpu_time_seconds_total", "cpu_mode", "idle") { Double($0) / 2 }
        series("system_memory_usage_bytes", "system_memory_state", "used") { _ in 1024 }
        series("system_memory_usage_bytes", "system_memory_state", "free") { _ in 3072 }
        series("system_disk_io_bytes_total", "disk_io_direction", "read") { Double($0) * 100 }
        return batch
    }
}
