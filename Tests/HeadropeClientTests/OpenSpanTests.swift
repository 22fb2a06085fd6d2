import TelemetryModel
import TestSupport
import Testing
import Tracing

@testable import HeadropeClient

@Suite("Open spans", .timeLimit(.minutes(1)))
struct OpenSpanTests {
    private struct Failure: Error {}

    private func withTracer(
        _ configure: @escaping @Sendable (inout HeadropeTracer.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (HeadropeTracer, OTLPReceiver) async throws -> Void
    ) async throws {
        try await OTLPReceiver.run { receiver, origin in
            var configuration = HeadropeTracer.Configuration(serviceName: "shop", endpoint: origin)
            configure(&configuration)
            let tracer = try HeadropeTracer(configuration)
            try await body(tracer, receiver)
            await tracer.shutdown()
        }
    }

    private func instant(_ nanoseconds: UInt64) -> DefaultTracerClock.Timestamp { .init(nanosecondsSinceEpoch: nanoseconds) }

    @Test("attributes can be read, replaced and taken away while the span is open, and read after its end")
    func attributeAccess() async throws {
        try await withTracer { tracer, receiver in
            let span = tracer.startSpan("one", context: .topLevel)
            #expect(span.attributes.isEmpty)
            for index in 0..<20 { span.attributes["\(index)"] = index }
            #expect(span.attributes.count == 20 && span.attributes.get("7") == .int64(7))
            span.attributes["7"] = nil
            span.updateAttributes { $0["8"] = "changed" }
            #expect(span.attributes.count == 19 && span.attributes.get("8") == .string("changed"))
            span.attributes = ["only": 1]
            span.end()
            #expect(span.attributes == ["only": 1])
            #expect(await tracer.flush())
            #expect(receiver.spans.first?.attributes == [Attribute("only", .int(1))])
        }
    }

    @Test("what is said to a span while its attributes are being changed is kept, and of two values the later one")
    func nestedAttributes() async throws {
        try await withTracer { tracer, receiver in
            let span = tracer.startSpan("one", context: .topLevel)
            func change(_ attributes: inout SpanAttributes) {
                attributes["outer"] = 1
                span.attributes["inner"] = 1
                span.attributes["both"] = "inner"
                attributes["both"] = "outer"
                span.addEvent("inside")
                span.setStatus(SpanStatus(code: .ok))
                span.operationName = "renamed"
            }
            change(&span.attributes)
            span.attributes["again"] = true
            span.attributes["both"] = "last"
            #expect(span.attributes.count == 4)
            change(&span.attributes)
            span.end()
            #expect(span.attributes.get("both") == .string("inner"), "it came while the others were out, so it is the later one")
            #expect(await tracer.flush())
            let sent = try #require(receiver.spans.first)
            #expect(sent.name == "renamed" && sent.status == .ok && sent.events.count == 2)
            #expect(
                sent.attributes == [
                    Attribute("again", .bool(true)), Attribute("both", "inner"), Attribute("inner", .int(1)),
                    Attribute("outer", .int(1)),
                ])
        }
    }

    @Test("a span that ends while its attributes are being changed is sent once, with what was changed")
    func endWhileChanging() async throws {
        try await withTracer { tracer, receiver in
            let span = tracer.startSpan("one", context: .topLevel)
            span.attributes["before"] = 1
            func change(_ attributes: inout SpanAttributes) {
                span.end(at: instant(9))
                span.end(at: instant(10))
                attributes["during"] = 1
            }
            change(&span.attributes)
            span.attributes["after"] = 1
            #expect(await tracer.flush())
            #expect(receiver.spans.count == 1 && receiver.spans[0].end == 9)
            #expect(receiver.spans[0].attributes.map(\.key) == ["before", "during"])
        }
    }

    @Test("attributes whose change fails half-way are not lost")
    func throwingChange() async throws {
        try await withTracer { tracer, receiver in
            let span = tracer.startSpan("one", context: .topLevel)
            func change(_ attributes: inout SpanAttributes) throws {
                attributes["changed"] = 1
                throw Failure()
            }
            span.attributes["before"] = 1
            #expect(throws: Failure.self) { try change(&span.attributes) }
            span.attributes["after"] = 1
            span.end()
            #expect(await tracer.flush())
            #expect(receiver.spans.first?.attributes.map(\.key) == ["after", "before", "changed"])
        }
    }

    @Test("spans that many tasks start, change and end at once arrive whole, each of them once")
    func concurrentSpans() async throws {
        try await withTracer({ $0.batchSpanLimit = 64 }) { tracer, receiver in
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for index in 0..<250 {
                            let span = tracer.startSpan("\(task)", context: .topLevel)
                            for key in 0..<(index % 9) { span.attributes["\(key)"] = task * 1_000 + index }
                            if index % 3 == 0 { span.addEvent(SpanEvent(name: "\(index)")) }
                            span.end()
                        }
                    }
                }
            }
            #expect(await tracer.flush(timeout: .seconds(60)))
            let spans = receiver.spans
            #expect(Set(spans.map(\.spanID)).count == 2_000 && spans.count == 2_000)
            for span in spans {
                let values = Set(span.attributes.map { "\($0.value)" })
                #expect(values.count == min(1, span.attributes.count), "attributes of one span only")
            }
            for task in 0..<8 {
                let own = spans.filter { $0.name == "\(task)" }
                #expect(own.count == 250 && own.reduce(0) { $0 + $1.events.count } == 84)
                #expect(own.reduce(0) { $0 + $1.attributes.count } == (0..<250).reduce(0) { $0 + $1 % 9 })
            }
        }
    }

    @Test("a span's context is the same as often as it is asked for, keeps what else stood in it, and outlives the span")
    func context() async throws {
        enum Other: InstrumentationContextKey { typealias Value = String }
        try await withTracer { tracer, receiver in
            var base = InstrumentationContext.topLevel
            base[Other.self] = "kept"
            let span = tracer.startSpan("one", context: base)
            #expect(span.context[Other.self] == "kept" && span.context.span == span.context.span)
            let context = span.context
            span.end()
            tracer.startSpan("late", context: context).end()
            tracer.startSpan("later", context: span.context).end()
            #expect(await tracer.flush())
            let parents = Set(receiver.spans.dropFirst().map(\.parentSpanID))
            #expect(receiver.spans.count == 3 && parents == [receiver.spans[0].spanID])
        }
    }
}
