import Platform
import TelemetryModel
import Testing

@testable import TraceAnalysis

@Suite("RollupBuilder")
struct RollupBuilderTests {
    private static let second: UInt64 = 1_000_000_000

    /// A shop: gateway → orders → database, cache, a message to mail, and a payment provider that sends no spans.
    private func shop() -> TraceBuilder {
        var trace = TraceBuilder()
        let start = 120 * Self.second
        trace.span(
            1, "gateway", "GET /order", .server, from: start, to: start + 100, status: .error,
            [Attribute("http.response.status_code", .int(503))])
        trace.span(2, parent: 1, "gateway", "GET", .client, from: start + 10, to: start + 90)
        trace.span(3, parent: 2, "orders", "GET /o", .server, from: start + 20, to: start + 80, status: .error)
        for id in UInt64(10)..<13 {
            trace.span(
                id, parent: 3, "orders", "SELECT", .client, from: start + 20 + id, to: start + 24 + id,
                [
                    Attribute("db.system.name", "mysql"), Attribute("db.namespace", "shop"), Attribute("server.address", "db1"),
                    Attribute("db.query.text", "SELECT * FROM item WHERE id = \(id)"),
                ])
        }
        trace.span(
            20, parent: 3, "orders", "GET", .client, from: start + 40, to: start + 41,
            [Attribute("db.system", "redis"), Attribute("db.statement", "GET cart:7"), Attribute("net.peer.name", "cache1")])
        trace.span(
            30, parent: 3, "orders", "pay", .client, from: start + 50, to: start + 60,
            [Attribute("url.full", "https://user@pay.example:8443/charge?x=1")])
        trace.span(
            40, parent: 3, "orders", "mail send", .producer, from: start + 60, to: start + 61,
            [Attribute("messaging.system", "kafka"), Attribute("messaging.destination.name", "mails")])
        trace.span(41, parent: 40, "mail", "mail process", .consumer, from: start + 200, to: start + 300)
        trace.span(
            50, parent: 3, "orders", "audit send", .producer, from: start + 62, to: start + 63,
            [Attribute("messaging.system", "kafka"), Attribute("messaging.destination.name", "audit")])
        return trace
    }

    @Test("edges are named by service, database, queue and peer, and say who saw them")
    func edges() {
        let edges = RollupBuilder.rollup(shop().batch).edges
        func row(_ caller: String, _ callee: String, _ kind: EdgeKind) -> EdgeRollup? {
            edges[EdgeKey(minute: 2, caller: caller, callee: callee, kind: kind)]
        }
        #expect(edges.count == 6)
        #expect(row("gateway", "orders", .call)?.errors == 1)
        #expect(row("gateway", "orders", .call)?.durations.maximum == 60)
        #expect(row("gateway", "orders", .call)?.seenByClient == 1)
        #expect(row("gateway", "orders", .call)?.seenByServer == 1)
        #expect(row("orders", "mysql:shop", .database)?.calls == 3)
        #expect(row("orders", "mysql:shop", .database)?.seenByServer == 0)
        #expect(row("orders", "redis", .database)?.calls == 1)
        #expect(row("orders", "pay.example", .external)?.calls == 1)
        #expect(row("orders", "mail", .messaging)?.seenByServer == 1)
        #expect(row("orders", "kafka:audit", .messaging)?.seenByClient == 1)
    }

    @Test("statements count together by fingerprint, with the call that ran them and how often it did")
    func statements() {
        let statements = RollupBuilder.rollup(shop().batch).statements
        #expect(statements.count == 2)
        let key = StatementKey(
            minute: 2, system: "mysql", namespace: "shop", host: "db1", fingerprint: "SELECT * FROM item WHERE id = ?",
            callerService: "orders", callerOperation: "GET /o")
        #expect(statements[key]?.calls == 3)
        #expect(statements[key]?.maximumPerCaller == 3)
        let redis = StatementKey(
            minute: 2, system: "redis", namespace: "", host: "cache1", fingerprint: "GET cart:?", callerService: "orders",
            callerOperation: "GET /o")
        #expect(statements[redis]?.calls == 1)
    }

    @Test("operations know their status codes, entries and roots")
    func operations() {
        let table = RollupBuilder.rollup(shop().batch)
        let root = table.operations[OperationKey(minute: 2, service: "gateway", operation: "GET /order", kind: .server)]
        #expect(root?.codeClasses == [0, 0, 0, 0, 0, 1])
        #expect(root?.rootCalls == 1)
        #expect(root?.entryCalls == 1)
        let inner = table.operations[OperationKey(minute: 2, service: "orders", operation: "GET /o", kind: .server)]
        #expect(inner?.rootCalls == 0)
        #expect(inner?.entryCalls == 1)
        #expect(table.operations[OperationKey(minute: 2, service: "orders", operation: "SELECT", kind: .client)]?.entryCalls == 0)
        #expect(table.nodes.values.reduce(0) { $0 + $1.criticalNanoseconds } == 100)
    }

