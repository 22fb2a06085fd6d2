import Platform
import TestSupport
import Testing
import Tracing

@testable import HeadropeClient

@Suite("Export", .timeLimit(.minutes(1)))
struct ExportTests {
    private func configuration(_ endpoint: String) -> HeadropeTracer.Configuration {
        var configuration = HeadropeTracer.Configuration(serviceName: "shop", endpoint: endpoint)
        configuration.exportAttemptLimit = 1
        return configuration
    }

    private func end(_ count: Int, _ tracer: HeadropeTracer) {
        for index in 0..<count { tracer.startSpan("span \(index)", context: .topLevel).end() }
    }

    @Test("every span arrives once, in batches of the size asked for")
    func batches() async throws {
        try await OTLPReceiver.run { receiver, origin in
            var configuration = configuration(origin)
            configuration.batchSpanLimit = 100
            let tracer = try HeadropeTracer(configuration, time: ManualTime(now: 0))
            end(1_050, tracer)
            await tracer.shutdown()
            #expect(Set(receiver.spans.map(\.spanID)).count == 1_050)
            #expect(receiver.spans.count == 1_050)
            #expect((11...).contains(receiver.requestCount))
            #expect(tracer.statistics.exported == 1_050 && tracer.statistics.waiting == 0)
        }
    }

    @Test("an incomplete batch goes out when the interval is over, and not before")
    func interval() async throws {
        try await OTLPReceiver.run { receiver, origin in
            let time = ManualTime(now: 0)
            let tracer = try HeadropeTracer(configuration(origin), time: time)
            end(3, tracer)
            while time.sleeperCount < 1 { await Task.yield() }
            #expect(receiver.requestCount == 0)
            time.advance(nanoseconds: 1_000_000_000)
            while tracer.statistics.exported < 3 { await Task.yield() }
            #expect(receiver.requestCount == 1)
            await tracer.shutdown()
        }
    }

    @Test("a dead server costs bounded memory: the newest spans are dropped, and every one is counted")
    func deadServer() async throws {
        var configuration = configuration("http://127.0.0.1:1")
        configuration.queueSpanLimit = 200
        configuration.batchSpanLimit = 50
        let tracer = try HeadropeTracer(configuration)
        end(10_000, tracer)
        #expect(tracer.statistics.waiting <= 200)
        await tracer.shutdown()
        let statistics = tracer.statistics
        #expect(statistics.ended == 10_000)
        #expect(statistics.exported == 0 && statistics.refused == 0 && statistics.waiting == 0)
        #expect(statistics.droppedByExport >= 200)
        #expect(statistics.droppedByQueue + statistics.droppedByExport == 10_000)
    }

    @Test("a server that never answers keeps nobody waiting, and shutdown ends in time")
    func slowServer() async throws {
        try await OTLPReceiver.run { receiver, origin in
            receiver.behave(.hang)
            var configuration = configuration(origin)
            configuration.queueSpanLimit = 100
            configuration.batchSpanLimit = 10
            let tracer = try HeadropeTracer(configuration)
            end(1_000, tracer)
            while receiver.requestCount == 0 { await Task.yield() }
            #expect(tracer.statistics.waiting <= 100)
            #expect(await tracer.flush(timeout: .milliseconds(20)) == false)
            await tracer.shutdown(timeout: .milliseconds(20))
            let statistics = tracer.statistics
            #expect(statistics.exported == 0 && statistics.waiting == 0)
            #expect(statistics.droppedByQueue == 900 && statistics.droppedByExport == 100)
        }
    }

    @Test("the bytes that wait are bounded too")
    func byteLimit() async throws {
        var configuration = configuration("http://127.0.0.1:1")
        configuration.queueByteLimit = 64 << 10
        let tracer = try HeadropeTracer(configuration, time: ManualTime(now: 0))
        for _ in 0..<20 {
            let span = tracer.startSpan("large", context: .topLevel)
            span.attributes["text"] = String(repeating: "x", count: 8 << 10)
            span.end()
        }
        #expect((6...7).contains(tracer.statistics.waiting))
        await tracer.shutdown()
        #expect(tracer.statistics.droppedByQueue + tracer.statistics.droppedByExport == 20)
    }

