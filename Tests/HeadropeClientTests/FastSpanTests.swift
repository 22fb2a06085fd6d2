import TelemetryModel
import TestSupport
import Testing
import Tracing

@testable import HeadropeClient

@Suite("Fast spans", .timeLimit(.minutes(1)))
struct FastSpanTests {
    private func tracer(
        _ endpoint: String, _ configure: (inout HeadropeTracer.Configuration) -> Void = { _ in }
    ) throws -> HeadropeTracer {
        var configuration = HeadropeTracer.Configuration(serviceName: "shop", endpoint: endpoint)
        configuration.exportAttemptLimit = 1
        configure(&configuration)
        return try HeadropeTracer(configuration)
    }

    @Test("everything said to a fast span arrives, and its parents and children are found")
    func wholeSpan() async throws {
        try await OTLPReceiver.run { receiver, origin in
            let tracer = try tracer(origin)
            let request = tracer.startSpan("request", context: .topLevel)
            let lookup = tracer.startFast("lookup", in: request.context, ofKind: .client)
            lookup.set("hits", 3)
            lookup.set("ratio", 0.5)
            lookup.set("cached", true)
            lookup.set("store", "memory")
            lookup.fail()
            lookup.child("inner").end()
            tracer.startSpan("ordinary", context: lookup.context(in: request.context)).end()
            lookup.end()
            request.end()
            #expect(await tracer.flush())
            let spans = Dictionary(uniqueKeysWithValues: receiver.spans.map { ($0.name, $0) })
            let sent = try #require(spans["lookup"])
            #expect(Set(spans.values.map(\.traceID)).count == 1 && spans.count == 4)
            #expect(sent.parentSpanID == spans["request"]?.spanID && sent.kind == .client && sent.status == .error)
            #expect(spans["inner"]?.parentSpanID == sent.spanID && spans["ordinary"]?.parentSpanID == sent.spanID)
            #expect(
                sent.attributes == [
                    Attribute("cached", .bool(true)), Attribute("hits", .int(3)), Attribute("ratio", .double(0.5)),
                    Attribute("store", "memory"),
                ])
            #expect(sent.start > 0 && sent.end >= sent.start && sent.flags == 0x101)
            await tracer.shutdown()
            #expect(tracer.statistics.exported == 4)
        }
    }

    @Test("a fast span ends where it goes out of scope, and annotations beyond the limit are counted")
    func scope() async throws {
        try await OTLPReceiver.run { receiver, origin in
            let tracer = try tracer(origin)
            do {
                let span = tracer.startFast("root")
                for index in 0..<10 { span.set("key", index) }
            }
            #expect(await tracer.flush())
            let sent = try #require(receiver.spans.first)
            #expect(sent.parentSpanID.isZero && sent.attributes == [Attribute("key", .int(7))])
            #expect(sent.droppedAttributeCount == 2)
            await tracer.shutdown()
        }
    }

    @Test("what is not sampled is not recorded, and its children are not")
    func unsampled() async throws {
        let tracer = try tracer("http://127.0.0.1:1") { $0.sampler = .parentBased(ratio: 0) }
        let root = tracer.startFast("root")
        root.set("ignored", 1)
        let child = root.child("child")
        #expect(!root.isRecording && !child.isRecording)
        #expect(!tracer.startSpan("ordinary", context: child.context()).isRecording)
        child.end()
        root.end()
        #expect(tracer.statistics == ExportStatistics())
        await tracer.shutdown()
    }

    @Test("open spans are bounded: the newest find no slot and are counted, and a slot is used again")
    func bounds() async throws {
        let tracer = try tracer("http://127.0.0.1:1") { $0.fastSpanLimit = 1 }
        let root = tracer.startFast("root")
        for _ in 0..<10_000 { root.child("child").end() }
        root.end()
        await tracer.shutdown()
        let statistics = tracer.statistics
        #expect(statistics.ended == 10_001 && statistics.waiting == 0)
        #expect(statistics.droppedByFastSpanLimit + statistics.droppedByExport + statistics.droppedByQueue == 10_001)
        #expect(statistics.droppedByExport >= 64)
    }

    @Test("spans of many tasks at once arrive whole, each of them once")
    func concurrent() async throws {
        try await OTLPReceiver.run { receiver, origin in
            let tracer = try tracer(origin) { $0.fastSpanLimit = 1 << 16 }
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for index in 0..<250 {
                            let span = tracer.startFast("work")
                            span.set("task", task)
                            span.set("index", index)
                            if index % 50 == 0 { await Task.yield() }
                            span.end()
                        }
                    }
                }
            }
            #expect(await tracer.flush(timeout: .seconds(60)))
            let spans = receiver.spans
            #expect(Set(spans.map(\.spanID)).count == 2_000)
            var seen: Set<String> = []
            for span in spans {
                #expect(span.attributes.count == 2)
                seen.insert(span.attributes.map { "\($0.value)" }.joined(separator: ","))
            }
            #expect(seen.count == 2_000)
            await tracer.shutdown()
        }
    }
}
