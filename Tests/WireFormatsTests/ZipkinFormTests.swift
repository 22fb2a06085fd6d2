import ByteCoding
import Foundation
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@Suite("Zipkin, protobuf and version 1")
struct ZipkinFormTests {
    private func decode(_ bytes: [UInt8], as format: ZipkinFormat) throws -> DecodedSpans {
        try bytes.withUnsafeBytes { try ZipkinDecoder.decode($0, as: format) }
    }

    private func v1(_ json: String) throws -> [String] {
        let decoded = try decode(Array("[\(json)]".utf8), as: .jsonV1)
        #expect(decoded.refusals.isEmpty, "\(decoded.refusals.entries)")
        return try ZipkinSpans.meanings(ZipkinEncoder.trace(decoded.batch))
    }

    private func same(_ json: String) throws -> [String] { try ZipkinSpans.meanings(Array("[\(json)]".utf8)) }

    private static let full = #"""
        {"traceId":"463ac35c9f6413ad48485a3953bb6124","parentId":"6b221d5bc9e6496c","id":"352bff9a74ca9ad2","kind":"SERVER","name":"get /api",
        "timestamp":1556604172355737,"duration":1431,"localEndpoint":{"serviceName":"backend","ipv4":"192.168.99.1","port":3306},
        "remoteEndpoint":{"serviceName":"front","ipv4":"172.19.0.2","ipv6":"2001:db8::1:0:0:1","port":58648},
        "tags":{"http.method":"GET","error":"no money"},"annotations":[{"timestamp":1556604172355800,"value":"ws"}],
        "shared":true,"debug":true}
        """#

    @Test("protobuf says the same as JSON")
    func protobuf() throws {
        let json = Array(
            "[\(Self.full),{\"traceId\":\"1\",\"id\":\"2\",\"timestamp\":3,\"localEndpoint\":{\"ipv6\":\"::1\"}}]".utf8)
        let decoded = try decode(ZipkinSpans.protobuf(json), as: .protobuf)
        #expect(decoded.refusals.isEmpty)
        #expect(try ZipkinSpans.meanings(ZipkinEncoder.trace(decoded.batch)) == ZipkinSpans.meanings(json))
    }

    @Test("a message that cannot be read is refused alone, with its number and what is wrong")
    func protobufRefusals() throws {
        func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
            var list = ProtobufWriter()
            list.message(1, body)
            return list.bytes
        }
        func bytes(_ field: UInt32, _ bytes: [UInt8], _ span: inout ProtobufWriter) {
            bytes.withUnsafeBytes { span.bytes(field, $0) }
        }
        let one: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
        func identified(_ body: @escaping (inout ProtobufWriter) -> Void) -> [UInt8] {
            message { span in
                bytes(1, one, &span)
                bytes(3, one, &span)
                span.fixed64(6, 5)
                body(&span)
            }
        }
        let good = identified { _ in }
        let cases: [([UInt8], WireRefusalReason, String)] = [
            (message { bytes(3, one, &$0) }, .invalidID, "trace_id must be 8 or 16 bytes"),
            (message { bytes(1, one, &$0) }, .invalidID, "id must be 8 bytes"),
            (identified { bytes(2, [1, 2], &$0) }, .invalidID, "parent_id must be 8 bytes"),
            (identified { bytes(1, [1], &$0) }, .invalidID, "trace_id"),
            (identified { bytes(5, [0xFF], &$0) }, .malformed, "UTF-8"),
            (identified { $0.fixed64(6, .max / 2) }, .malformed, "no number of microseconds"),
            (identified { $0.message(8) { $0.varint(4, 65_536) } }, .malformed, "port"),
            (identified { $0.message(8) { bytes(2, [1, 2, 3], &$0) } }, .malformed, "3 bytes, not 4"),
            (identified { $0.varint(5, 1) }, .malformed, "wire type"),
            (identified { span in for key in 0...1024 { span.message(11) { $0.string(1, "\(key)") } } }, .tooLarge, "1024 tags"),
            (identified { span in for _ in 0...4096 { span.message(10) { $0.fixed64(1, 1) } } }, .tooLarge, "4096 annotations"),
        ]
        for (bad, reason, sentence) in cases {
            let decoded = try decode(good + bad + good, as: .protobuf)
            #expect(decoded.batch.count == 2)
            #expect(decoded.refusals.entries.map(\.reason) == [reason], "\(sentence)")
            let example = decoded.refusals.entries.first?.example ?? ""
            #expect(example.hasPrefix("Span 2 of the list: ") && example.contains(sentence), "\(example)")
        }
        #expect(throws: ByteCodingError.self) { try decode(good + [0x0A, 200], as: .protobuf) }
        // Unknown kinds and fields say nothing; negative times are none.
        let lenient = identified {
            $0.varint(4, 99)
            $0.varint(7, UInt64(bitPattern: -5))
            $0.string(77, "new")
        }
        let span = try #require(try decode(lenient, as: .protobuf).batch.spans.first)
        #expect(span.kind == .internal && span.duration == 0)
    }

    @Test("the field numbers of the message description are those that are read")
    func description() throws {
        let text = try String(
            contentsOf: SharedData.projectFolder.appendingPathComponent("Schemas/proto/zipkin.proto"), encoding: .utf8)
        let fields = text.matches(of: /^ +(?:repeated )?[\w<>, ]+ (\w+) = (\d+);/.anchorsMatchLineEndings()).map {
            "\($0.1)=\($0.2)"
        }
        let expected = [
            "spans=1", "trace_id=1", "parent_id=2", "id=3", "SPAN_KIND_UNSPECIFIED=0", "CLIENT=1", "SERVER=2", "PRODUCER=3",
            "CONSUMER=4", "kind=4", "name=5", "timestamp=6", "duration=7", "local_endpoint=8",
            "remote_endpoint=9", "annotations=10", "tags=11", "debug=12", "shared=13", "service_name=1", "ipv4=2", "ipv6=3",
            "port=4", "timestamp=1", "value=2",
        ]
        #expect(fields == expected)
    }

    // MARK: - Version 1

    private static let front = #"{"serviceName":"front","ipv4":"10.0.0.1","port":80}"#
    private static let back = #"{"serviceName":"back","ipv4":"10.0.0.2","port":81}"#

    @Test("a client's span of version 1 has its times from its annotations or its own, and the server's address")
    func client() throws {
        let ids = #""traceId":"1","id":"2","parentId":"1","name":"get""#
        let expected = try same(
            #"{\#(ids),"kind":"CLIENT","timestamp":100,"duration":50,"localEndpoint":\#(Self.front),"remoteEndpoint":\#(Self.back),"#
                + #""tags":{"http.path":"/a","n":"5","b":"true"},"annotations":[{"timestamp":110,"value":"foo"}]}"#)
        let annotations =
            #""annotations":[{"timestamp":150,"value":"cr","endpoint":\#(Self.front)},{"timestamp":100,"value":"cs","endpoint":\#(Self.front)},"#
            + #"{"timestamp":110,"value":"foo","endpoint":\#(Self.front)}],"#
            + #""binaryAnnotations":[{"key":"sa","value":true,"endpoint":\#(Self.back)},{"key":"http.path","value":"/a","endpoint":\#(Self.front)},"#
            + #"{"key":"n","type":"I16","value":5,"endpoint":\#(Self.front)},{"key":"b","value":true,"endpoint":\#(Self.front)}]"#
        #expect(try v1("{\(ids),\(annotations)}") == expected)
        #expect(try v1("{\(ids),\"timestamp\":100,\"duration\":50,\(annotations)}") == expected)
        // The start is known from the span when only the end was noted.
        let end = #""annotations":[{"timestamp":150,"value":"cr","endpoint":\#(Self.front)}]"#
        #expect(
            try v1("{\(ids),\"timestamp\":100,\"duration\":50,\(end)}")
                == same(#"{\#(ids),"kind":"CLIENT","timestamp":100,"duration":50,"localEndpoint":\#(Self.front)}"#))
    }

    @Test("a span of two hosts becomes the client's half and the server's shared one, also when both are one service")
    func twoHosts() throws {
        func span(_ client: String, _ server: String) -> String {
            #"{"traceId":"1","id":"2","name":"get","timestamp":100,"duration":50,"annotations":["#
                + #"{"timestamp":100,"value":"cs","endpoint":\#(client)},{"timestamp":110,"value":"sr","endpoint":\#(server)},"#
                + #"{"timestamp":130,"value":"ss","endpoint":\#(server)},{"timestamp":150,"value":"cr","endpoint":\#(client)}],"#
                + #""binaryAnnotations":[{"key":"ca","value":true,"endpoint":{"ipv4":"9.9.9.9"}},{"key":"x","value":"1","endpoint":\#(client)}]}"#
        }
        func halves(_ client: String, _ server: String) throws -> [String] {
            try same(
                #"{"traceId":"1","id":"2","name":"get","kind":"CLIENT","timestamp":100,"duration":50,"localEndpoint":\#(client),"#
                    + #""tags":{"x":"1"}},{"traceId":"1","id":"2","name":"get","kind":"SERVER","timestamp":110,"duration":20,"#
                    + #""shared":true,"localEndpoint":\#(server),"remoteEndpoint":{"ipv4":"9.9.9.9"}}"#)
        }
        #expect(try v1(span(Self.front, Self.back)) == halves(Self.front, Self.back))
        // Within one service the address goes to the first span of its name, as in Zipkin.
        let loop = try v1(span(Self.front, Self.front))
        #expect(loop.count == 2 && loop.count { $0.contains(#""shared":true"#) } == 1 && loop.allSatisfy { $0.contains("front") })
    }

    @Test("a server's span of version 1 is shared when it has no timestamp of its own, and an incomplete one keeps what it knows")
    func server() throws {
        let ids = #""traceId":"1","id":"2","name":"get""#
        let both =
            #""annotations":[{"timestamp":100,"value":"sr","endpoint":\#(Self.back)},{"timestamp":150,"value":"ss","endpoint":\#(Self.back)}]"#
        let own = #"{\#(ids),"kind":"SERVER","timestamp":100,"duration":50,"localEndpoint":\#(Self.back)"#
        #expect(try v1("{\(ids),\(both)}") == same(own + #","shared":true}"#))
        #expect(try v1("{\(ids),\"timestamp\":100,\"duration\":50,\(both)}") == same(own + "}"))
        let begin = #""annotations":[{"timestamp":100,"value":"cs","endpoint":\#(Self.front)}]"#
        #expect(
            try v1("{\(ids),\(begin)}") == same(#"{\#(ids),"kind":"CLIENT","timestamp":100,"localEndpoint":\#(Self.front)}"#))
        let end = #""annotations":[{"timestamp":100,"value":"ss","endpoint":\#(Self.back)}]"#
        #expect(
            try v1("{\(ids),\"timestamp\":90,\(end)}")
                == same(
                    #"{\#(ids),"kind":"SERVER","timestamp":90,"localEndpoint":\#(Self.back),"annotations":[{"timestamp":100,"value":"ss"}]}"#
                ))
    }

    @Test("messages of version 1: sent and received, with the broker's address, on one side or both")
    func messages() throws {
        let ids = #""traceId":"1","id":"2","name":"send""#
        let broker = #"{"serviceName":"kafka"}"#
        let address = #""binaryAnnotations":[{"key":"ma","value":true,"endpoint":\#(broker)}]"#
        func annotation(_ time: Int, _ value: String, _ host: String) -> String {
            #"{"timestamp":\#(time),"value":"\#(value)","endpoint":\#(host)}"#
        }
        let sent = annotation(100, "ms", Self.front) + "," + annotation(120, "ws", Self.front)
        let received = annotation(200, "wr", Self.back) + "," + annotation(210, "mr", Self.back)
        let producer =
            #"{\#(ids),"kind":"PRODUCER","timestamp":100,"duration":20,"localEndpoint":\#(Self.front),"remoteEndpoint":\#(broker)}"#
        let consumer =
            #"{\#(ids),"kind":"CONSUMER","timestamp":200,"duration":10,"localEndpoint":\#(Self.back),"remoteEndpoint":\#(broker)"#
        #expect(try v1("{\(ids),\"annotations\":[\(sent)],\(address)}") == same(producer))
        #expect(try v1("{\(ids),\"annotations\":[\(received)],\(address)}") == same(consumer + "}"))
        #expect(
            try v1("{\(ids),\"annotations\":[\(sent),\(received)],\(address)}")
                == same(producer + "," + consumer + #","shared":true}"#))
    }

    @Test("what has no core annotation is local; addresses alone tell a direction; annotations without a host go to the first")
    func local() throws {
        let ids = #""traceId":"1","id":"2","name":"work","timestamp":5,"duration":7"#
        func binary(_ items: String...) -> String { "\"binaryAnnotations\":[\(items.joined(separator: ","))]" }
        let lc = #"{"key":"lc","value":"","endpoint":\#(Self.front)}"#
        let sa = #"{"key":"sa","value":true,"endpoint":\#(Self.back)}"#
        let ca = #"{"key":"ca","value":true,"endpoint":\#(Self.front)}"#
        let host = #""localEndpoint":\#(Self.front)"#
        #expect(try v1("{\(ids),\(binary(lc))}") == same("{\(ids),\(host)}"))
        #expect(
            try v1("{\(ids),\(binary(#"{"key":"lc","value":"unit","endpoint":\#(Self.front)}"#))}")
                == same("{\(ids),\(host),\"tags\":{\"lc\":\"unit\"}}"))
        #expect(try v1("{\(ids),\(binary(lc, sa))}") == same("{\(ids),\(host),\"remoteEndpoint\":\(Self.back)}"))
        #expect(try v1("{\(ids),\(binary(ca, sa))}") == same("{\(ids),\(host),\"remoteEndpoint\":\(Self.back)}"))
        #expect(try v1("{\(ids),\(binary(ca))}") == same("{\(ids),\"kind\":\"SERVER\",\"remoteEndpoint\":\(Self.front)}"))
        #expect(
            try v1("{\(ids),\"annotations\":[{\"timestamp\":6,\"value\":\"cs\"}],\(binary(lc))}")
                == same("{\(ids),\(host),\"annotations\":[{\"timestamp\":6,\"value\":\"cs\"}]}"))
        // Finagle names its own service as the caller's.
        let server =
            #""annotations":[{"timestamp":5,"value":"sr","endpoint":\#(Self.back)},{"timestamp":12,"value":"ss","endpoint":\#(Self.back)}]"#
        #expect(
            try v1("{\(ids),\(server),\(binary(#"{"key":"ca","value":true,"endpoint":{"serviceName":"back","port":9}}"#))}")
                == same("{\(ids),\"kind\":\"SERVER\",\"localEndpoint\":\(Self.back),\"remoteEndpoint\":{\"port\":9}}"))
    }

    @Test(
        "spans of version 1 that make no sense are refused alone",
        arguments: [
            (#"{"traceId":"1"}"#, "its id"), (#"{"traceId":"1","id":"2"}"#, "no timestamp"),
            (#"{"traceId":"1","id":"2","timestamp":1,"tags":{}}"#, "version 2"),
            (#"{"traceId":"1","id":"2","timestamp":1,"annotations":[{"value":"x"}]}"#, "no timestamp or no value"),
            (#"{"traceId":"1","id":"2","timestamp":1,"binaryAnnotations":[{"value":"x"}]}"#, "no key"),
        ])
    func refusals(span: String, sentence: String) throws {
        let good = #"{"traceId":"9","id":"2","timestamp":1}"#
        let decoded = try decode(Array("[\(good),\(span),\(good)]".utf8), as: .jsonV1)
        #expect(decoded.batch.count == 2)
        #expect(decoded.refusals.entries.first?.example.contains(sentence) == true, "\(decoded.refusals.entries)")
        let hosts = (0...64).map { #"{"key":"k\#($0)","value":"","endpoint":{"serviceName":"s\#($0)"}}"# }.joined(separator: ",")
        let many = try decode(
            Array(#"[{"traceId":"1","id":"2","timestamp":1,"binaryAnnotations":[\#(hosts)]}]"#.utf8), as: .jsonV1)
        #expect(many.refusals.entries.map(\.reason) == [.tooLarge])
    }

    @Test("mutated lists of every form end with spans or an error, and can be written", arguments: [81, 82] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let json = Array("[\(Self.full)]".utf8)
        let forms: [(ZipkinFormat, [UInt8])] = [
            (.protobuf, try ZipkinSpans.protobuf(json)), (.jsonV1, try ZipkinSpans.versionOne(json)), (.json, json + json),
        ]
        for (format, bytes) in forms {
            for _ in 0..<3000 {
                let mutated = mutator.mutate(bytes)
                do {
                    let decoded = try decode(mutated, as: format)
                    _ = try ZipkinSpans.objects(ZipkinEncoder.trace(decoded.batch))
                } catch is ByteCodingError {}
            }
        }
    }
}
