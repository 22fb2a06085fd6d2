import Platform
import TelemetryModel
import TestSupport
import Testing
import Tracing

@testable import HeadropeClient

@Suite("HeadropeTracer")
struct HeadropeTracerTests {
    private struct Failure: Error, CustomStringConvertible { var description: String { "the shelf is empty" } }

    private struct Fields: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    /// Runs a tracer whose clock stands still against a receiver.
    private func withTracer(
        _ configure: @escaping @Sendable (inout HeadropeTracer.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (HeadropeTracer, OTLPReceiver) async throws -> Void
    ) async throws {
        try await OTLPReceiver.run { receiver, origin in
            var configuration = HeadropeTracer.Configuration(serviceName: "shop", endpoint: origin)
            configuration.resourceAttributes = ["service.version": "7"]
            configure(&configuration)
            let tracer = try HeadropeTracer(configuration)
            try await body(tracer, receiver)
            await tracer.shutdown()
        }
    }

    private func instant(_ nanoseconds: UInt64) -> DefaultTracerClock.Timestamp { .init(nanosecondsSinceEpoch: nanoseconds) }

    @Test("everything said to a span arrives")
    func wholeSpan() async throws {
        try await withTracer { tracer, receiver in
            let parent = tracer.startSpan("GET /", context: .topLevel, ofKind: .server, at: instant(1_000))
            let span = tracer.startSpan("SELECT", context: parent.context, ofKind: .client, at: instant(2_000))
            span.attributes["db.system.name"] = "sqlite"
            span.attributes["rows"] = 3
            span.attributes["ratio"] = 0.5
            span.attributes["cached"] = true
            span.attributes.set("ids", value: .int64Array([1, 2]))
            span.operationName = "SELECT products"
            span.addEvent(SpanEvent(name: "locked", at: instant(2_100), attributes: ["waited": 5]))
            span.addLink(SpanLink(context: parent.context, attributes: ["why": "test"]))
            span.recordError(Failure(), attributes: ["retry": false], at: instant(2_200))
            span.setStatus(SpanStatus(code: .error, message: "empty"))
            span.end(at: instant(3_000))
            parent.setStatus(SpanStatus(code: .ok))
            parent.setStatus(SpanStatus(code: .error))
            parent.end(at: instant(4_000))
            #expect(await tracer.flush())

            let spans = receiver.spans
            try #require(spans.count == 2)
            let child = spans[0]
            #expect(child.name == "SELECT products")
            #expect(child.kind == .client)
            #expect(child.start == 2_000 && child.end == 3_000)
            #expect(child.parentSpanID == spans[1].spanID && child.traceID == spans[1].traceID)
            #expect(spans[1].parentSpanID.isZero)
            #expect(child.flags == 0x101)
            #expect(child.status == .error && child.statusMessage == "empty")
            #expect(spans[1].status == .ok, "ok is final")
            #expect(
                child.attributes == [
                    Attribute("cached", .bool(true)), Attribute("db.system.name", "sqlite"),
                    Attribute("ids", .array([.int(1), .int(2)])), Attribute("ratio", .double(0.5)), Attribute("rows", .int(3)),
                ])
            #expect(child.events.map(\.name) == ["locked", "exception"])
            #expect(child.events[0].time == 2_100 && child.events[0].attributes == [Attribute("waited", .int(5))])
            #expect(child.events[1].attributes.string("exception.message") == "the shelf is empty")
            #expect(child.events[1].attributes.string("exception.type") == "Failure")
            #expect(child.links.map(\.spanID) == [spans[1].spanID])
            #expect(child.links[0].attributes == [Attribute("why", "test")])
        }
    }

    @Test("the resource says what, where and by which library")
    func resource() async throws {
        try await withTracer { tracer, receiver in
            tracer.startSpan("one", context: .topLevel).end()
            #expect(await tracer.flush())
            let resource = try #require(receiver.spans.first).resource
            #expect(resource.serviceName == "shop")
            #expect(resource.attributes.string("service.version") == "7")
            #expect(resource.attributes.string("telemetry.sdk.language") == "swift")
            for key in ["host.name", "service.instance.id", "telemetry.sdk.name", "telemetry.sdk.version"] {
                #expect(resource.attributes.string(key)?.isEmpty == false, "\(key)")
            }
            guard case .int(let processID)? = resource.attributes["process.pid"] else {
                Issue.record("no process.pid")
                return
            }
            #expect(processID > 0)
        }
    }

