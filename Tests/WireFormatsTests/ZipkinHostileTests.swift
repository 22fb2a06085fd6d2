import ByteCoding
import TelemetryModel
import TestSupport
import Testing
import WireFormats

/// Lists that nobody sends by accident.
@Suite("Zipkin, hostile input")
struct ZipkinHostileTests {
    private func decode(_ text: String, as format: ZipkinFormat = .json) throws -> DecodedSpans {
        try Array(text.utf8).withUnsafeBytes { try ZipkinDecoder.decode($0, as: format) }
    }

    private let ids = #""traceId":"1","id":"2","timestamp":5"#

    @Test("nesting beyond the limit is refused, in values that nobody reads as well", arguments: [ZipkinFormat.json, .jsonV1])
    func nesting(format: ZipkinFormat) {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: ByteCodingError.self) { try decode(deep, as: format) }
        let inside = String(repeating: "[", count: 70) + String(repeating: "]", count: 70)
        #expect(throws: ByteCodingError.self) { try decode("[{\(ids),\"new\":\(inside)}]", as: format) }
    }

    @Test("numbers beyond any time are refused, negative and empty ones say nothing")
    func numbers() throws {
        for number in ["1e400", "9223372036854775807", "18446744073709551616", "1.5", "\"soon\"", "true"] {
            let decoded = try decode("[{\(ids),\"duration\":\(number)}]")
            #expect(decoded.batch.isEmpty && decoded.refusals.count == 1, "\(number)")
        }
        for number in ["-5", "-9223372036854775808", "0", "null", "\"0\""] {
            let decoded = try decode("[{\(ids),\"duration\":\(number)}]")
            #expect(decoded.batch.spans.map(\.duration) == [0], "\(number)")
        }
        #expect(try decode("[{\(ids),\"duration\":\"7\"}]").batch.spans.map(\.duration) == [7000])
        let latest = try decode(#"[{"traceId":"1","id":"2","timestamp":9223372036854775,"duration":9223372036854775}]"#)
        #expect(latest.batch.spans.map(\.end) == [18_446_744_073_709_550_000])
    }

    @Test("of keys that repeat the last one counts, in spans and in tags")
    func repeated() throws {
        let span = try #require(
            try decode(
                #"[{"id":"9","traceId":"7",\#(ids),"name":"a","name":"b","tags":{"k":"1","k":"2"},"tags":{"k":"3","l":""}}]"#
            )
            .batch.spans.first)
        #expect(span.name == "b" && span.spanID == SpanID(2))
        #expect(span.attributes == [Attribute("k", "3"), Attribute("l", "")])
        let many = (0..<40).map { #""k\#($0 % 20)":"\#($0)""# }.joined(separator: ",")
        let tags = try #require(try decode("[{\(ids),\"tags\":{\(many)}}]").batch.spans.first?.attributes)
        #expect(tags == (20..<40).map { Attribute("k\($0 - 20)", "\($0)") })
    }

    @Test("empty lists and objects are no mistake")
    func empty() throws {
        for format in ZipkinFormat.allCases where format != .protobuf { #expect(try decode("[]", as: format).batch.isEmpty) }
        #expect(try decode("", as: .protobuf).batch.isEmpty)
        let json = #"[{\#(ids),"tags":{},"annotations":[],"localEndpoint":{},"remoteEndpoint":null}]"#
        #expect(try decode(json).batch.spans.map(\.attributes) == [[]])
        #expect(try decode(#"[{\#(ids),"annotations":[],"binaryAnnotations":[]}]"#, as: .jsonV1).batch.count == 1)
    }

    @Test("text that is not UTF-8 is refused whole in JSON, and with its span in protobuf")
    func encoding() throws {
        var bytes = Array("[{\(ids),\"name\":\"".utf8)
        bytes += [0xC3, 0x28] + Array("\"}]".utf8)
        #expect(throws: ByteCodingError.self) { try bytes.withUnsafeBytes { try ZipkinDecoder.decode($0) } }
        #expect(throws: ByteCodingError.self) { try decode("[{\(ids),\"name\":\"\\ud800\"}]") }
    }

    @Test("long texts are kept, thousands of annotations up to the limit")
    func long() throws {
        let text = String(repeating: "ü", count: 2 << 20)
        let spans = try decode("[{\(ids),\"name\":\"\(text)\",\"tags\":{\"\(text)\":\"\(text)\"}}]").batch.spans
        #expect(spans.first?.name == text && spans.first?.attributes == [Attribute(text, text)])
        func annotations(_ count: Int) -> String {
            "[{\(ids),\"annotations\":[" + (1...count).map { "{\"timestamp\":\($0),\"value\":\"v\"}" }.joined(separator: ",")
                + "]}]"
        }
        for format in [ZipkinFormat.json, .jsonV1] {
            #expect(try decode(annotations(4096), as: format).batch.spans.first?.events.count == 4096)
            #expect(try decode(annotations(4097), as: format).refusals.entries.map(\.reason) == [.tooLarge])
        }
    }

    @Test("thousands of parts of one id are left as they are, tens are joined")
    func parts() throws {
        func list(_ count: Int) -> String {
            "[" + (0..<count).map { "{\(ids),\"tags\":{\"k\($0)\":\"\"}}" }.joined(separator: ",") + "]"
        }
        #expect(try decode(list(64)).batch.spans.map(\.attributes.count) == [64])
        #expect(try decode(list(20_000)).batch.count == 20_000)
    }

    @Test("the pools of a small body are bounded")
    func pools() throws {
        var limits = DecodeLimits()
        limits.poolRowCount = 100
        let json = Array(
            ("["
                + (1...50).map { "{\"traceId\":\"1\",\"id\":\"\($0)\",\"timestamp\":5,\"tags\":{\"a\":\"\",\"b\":\"\"}}" }
                .joined(separator: ",") + "]").utf8)
        let decoded = try json.withUnsafeBytes { try ZipkinDecoder.decode($0, limits: limits) }
        #expect(decoded.batch.count < 50 && decoded.refusals.entries.map(\.reason) == [.tooLarge])
        #expect(decoded.batch.count + decoded.refusals.count == 50)
    }
}