    @Test("instances are named by their own id, their container, or host and process")
    func instances() {
        var trace = TraceBuilder()
        trace.span(1, "a", from: 5, to: 6, resource: [Attribute("service.instance.id", "a-1"), Attribute("service.version", "2")])
        trace.span(2, "b", from: 5, to: 6, resource: [Attribute("container.id", "c0"), Attribute("host.name", "h")])
        trace.span(3, "c", from: 7, to: 8, resource: [Attribute("host.name", "h"), Attribute("process.pid", .int(42))])
        let instances = RollupBuilder.rollup(trace.batch).instances
        #expect(Set(instances.keys.map { "\($0.service) \($0.instance) \($0.version)" }) == ["a a-1 2", "b c0 ", "c h:42 "])
        #expect(instances.first { $0.key.service == "c" }?.value.lastSeen == 7)
    }

    @Test("a consumer that links to a producer of its trace is its callee")
    func links() {
        var trace = TraceBuilder()
        let target = SpanLink(traceID: trace.trace, spanID: SpanID(2))
        trace.span(1, "shop", "order", .server, from: 0, to: 10)
        trace.span(2, parent: 1, "shop", "send", .producer, from: 1, to: 2, [Attribute("messaging.system", "kafka")])
        trace.span(3, "mail", "process", .consumer, from: 20, to: 30, links: [target])
        let edges = RollupBuilder.rollup(trace.batch).edges
        #expect(edges.keys.map { "\($0.caller) \($0.callee)" } == ["shop mail"])
    }

    @Test(
        "the sums are the same however the rows lie and however the traces are split into batches",
        arguments: [1, 2, 3] as [UInt64])
    func splitting(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let spans = RandomTraces.spans(traces: 20, &random)
        var sum = RollupTable()
        for trace in Set(spans.map(\.traceID)) {
            var batch = SpanBatch()
            for span in spans where span.traceID == trace { batch.append(span) }
            sum.merge(RollupBuilder.rollup(batch))
        }
        var shuffled = SpanBatch()
        for span in spans.shuffled(using: &random) { shuffled.append(span) }
        #expect(RollupBuilder.rollup(shuffled) == sum, "seed \(seed)")
    }

    @Test("operations are what a plain count of the spans says", arguments: [4, 5] as [UInt64])
    func recount(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let spans = RandomTraces.spans(traces: 30, &random)
        var batch = SpanBatch()
        for span in spans { batch.append(span) }
        let from = UInt64(65_000_000_000)
        let through = UInt64(130_000_000_000)
        let table = RollupBuilder.rollup(batch, counting: from...through)
        var expected: [OperationKey: [Span]] = [:]
        for span in spans where span.start >= from && span.start <= through {
            let key = OperationKey(
                minute: Int64(span.start / 60_000_000_000), service: span.resource.serviceName, operation: span.name,
                kind: span.kind)
            expected[key, default: []].append(span)
        }
        #expect(Set(table.operations.keys) == Set(expected.keys), "seed \(seed)")
        for (key, spans) in expected {
            let row = table.operations[key]
            #expect(row?.calls == UInt64(spans.count), "seed \(seed)")
            #expect(row?.errors == UInt64(spans.count { $0.status == .error }), "seed \(seed)")
            #expect(row?.durations.sumNanoseconds == spans.reduce(0) { $0 + $1.duration }, "seed \(seed)")
        }
        let executions = spans.filter { $0.attributes["db.system.name"] != nil && $0.start >= from && $0.start <= through }
        #expect(table.statements.values.reduce(0) { $0 + $1.calls } == UInt64(executions.count), "seed \(seed)")
    }

    @Test("many batches, added one after the other, come to the sum of their tables", arguments: [UInt64(3), 77, 4_242])
    func batches(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var builder = RollupBuilder()
        var sum = RollupTable()
        for _ in 0..<40 {
            let batch = SpanBatch(RandomTraces.spans(traces: Int.random(in: 1...30, using: &random), &random))
            builder.add(batch)
            sum.merge(RollupBuilder.rollup(batch))
        }
        #expect(builder.table() == sum, "seed \(seed)")
    }
}

/// Traces of random shape for comparing one way of adding up with another.
enum RandomTraces {
    static func spans(traces: Int, _ random: inout SeededRandom) -> [Span] {
        var spans: [Span] = []
        for trace in 1...traces {
            let count = Int.random(in: 1...12, using: &random)
            let begin = UInt64.random(in: 0...180, using: &random) * 1_000_000_000
            for id in 1...count {
                let parent = id == 1 ? 0 : UInt64.random(in: 1...UInt64(id - 1), using: &random)
                let start = begin + UInt64.random(in: 0...5_000_000_000, using: &random)
                let service = "service\(Int.random(in: 0...3, using: &random))"
                let kind = SpanKind.allCases.randomElement(using: &random) ?? .internal
                var span = Span(
                    traceID: TraceID(high: 1, low: UInt64(trace)), spanID: SpanID(UInt64(id)), parentSpanID: SpanID(parent),
                    name: "op\(Int.random(in: 0...4, using: &random))", kind: kind, start: start,
                    end: start + UInt64.random(in: 0...2_000_000_000, using: &random),
                    status: Int.random(in: 0...4, using: &random) == 0 ? .error : .unset,
                    resource: Resource(attributes: [Attribute("service.name", service), Attribute("host.name", "h\(service)")]))
                // A child client never has children of its own here that are statements, so every one counts.
                if kind == .client, id == count {
                    span.attributes = [
                        Attribute("db.system.name", "sqlite"), Attribute("db.query.text", "SELECT \(id) FROM t\(trace % 3)"),
                    ]
                }
                spans.append(span)
            }
        }
        return spans
    }
}