    @Test("batches go out compressed, with token and content type")
    func headers() async throws {
        try await withTracer({ $0.bearerToken = "secret" }) { tracer, receiver in
            tracer.startSpan("one", context: .topLevel).end()
            #expect(await tracer.flush())
            #expect(receiver.lastHeaders["content-encoding"] == "gzip")
            #expect(receiver.lastHeaders["content-type"] == "application/x-protobuf")
            #expect(receiver.lastHeaders["authorization"] == "Bearer secret")
        }
    }

    @Test("a trace goes on over processes, and withSpan makes parents of callers")
    func propagation() async throws {
        try await withTracer { tracer, receiver in
            var fields: [String: String] = [:]
            tracer.withSpan("caller", ofKind: .client) { span in
                tracer.inject(span.context, into: &fields, using: Fields())
            }
            fields["tracestate"] = "a=b"
            var incoming = InstrumentationContext.topLevel
            tracer.extract(fields, into: &incoming, using: Fields())
            await tracer.withSpan("callee", context: incoming, ofKind: .server) { _ in
                await Task.yield()
                tracer.withSpan("inner") { span in
                    var onwards: [String: String] = [:]
                    tracer.inject(span.context, into: &onwards, using: Fields())
                    #expect(onwards["tracestate"] == "a=b")
                    #expect(onwards["traceparent"] == "00-\(span.traceID)-\(span.spanID)-01")
                }
            }
            #expect(await tracer.flush())
            let spans = Dictionary(uniqueKeysWithValues: receiver.spans.map { ($0.name, $0) })
            let caller = try #require(spans["caller"])
            let callee = try #require(spans["callee"])
            let inner = try #require(spans["inner"])
            #expect(Set(spans.values.map(\.traceID)).count == 1)
            #expect(callee.parentSpanID == caller.spanID && callee.flags == 0x301, "its parent is remote")
            #expect(inner.parentSpanID == callee.spanID && inner.flags == 0x101)
            #expect(inner.traceState == "a=b")
        }
    }

    @Test("nothing is injected where there is no span, and a decision alone starts a trace of its own")
    func noParent() async throws {
        try await withTracer { tracer, receiver in
            var fields: [String: String] = [:]
            tracer.inject(.topLevel, into: &fields, using: Fields())
            #expect(fields.isEmpty)
            var denied = InstrumentationContext.topLevel
            tracer.extract(["b3": "0"], into: &denied, using: Fields())
            let span = tracer.startSpan("denied", context: denied)
            #expect(!span.isRecording)
            span.end()
            #expect(await tracer.flush())
            #expect(receiver.spans.isEmpty && tracer.statistics == ExportStatistics())
        }
    }

    @Test("a span that is not sampled hands its decision on")
    func unsampled() async throws {
        try await withTracer({ $0.sampler = .parentBased(ratio: 0) }) { tracer, receiver in
            var fields: [String: String] = [:]
            tracer.withSpan("root") { span in
                span.attributes["ignored"] = 1
                span.recordError(Failure())
                #expect(span.attributes.isEmpty)
                tracer.inject(span.context, into: &fields, using: Fields())
            }
            #expect(fields["traceparent"]?.hasSuffix("-00") == true)
            #expect(await tracer.flush())
            #expect(receiver.spans.isEmpty)
        }
    }

    @Test("below a span that is not sampled the decision and the ids go on, and nothing is recorded")
    func belowUnsampled() async throws {
        try await withTracer { tracer, receiver in
            let incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
            var context = InstrumentationContext.topLevel
            tracer.extract(["traceparent": incoming, "tracestate": "a=b"], into: &context, using: Fields())
            let span = tracer.startSpan("one", context: context)
            span.operationName = "other"
            #expect(!span.isRecording && span.operationName.isEmpty)
            #expect(span.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
            var fields: [String: String] = [:]
            tracer.inject(span.context, into: &fields, using: Fields())
            #expect(fields == ["traceparent": incoming, "tracestate": "a=b"])
            span.end()
            #expect(await tracer.flush())
            #expect(receiver.spans.isEmpty && tracer.statistics == ExportStatistics())
        }
    }