    @Test("a span that is too large to wait is dropped whole, and the ones beside it keep their attributes")
    func largeSpan() async throws {
        try await OTLPReceiver.run { receiver, origin in
            var configuration = configuration(origin)
            configuration.queueByteLimit = 8 << 10
            let tracer = try HeadropeTracer(configuration, time: ManualTime(now: 0))
            // Twice, as the second batch is written where the first one was.
            for _ in 0..<2 {
                for (name, text) in [("small", "a"), ("large", String(repeating: "x", count: 16 << 10)), ("last", "b")] {
                    let span = tracer.startSpan(name, context: .topLevel)
                    span.attributes["first"] = 1
                    span.attributes["text"] = text
                    span.end()
                }
                #expect(await tracer.flush())
            }
            #expect(receiver.spans.map(\.name) == ["small", "last", "small", "last"])
            #expect(receiver.spans.map { $0.attributes.string("text") } == ["a", "b", "a", "b"])
            #expect(receiver.spans.allSatisfy { $0.attributes.count == 2 })
            await tracer.shutdown()
            #expect(tracer.statistics.droppedByQueue == 2 && tracer.statistics.exported == 4)
        }
    }

    @Test("spans that the server rejects are counted as refused")
    func partialSuccess() async throws {
        try await OTLPReceiver.run { receiver, origin in
            receiver.behave(.reject(3))
            let tracer = try HeadropeTracer(configuration(origin), time: ManualTime(now: 0))
            end(10, tracer)
            await tracer.shutdown()
            #expect(tracer.statistics.exported == 7 && tracer.statistics.refused == 3)
        }
    }

    @Test("a request that is refused for good is not repeated; one that may succeed later is given up after its attempts")
    func statuses() async throws {
        try await OTLPReceiver.run { receiver, origin in
            receiver.behave(.status(400))
            let tracer = try HeadropeTracer(configuration(origin), time: ManualTime(now: 0))
            end(2, tracer)
            #expect(await tracer.flush())
            #expect(receiver.requestCount == 1 && tracer.statistics.refused == 2)
            receiver.behave(.status(503))
            end(2, tracer)
            #expect(await tracer.flush())
            #expect(receiver.requestCount == 2 && tracer.statistics.droppedByExport == 2)
            receiver.behave(.accept)
            end(2, tracer)
            await tracer.shutdown()
            #expect(tracer.statistics.exported == 2)
        }
    }

    @Test("a server that says when to come back is asked again then, and nothing is lost")
    func retryAfter() async throws {
        try await OTLPReceiver.run { receiver, origin in
            receiver.behave(.unavailable(retryAfter: 0))
            var configuration = configuration(origin)
            configuration.exportAttemptLimit = 1_000_000
            let tracer = try HeadropeTracer(configuration)
            end(5, tracer)
            tracer.forceFlush()
            while receiver.requestCount < 3 { await Task.yield() }
            #expect(tracer.statistics.waiting == 5 && receiver.spans.isEmpty)
            receiver.behave(.accept)
            #expect(await tracer.flush())
            #expect(receiver.spans.count == 5 && tracer.statistics.exported == 5)
            receiver.behave(.unavailable(retryAfter: 3_600))
            end(2, tracer)
            #expect(await tracer.flush(), "who asks for an hour is not waited for")
            #expect(tracer.statistics.droppedByExport == 2)
            await tracer.shutdown()
        }
    }

    @Test("an answer that breaks off is a failure, and its spans are counted")
    func halfWay() async throws {
        try await OTLPReceiver.run { receiver, origin in
            receiver.behave(.closeHalfWay)
            let tracer = try HeadropeTracer(configuration(origin))
            end(4, tracer)
            #expect(await tracer.flush())
            #expect(tracer.statistics.droppedByExport == 4 && tracer.statistics.exported == 0)
            receiver.behave(.accept)
            end(3, tracer)
            #expect(await tracer.flush())
            #expect(receiver.spans.count == 3 && tracer.statistics.exported == 3)
            await tracer.shutdown()
        }
    }

    @Test("an attempt limit below one is one")
    func attemptLimit() async throws {
        var configuration = configuration("http://127.0.0.1:1")
        configuration.exportAttemptLimit = 0
        let tracer = try HeadropeTracer(configuration)
        end(1, tracer)
        await tracer.shutdown()
        #expect(tracer.statistics.droppedByExport == 1)
    }

    @Test("spans that end after shutdown are dropped and counted")
    func afterShutdown() async throws {
        let tracer = try HeadropeTracer(configuration("http://127.0.0.1:1"), time: ManualTime(now: 0))
        await tracer.shutdown()
        end(4, tracer)
        await tracer.shutdown()
        #expect(tracer.statistics.droppedByQueue == 4)
    }

    @Test("an answer that is no protobuf message counts nothing as refused")
    func answerBody() {
        #expect(SpanExporter.refusedCount([]) == 0)
        #expect(SpanExporter.refusedCount([0x0A, 0x02, 0x08, 0x05]) == 5)
        #expect(SpanExporter.refusedCount([0x0A, 0xFF]) == 0)
        #expect(SpanExporter.refusedCount(Array("<html>".utf8)) == 0)
        var random = SeededRandom(seed: 11)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(SpanExporter.refusedCount(bytes) >= 0)
        }
    }
}
