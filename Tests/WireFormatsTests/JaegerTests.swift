import ByteCoding
import Foundation
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@Suite("Jaeger JSON")
struct JaegerTests {
    @Test("a span has typed tags, references, logs and its process")
    func span() {
        var span = Span(
            traceID: TraceID(high: 0, low: 0xAB), spanID: SpanID(2), parentSpanID: SpanID(1), name: "GET /", kind: .server,
            start: 1_000_000, end: 3_500_000, status: .error,
            attributes: [
                Attribute("s", "x"), Attribute("b", .bool(true)), Attribute("i", .int(-5)), Attribute("d", .double(0.5)),
                Attribute("y", .bytes([1])), Attribute("l", .array([.int(1)])),
            ],
            resource: Resource(attributes: [Attribute("service.name", "shop"), Attribute("host.name", "h")]),
            scope: InstrumentationScope(name: "lib"))
        span.statusMessage = "boom"
        span.events = [SpanEvent(time: 2_000_000, name: "e", attributes: [Attribute("k", "v")])]
        span.links = [SpanLink(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3))]
        var batch = SpanBatch()
        batch.append(span)
        let expected =
            #"{"data":[{"traceID":"00000000000000ab","spans":[{"traceID":"00000000000000ab","spanID":"0000000000000002","#
            + #""operationName":"GET /","references":[{"refType":"CHILD_OF","traceID":"00000000000000ab","spanID":"0000000000000001"},"#
            + #"{"refType":"FOLLOWS_FROM","traceID":"00000000000000010000000000000002","spanID":"0000000000000003"}],"#
            + #""startTime":1000,"duration":2500,"tags":[{"key":"otel.scope.name","type":"string","value":"lib"},"#
            + #"{"key":"s","type":"string","value":"x"},{"key":"b","type":"bool","value":true},"#
            + #"{"key":"i","type":"int64","value":-5},{"key":"d","type":"float64","value":0.5},"#
            + #"{"key":"y","type":"binary","value":"AQ=="},{"key":"l","type":"string","value":"[1]"},"#
            + #"{"key":"span.kind","type":"string","value":"server"},"#
            + #"{"key":"otel.status_code","type":"string","value":"ERROR"},{"key":"error","type":"bool","value":true},"#
            + #"{"key":"otel.status_description","type":"string","value":"boom"}],"logs":[{"timestamp":2000,"fields":["#
            + #"{"key":"event","type":"string","value":"e"},{"key":"k","type":"string","value":"v"}]}],"processID":"p1","#
            + #""warnings":null}],"processes":{"p1":{"serviceName":"shop","tags":[{"key":"host.name","type":"string","value":"h"}]}},"#
            + #""warnings":null}],"total":0,"limit":0,"offset":0,"errors":null}"#
        #expect(String(decoding: JaegerEncoder.traces([batch]), as: UTF8.self) == expected)
    }

    private func tags(_ attributes: [Attribute], isRaw: Bool = false, kind: SpanKind = .unspecified) -> String {
        var batch = SpanBatch()
        batch.append(
            Span(
                traceID: TraceID(high: 0, low: 1), spanID: SpanID(2), name: "n", kind: kind, start: 1, end: 2,
                attributes: attributes))
        let answer = String(decoding: JaegerEncoder.traces([batch], isRaw: isRaw), as: UTF8.self)
        return answer.split(separator: #""tags":"#).dropFirst().first?.split(separator: #","logs""#).first.map(String.init) ?? ""
    }

    @Test("numbers that a browser cannot hold are texts, addresses that came as numbers are written with dots")
    func numbers() {
        func tag(_ value: AttributeValue, _ key: String = "k", isRaw: Bool = false) -> String {
            tags([Attribute(key, value)], isRaw: isRaw)
        }
        #expect(tag(.int(9_007_199_254_740_991)) == #"[{"key":"k","type":"int64","value":9007199254740991}]"#)
        #expect(tag(.int(9_007_199_254_740_992)) == #"[{"key":"k","type":"int64","value":"9007199254740992"}]"#)
        #expect(tag(.int(.min)) == #"[{"key":"k","type":"int64","value":"-9223372036854775808"}]"#)
        #expect(tag(.double(.nan)) == #"[{"key":"k","type":"float64","value":"nan"}]"#)
        #expect(tag(.empty) == #"[{"key":"k","type":"string","value":""}]"#)
        #expect(tag(.map([Attribute("a", .array([]))])) == #"[{"key":"k","type":"string","value":"{\"a\":[]}"}]"#)
        #expect(tag(.int(0x0102_0304), "peer.ipv4") == #"[{"key":"peer.ipv4","type":"string","value":"1.2.3.4"}]"#)
        #expect(tag(.double(0x7F00_0001), "ip") == #"[{"key":"ip","type":"string","value":"127.0.0.1"}]"#)
        #expect(tag(.double(.infinity), "ip") == #"[{"key":"ip","type":"float64","value":"inf"}]"#)
        #expect(tag(.int(5), "ip", isRaw: true) == #"[{"key":"ip","type":"int64","value":5}]"#)
    }

    @Test("a link to the parent says what kind of reference it is, a link to nowhere is left out with a warning")
    func references() {
        var span = Span(
            traceID: TraceID(high: 0, low: 1), spanID: SpanID(2), parentSpanID: SpanID(3), name: "n", start: 1, end: 2)
        span.links = [
            SpanLink(traceID: TraceID(high: 0, low: 1), spanID: SpanID(3)),
            SpanLink(traceID: TraceID(high: 0, low: 0), spanID: SpanID(4)),
            SpanLink(
                traceID: TraceID(high: 0, low: 1), spanID: SpanID(5), attributes: [Attribute("opentracing.ref_type", "child_of")]),
        ]
        span.events = [SpanEvent(time: 1000, name: "told", attributes: [Attribute("event", "other")])]
        var batch = SpanBatch()
        batch.append(span)
        let answer = String(decoding: JaegerEncoder.traces([batch]), as: UTF8.self)
        let (parent, child) = (
            #"{"refType":"FOLLOWS_FROM","traceID":"0000000000000001","spanID":"0000000000000003"}"#,
            #"{"refType":"CHILD_OF","traceID":"0000000000000001","spanID":"0000000000000005"}"#
        )
        #expect(answer.contains(#""references":[\#(parent),\#(child)]"#), "\(answer)")
        #expect(answer.contains(#""warnings":["Invalid span link removed"]"#), "\(answer)")
        #expect(answer.contains(#""fields":[{"key":"event","type":"string","value":"other"}]"#), "\(answer)")
    }

    @Test("indented JSON says the same")
    func indented() throws {
        let plain = JaegerEncoder.failure(code: 404, "a \"b\\ {[,:]}")
        let text = String(decoding: JSONIndenter.indent(plain, by: 4), as: UTF8.self)
        #expect(text.hasPrefix("{\n    \"data\": null,\n    \"total\": 0,"))
        #expect(text.hasSuffix("        }\n    ]\n}"))
        #expect(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary
                == JSONSerialization.jsonObject(with: Data(plain)) as? NSDictionary)
        #expect(JSONIndenter.indent(Array(#"{"a":[],"b":{}}"#.utf8), by: 1) == Array("{\n \"a\": [],\n \"b\": {}\n}".utf8))
    }

    @Test("equal resources are one process, a span that ends before it starts is warned of")
    func processes() throws {
        var batch = SpanBatch()
        for (index, service) in ["a", "b", "a"].enumerated() {
            batch.append(
                Span(
                    traceID: TraceID(high: 0, low: 1), spanID: SpanID(UInt64(index) + 1), name: "n", start: 5000, end: 1000,
                    resource: Resource(attributes: [Attribute("service.name", service)])))
        }
        let answer = try JSONSerialization.jsonObject(with: Data(JaegerEncoder.traces([batch]))) as? [String: Any]
        let trace = try #require((answer?["data"] as? [[String: Any]])?.first)
        let spans = try #require(trace["spans"] as? [[String: Any]])
        #expect(spans.map { $0["processID"] as? String } == ["p1", "p2", "p1"])
        #expect((trace["processes"] as? [String: Any])?.count == 2)
        #expect(spans.first?["warnings"] as? [String] == ["the span ends 4 µs before it starts"])
        #expect(spans.first?["duration"] as? Int == 0)
    }

    @Test("names and failures have Jaeger's frame")
    func frames() {
        #expect(
            String(decoding: JaegerEncoder.names(["a"]), as: UTF8.self)
                == #"{"data":["a"],"total":1,"limit":0,"offset":0,"errors":null}"#)
        #expect(
            String(decoding: JaegerEncoder.failure(code: 404, "trace not found"), as: UTF8.self)
                == #"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#)
    }
}
