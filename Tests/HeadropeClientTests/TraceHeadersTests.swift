import Platform
import TelemetryModel
import Testing
import Tracing

@testable import HeadropeClient

@Suite("Trace context in header fields")
struct TraceHeadersTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    private func extract(_ fields: [String: String]) -> SpanContext? { TraceHeaders.extract { fields[$0] } }

    @Test("traceparent is read, with its trace state")
    func traceparent() throws {
        let context = try #require(
            extract(["traceparent": "00-\(Self.trace)-\(Self.span)-01", "tracestate": "vendor=opaque"]))
        #expect(context.traceID.description == Self.trace)
        #expect(context.spanID.description == Self.span)
        #expect(context.isSampled)
        #expect(context.isRemote)
        #expect(context.traceState == "vendor=opaque")
        #expect(extract(["traceparent": "00-\(Self.trace)-\(Self.span)-00"])?.isSampled == false)
    }

    @Test("what is written is read back")
    func roundTrip() throws {
        let context = SpanContext(
            traceID: TraceID(high: 0x0123_4567_89ab_cdef, low: 42), spanID: SpanID(7), isSampled: true, isRemote: true)
        #expect(TraceHeaders.parseTraceparent(TraceHeaders.traceparent(context)) == context)
    }

    @Test("a later version with more behind it is read as far as it is known")
    func laterVersion() {
        #expect(extract(["traceparent": "cc-\(Self.trace)-\(Self.span)-01-what-the-future-brings"])?.isSampled == true)
        #expect(extract(["traceparent": "cc-\(Self.trace)-\(Self.span)-01.what"]) == nil)
    }

    @Test(
        "what breaks the rules is no context",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-01-more", "ff-\(trace)-\(span)-01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(span)-01", "00-\(trace)-\(span)-0g", "0x-\(trace)-\(span)-01",
            "00_\(trace)_\(span)_01", "00-\(trace)-\(span)-1é",
        ])
    func invalidTraceparent(value: String) { #expect(extract(["traceparent": value]) == nil) }

    @Test("a trace state longer than the limit is left behind, the parent is kept")
    func longState() throws {
        let context = try #require(
            extract([
                "traceparent": "00-\(Self.trace)-\(Self.span)-01",
                "tracestate": "a=1,b=" + String(repeating: "x", count: 255) + ",c=" + String(repeating: "x", count: 255),
            ]))
        #expect(context.traceState.isEmpty)
    }

    @Test(
        "of versions and flags is taken what version 00 knows",
        arguments: [
            ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", false), ("00-\(trace)-\(span)-03", true),
            ("00-\(trace)-\(span)-02", false), ("00-\(trace)-\(span)-ff", true), ("01-\(trace)-\(span)-01", true),
            ("cc-\(trace)-\(span)-01-", true), (" 00-\(trace)-\(span)-01\t", true),
        ])
    func versions(value: String, isSampled: Bool) { #expect(extract(["traceparent": value])?.isSampled == isSampled) }

    @Test(
        "a trace state is handed on in its order, without blanks around its members",
        arguments: [
            ("a=1,b=2", "a=1,b=2"), ("a=1 ,\t b=2", "a=1,b=2"), ("a=1,,b=2,", "a=1,b=2"), ("", ""), ("t@v=x y", "t@v=x y"),
            ("0a_-*/=~!", "0a_-*/=~!"),
        ])
    func states(value: String, state: String) {
        #expect(extract(["traceparent": "00-\(Self.trace)-\(Self.span)-01", "tracestate": value])?.traceState == state)
    }

    @Test(
        "a trace state that breaks the rules is left behind, the parent is kept",
        arguments: [
            "a", "=1", "A=1", "a=", "a=1,a=2", "a=1=2", "a b=1", "a@=1", "@v=1", "a@b@c=1", "a=\u{7F}", "a=é", "_a=1",
            "a@\(String(repeating: "b", count: 15))=1", String(repeating: "a", count: 257) + "=1",
            "a=" + String(repeating: "1", count: 257),
            (0..<33).map { "k\($0)=v" }.joined(separator: ","),
        ])
    func invalidStates(value: String) throws {
        let context = try #require(extract(["traceparent": "00-\(Self.trace)-\(Self.span)-01", "tracestate": value]))
        #expect(context.traceState.isEmpty)
    }

    @Test("a trace state without a traceparent is nothing")
    func stateAlone() { #expect(extract(["tracestate": "a=1"]) == nil) }

    @Test("32 members are handed on")
    func longestState() {
        let state = (0..<32).map { "k\($0)=v" }.joined(separator: ",")
        #expect(TraceHeaders.parseState(state) == state)
    }

    @Test(
        "B3 that breaks the rules is no context",
        arguments: [
            "", "-", "2", "\(trace)", "\(trace)-", "-\(span)", "\(trace)-\(span)-1-\(span)-x", "\(trace.dropLast())-\(span)-1",
            "\(trace)-\(span.dropLast())-1", "00000000000000000000000000000000-\(span)-1", "\(trace)-0000000000000000-1",
            "zz\(trace.dropFirst(2))-\(span)-1",
        ])
    func invalidB3(value: String) { #expect(extract(["b3": value]) == nil) }

    @Test("B3 is read in either case and with 64-bit trace ids, and written so that it is read back")
    func b3Forms() throws {
        let short = try #require(extract(["b3": "A3CE929D0E0E4736-\(Self.span.uppercased())-d"]))
        #expect(short.traceID == TraceID(high: 0, low: 0xa3ce_929d_0e0e_4736) && short.isSampled)
        #expect(extract(["x-b3-traceid": Self.trace, "x-b3-spanid": Self.span, "x-b3-sampled": "True"])?.isSampled == true)
        #expect(
            extract(["x-b3-traceid": Self.trace, "x-b3-spanid": Self.span, "x-b3-sampled": "0", "x-b3-flags": "1"])?.isSampled
                == true)
        for isSampled in [true, false] {
            let context = SpanContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), isSampled: isSampled, isRemote: true)
            for kind in [HeadropeTracer.Configuration.Propagation.traceContext, .b3, .b3Multiple] {
                let fields = TraceHeaders.fields(context, [kind])
                #expect(extract(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) })) == context)
            }
        }
    }

    @Test("B3 is read from one field")
    func singleB3() throws {
        let context = try #require(extract(["b3": "\(Self.trace)-\(Self.span)-1-05e3ac9a4f6e3b90"]))
        #expect(context.traceID.description == Self.trace)
        #expect(context.spanID.description == Self.span)
        #expect(context.isSampled)
        #expect(extract(["b3": "\(Self.trace)-\(Self.span)-0"])?.isSampled == false)
        #expect(extract(["b3": "\(Self.trace)-\(Self.span)-d"])?.isSampled == true)
        #expect(extract(["b3": "\(Self.trace)-\(Self.span)"])?.isSampled == true)
    }

    @Test("B3 is read from several fields, 64-bit trace ids included")
    func multipleB3() throws {
        let context = try #require(
            extract(["x-b3-traceid": "a3ce929d0e0e4736", "x-b3-spanid": Self.span, "x-b3-sampled": "0"]))
        #expect(context.traceID == TraceID(high: 0, low: 0xa3ce_929d_0e0e_4736))
        #expect(!context.isSampled)
        #expect(extract(["x-b3-traceid": Self.trace, "x-b3-spanid": Self.span, "x-b3-flags": "1"])?.isSampled == true)
        #expect(extract(["x-b3-traceid": Self.trace]) == nil)
        #expect(extract(["x-b3-traceid": "xyz", "x-b3-spanid": Self.span]) == nil)
    }

    @Test("a B3 decision without ids is a decision and no parent")
    func decisionOnly() throws {
        let denied = try #require(extract(["b3": "0"]))
        #expect(!denied.isSampled)
        #expect(!denied.hasParent)
        #expect(extract(["b3": "nonsense"]) == nil)
    }

    @Test("W3C wins over B3, and B3 stands in for a broken W3C field")
    func precedence() {
        let b3 = "\(Self.trace)-\(Self.span)-0"
        #expect(extract(["traceparent": "00-\(Self.trace)-\(Self.span)-01", "b3": b3])?.isSampled == true)
        #expect(extract(["traceparent": "broken", "b3": b3])?.isSampled == false)
    }

    @Test("changed bytes never trap, and what is still accepted is written back as it was read")
    func mutations() {
        let seed: UInt64 = 20_261_121
        var random = SeededRandom(seed: seed)
        let original = Array("00-\(Self.trace)-\(Self.span)-01".utf8)
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            let value = String(decoding: bytes, as: UTF8.self)
            _ = TraceHeaders.parseB3(value)
            _ = TraceHeaders.parseState(value)
            if let context = TraceHeaders.parseTraceparent(value) {
                #expect(
                    TraceHeaders.traceparent(context).dropFirst(3).prefix(49) == value.dropFirst(3).prefix(49), "seed \(seed)")
            }
        }
    }
}