    @Test("a tracer that is off hands the caller's context on as it came, sampled or not")
    func off() async throws {
        try await withTracer({ $0.sampler = .never }) { tracer, receiver in
            let incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            var context = InstrumentationContext.topLevel
            tracer.extract(["traceparent": incoming], into: &context, using: Fields())
            var fields: [String: String] = [:]
            tracer.withSpan("one", context: context) { tracer.inject($0.context, into: &fields, using: Fields()) }
            #expect(fields == ["traceparent": incoming])
            #expect(await tracer.flush())
            #expect(receiver.spans.isEmpty)
        }
    }

    @Test("the current span goes out in the fields asked for")
    func propagationFields() async throws {
        try await withTracer({ $0.propagation = [.traceContext, .b3, .b3Multiple] }) { tracer, _ in
            let span = tracer.startSpan("one", context: .topLevel)
            var fields: [String: String] = [:]
            tracer.inject(span.context, into: &fields, using: Fields())
            #expect(
                fields == [
                    "traceparent": "00-\(span.traceID)-\(span.spanID)-01", "b3": "\(span.traceID)-\(span.spanID)-1",
                    "x-b3-traceid": span.traceID, "x-b3-spanid": span.spanID, "x-b3-sampled": "1",
                ])
            span.end()
            var denied = InstrumentationContext.topLevel
            tracer.extract(["x-b3-sampled": "0"], into: &denied, using: Fields())
            fields = [:]
            tracer.inject(denied, into: &fields, using: Fields())
            #expect(fields == ["b3": "0", "x-b3-sampled": "0"])
        }
    }

    @Test("attributes that several tasks set at once are all kept")
    func concurrentAttributes() async throws {
        try await withTracer { tracer, receiver in
            let span = tracer.startSpan("one", context: .topLevel)
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for index in 0..<20 { span.attributes["\(task).\(index)"] = index }
                    }
                }
            }
            span.end()
            #expect(await tracer.flush())
            #expect(receiver.spans.first?.attributes.count == 80)
        }
    }

    @Test("after its end a span keeps nothing, and a second end sends nothing")
    func afterEnd() async throws {
        try await withTracer { tracer, receiver in
            let span = tracer.startSpan("one", context: .topLevel)
            #expect(span.isRecording)
            span.end()
            #expect(!span.isRecording)
            span.attributes["late"] = true
            span.addEvent("late")
            span.operationName = "late"
            span.end()
            #expect(await tracer.flush())
            #expect(receiver.spans.map(\.name) == ["one"])
            #expect(receiver.spans[0].attributes.isEmpty && receiver.spans[0].events.isEmpty)
        }
    }

    @Test("what is beyond the limits of a span is dropped and counted, long texts are cut at a character")
    func limits() async throws {
        let limits = SpanLimits(attributeCount: 2, textByteCount: 5, eventCount: 1, linkCount: 1)
        try await withTracer({ $0.spanLimits = limits }) { tracer, receiver in
            let other = tracer.startSpan("other", context: .topLevel)
            let span = tracer.startSpan("one", context: .topLevel)
            for key in ["a", "b", "c", "d", "e"] { span.attributes[key] = "äöü" }
            for _ in 0..<4 { span.addEvent("again") }
            for _ in 0..<3 { span.addLink(SpanLink(context: other.context, attributes: [:])) }
            span.end()
            #expect(await tracer.flush())
            let sent = try #require(receiver.spans.first)
            #expect(sent.attributes == [Attribute("a", "äö"), Attribute("b", "äö")])
            #expect(sent.droppedAttributeCount == 3)
            #expect(sent.events.count == 1 && sent.droppedEventCount == 3)
            #expect(sent.links.count == 1 && sent.droppedLinkCount == 2)
        }
    }
}
