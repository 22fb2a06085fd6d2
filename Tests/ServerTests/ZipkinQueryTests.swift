import Foundation
import Hummingbird
import Platform
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis
import WireFormats

@testable import Server

@Suite("Zipkin's query API")
struct ZipkinQueryTests {
    private func server(_ change: (inout ServerConfiguration) -> Void = { _ in }) throws -> TestServer {
        var configuration = ServerConfiguration()
        change(&configuration)
        return try TestServer(
            dependencies: TestServer.dependencies(
                store: InMemoryStore(rollup: { RollupBuilder.rollup($0) }), configuration: configuration))
    }

    private func post(_ server: TestServer, _ json: String) async throws {
        let reply = try await server.send(.post, "/api/v2/spans", body: Array(json.utf8), port: .zipkin)
        #expect(reply.status == 202 && reply.body.isEmpty, "\(reply.body)")
    }

    private func list(_ server: TestServer, _ path: String) async throws -> [String] {
        let reply = try await server.send(.get, path, port: .zipkin)
        #expect(reply.status == 200, "\(path): \(reply.body)")
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [String])
    }

    private func found(_ server: TestServer, _ parameters: String) async throws -> [String] {
        let reply = try await server.send(.get, "/api/v2/traces?endTs=1767323045000&\(parameters)", port: .zipkin)
        #expect(reply.status == 200, "\(parameters): \(reply.body)")
        let traces = try #require(try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [[[String: Any]]])
        return traces.compactMap { $0.first?["traceId"] as? String }
    }

    /// A client's and a server's half, and a message to a broker in another trace.
    private static let spans = """
        [{"traceId":"000000000000000a","id":"1","name":"GET /","kind":"CLIENT","timestamp":1767322985000000,"duration":4000,
          "localEndpoint":{"serviceName":"Shop"},"remoteEndpoint":{"serviceName":"stock","ipv4":"10.0.0.9","port":80},
          "tags":{"http.method":"GET","env":"prod"},"annotations":[{"timestamp":1767322985000100,"value":"retry me"}]},
         {"traceId":"000000000000000a","id":"1","name":"get /","kind":"SERVER","timestamp":1767322985001000,
          "duration":2000,"shared":true,"localEndpoint":{"serviceName":"stock"},"tags":{"error":"broken","env":"test"}},
         {"traceId":"1111111111111111000000000000000b","id":"2","name":"send","kind":"PRODUCER","timestamp":1767322986000000,
          "duration":10,"localEndpoint":{"serviceName":"Shop"},"remoteEndpoint":{"serviceName":"kafka"}}]
        """

    @Test("every parameter of a search narrows it")
    func parameters() async throws {
        let server = try server()
        try await post(server, Self.spans)
        let (a, b) = ("000000000000000a", "1111111111111111000000000000000b")
        let cases: [(String, [String])] = [
            ("", [b, a]), ("limit=1", [b]), ("lookback=60000", [b, a]), ("lookback=59500", [b]), ("serviceName=stock", [a]),
            // Zipkin asks in lower case, whatever the case was when the span came.
            ("serviceName=Shop", [b, a]), ("serviceName=shop", [b, a]), ("serviceName=SHOP&spanName=get%20/", [a]),
            ("serviceName=none", []), ("spanName=all", [b, a]), ("spanName=SEND", [b]), ("remoteServiceName=kafka", [b]),
            ("serviceName=stock&remoteServiceName=kafka", []), ("minDuration=4000", [a]), ("minDuration=4001", []),
            ("minDuration=1&maxDuration=2000", [b, a]), ("serviceName=Shop&minDuration=1&maxDuration=3999", [b]),
            ("annotationQuery=http.method%3DGET", [a]), ("annotationQuery=http.method%3DPOST", []),
            ("annotationQuery=http.method", [a]), ("annotationQuery=retry%20me", [a]), ("annotationQuery=error", [a]),
            ("annotationQuery=error%3Dbroken%20and%20env%3Dtest", [a]), ("annotationQuery=env%3Dprod%20and%20retry%20me", [a]),
            ("annotationQuery=env%20and%20%20http.method%20%3D%20GET%20", [a]), ("annotationQuery=env%3D", [a]),
            ("annotationQuery=env%3Dprod%20and%20env%3Dtest", [a]), ("annotationQuery=and", []),
            ("serviceName=Shop&annotationQuery=error", []),
        ]
        for (parameters, ids) in cases { #expect(try await found(server, parameters) == ids, "\(parameters)") }
    }

    @Test("names: services, operations, whom a service calls, and values for completion of the tags that are set up for it")
    func names() async throws {
        let server = try server { $0.zipkinAutocompleteKeys = ["env", "absent"] }
        try await post(server, Self.spans)
        #expect(try await list(server, "/api/v2/services") == ["Shop", "stock"])
        #expect(try await list(server, "/zipkin/api/v2/services") == ["Shop", "stock"])
        #expect(try await list(server, "/api/v2/spans?serviceName=Shop") == ["GET /", "send"])
        #expect(try await list(server, "/api/v2/spans?serviceName=shop") == ["GET /", "send"])
        #expect(try await list(server, "/api/v2/spans?serviceName=other") == [])
        #expect(try await list(server, "/api/v2/remoteServices?serviceName=shop") == ["kafka", "stock"])
        #expect(try await list(server, "/api/v2/autocompleteKeys") == ["absent", "env"])
        #expect(try await list(server, "/api/v2/autocompleteValues?key=env") == ["prod", "test"])
        #expect(try await list(server, "/api/v2/autocompleteValues?key=absent") == [])
        #expect(try await list(server, "/api/v2/autocompleteValues?key=http.method") == [])
        let settings = try await server.send(.get, "/zipkin/config.json", port: .zipkin)
        #expect(settings.status == 200 && settings.body.contains(#""searchEnabled":true"#))
        #expect(try await server.send(.get, "/health", port: .zipkin).body.contains(#""status":"UP""#))
        let links = try await server.send(.get, "/api/v2/dependencies?endTs=1767323045000&lookback=86400000", port: .zipkin).body
        #expect(
            links
                == #"[{"parent":"Shop","child":"kafka","callCount":1},{"parent":"Shop","child":"stock","callCount":1,"errorCount":1}]"#
        )
        #expect(try await server.send(.get, "/api/v2/dependencies?endTs=1700000000000&lookback=1000").body == "[]")
    }

    @Test(
        "mistakes are a 400 with a sentence in plain text, what is unknown a 404",
        arguments: [
            ("traces?endTs=0", 400, "endTs must be greater than 0"), ("traces?lookback=0", 400, "lookback must be"),
            ("traces?limit=0", 400, "from 1 to"), ("traces?limit=x", 400, "from 1 to"),
            ("traces?minDuration=0", 400, "minDuration must"),
            ("traces?maxDuration=5", 400, "only valid with minDuration"), ("traces?minDuration=5&maxDuration=4", 400, "less than"),
            ("traces?annotationQuery=%3Dx", 400, "no key"), ("traces?serviceName=%FF", 400, "UTF-8"), ("spans", 400, "serviceName"),
            ("remoteServices", 400, "serviceName"), ("autocompleteValues", 400, "key"), ("dependencies", 400, "endTs"),
            ("dependencies?endTs=5&lookback=-1", 400, "-1"), ("trace/xyz", 400, "no trace id"), ("trace/0", 400, "not all zero"),
            ("trace/123456789012345678901234567890123", 400, "no trace id"), ("trace/77", 404, "0000000000000077 not found"),
            ("traceMany", 400, "traceIds"), ("traceMany?traceIds=", 400, "traceIds"),
            ("traceMany?traceIds=a", 400, "/api/v2/trace/a"),
            ("traceMany?traceIds=a,000000000000000A", 400, "there twice"), ("traceMany?traceIds=a,", 400, "no trace id"),
            ("traceMany?traceIds=a,q", 400, "no trace id"),
        ])
    func mistakes(path: String, status: Int, sentence: String) async throws {
        let reply = try await server().send(.get, "/api/v2/\(path)", port: .zipkin)
        #expect(reply.status == status && reply.body.contains(sentence), "\(reply.status) \(reply.body)")
        #expect(reply.headers[.contentType] == "text/plain; charset=utf-8")
    }

    @Test("many traces at once: known ones in the order asked for, unknown ones left away, at most a thousand")
    func many() async throws {
        let server = try server()
        try await post(server, Self.spans)
        let ids = "1111111111111111000000000000000b,77,a"
        let reply = try await server.send(.get, "/api/v2/traceMany?traceIds=\(ids)", port: .zipkin)
        let traces = try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [[[String: Any]]]
        #expect(traces?.map(\.count) == [1, 2])
        let tooMany = (1...1001).map { String($0, radix: 16) }.joined(separator: ",")
        #expect(try await server.send(.get, "/api/v2/traceMany?traceIds=\(tooMany)").status == 400)
    }

    @Test("ids are told apart whole; where they are not strict, what came under the lower half belongs to the whole one")
    func strictness() async throws {
        let halves = """
            [{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"1","timestamp":1767322985000000,"localEndpoint":{"serviceName":"a"}},
             {"traceId":"48485a3953bb6124","id":"2","parentId":"1","timestamp":1767322985000100,"localEndpoint":{"serviceName":"b"}}]
            """
        for isStrict in [true, false] {
            let server = try server { $0.zipkinStrictTraceID = isStrict }
            try await post(server, halves)
            let trace = try await server.send(.get, "/api/v2/trace/463ac35c9f6413ad48485a3953bb6124").bytes
            #expect(try ZipkinSpans.objects(trace).count == (isStrict ? 1 : 2))
            #expect(try ZipkinSpans.objects(await server.send(.get, "/api/v2/trace/48485a3953bb6124").bytes).count == 1)
            #expect(try await found(server, "").count == (isStrict ? 2 : 1))
        }
    }

    @Test("parts of a span in one list are joined, a copy is a duplicate, and a server that forgot to say shared is understood")
    func parts() async throws {
        let server = try server()
        try await post(
            server,
            """
            [{"traceId":"a","id":"1","kind":"CLIENT","name":"get","timestamp":1767322985000000,"localEndpoint":{"serviceName":"a"},
              "tags":{"x":"1","y":"1"}},
             {"traceId":"a","id":"1","duration":7,"localEndpoint":{"serviceName":"a","ipv4":"1.2.3.4"},"tags":{"y":"2"},
              "annotations":[{"timestamp":1767322985000003,"value":"late"}]},
             {"traceId":"a","id":"1","kind":"SERVER","timestamp":1767322985000001,"duration":5,"localEndpoint":{"serviceName":"b"}},
             {"traceId":"a","id":"5","parentId":"1","timestamp":1767322985000001,"localEndpoint":{"serviceName":"b"}},
             {"traceId":"a","id":"5","parentId":"1","timestamp":1767322985000001,"localEndpoint":{"serviceName":"b"}}]
            """)
        let trace = try await server.send(.get, "/api/v2/trace/a").bytes
        let expected = """
            [{"traceId":"a","id":"1","kind":"CLIENT","name":"get","timestamp":1767322985000000,"duration":7,
              "localEndpoint":{"serviceName":"a","ipv4":"1.2.3.4"},"tags":{"x":"1","y":"2"},
              "annotations":[{"timestamp":1767322985000003,"value":"late"}]},
             {"traceId":"a","id":"1","kind":"SERVER","timestamp":1767322985000001,"duration":5,"localEndpoint":{"serviceName":"b"},
              "shared":true},
             {"traceId":"a","id":"5","parentId":"1","timestamp":1767322985000001,"localEndpoint":{"serviceName":"b"}}]
            """
        #expect(try ZipkinSpans.meanings(trace) == ZipkinSpans.meanings(Array(expected.utf8)))
        let metrics = try await server.send(.get, "/metrics").body
        #expect(metrics.contains("headrope_intake_accepted_total{signal=\"traces\",protocol=\"zipkin\"} 4\n"), "\(metrics)")
    }

    @Test("a span without a time has that of a relative, and still says none")
    func untimed() async throws {
        let server = try server()
        let json = """
            [{"traceId":"a","id":"1","timestamp":1767322985000000,"localEndpoint":{"serviceName":"a"}},
             {"traceId":"a","id":"2","parentId":"1","duration":5,"localEndpoint":{"serviceName":"b"}},
             {"traceId":"a","id":"3","parentId":"1","annotations":[{"timestamp":1767322985000009,"value":"x"}]}]
            """
        try await post(server, json)
        let trace = try await server.send(.get, "/api/v2/trace/a").bytes
        #expect(try ZipkinSpans.meanings(trace) == ZipkinSpans.meanings(Array(json.utf8)))
    }

    @Test("tags that are named as the parts of endpoints are come back as tags")
    func ambiguousTags() async throws {
        let server = try server()
        let json = """
            [{"traceId":"a","id":"1","timestamp":1767322985000000,"tags":{"peer.service":"tag","network.peer.port":"1","zipkin.debug":"x"}},
             {"traceId":"a","id":"2","timestamp":1767322985000000,"remoteEndpoint":{"serviceName":"end","port":5},
              "tags":{"peer.service":"tag","network.peer.port":"1"}}]
            """
        try await post(server, json)
        let trace = try await server.send(.get, "/api/v2/trace/a").bytes
        #expect(try ZipkinSpans.meanings(trace) == ZipkinSpans.meanings(Array(json.utf8)))
    }

    @Test("what came by OTLP is a sensible trace of Zipkin's, and what came by Zipkin goes on as OTLP and comes back")
    func otlp() async throws {
        let server = try server()
        var batch = ShopTrace.batch
        batch.append(
            Span(
                traceID: ShopTrace.id, spanID: SpanID(9), parentSpanID: SpanID(1), name: "query", kind: .client,
                start: ShopTrace.start, end: ShopTrace.start + 10, status: .error,
                attributes: [
                    Attribute("server.address", "db.example"), Attribute("server.port", .int(5432)),
                    Attribute("network.peer.address", "10.1.2.3"), Attribute("network.local.address", "not an address"),
                ],
                resource: Resource(attributes: [Attribute("service.name", "shop"), Attribute("host.name", "a")]),
                scope: InstrumentationScope(name: "driver", version: "2")))
        _ = try await server.send(
            .post, "/v1/traces", headers: [.contentType: "application/x-protobuf"], body: OTLPTraceEncoder.encode(batch))
        let trace = try await server.send(.get, "/api/v2/trace/1234")
        let span = try #require(try ZipkinSpans.objects(trace.bytes).first { $0["name"] as? String == "query" })
        #expect(span["duration"] as? Int == 1 && span["kind"] as? String == "CLIENT")
        let remote = span["remoteEndpoint"] as? NSDictionary
        #expect(remote == ["serviceName": "db.example", "ipv4": "10.1.2.3", "port": 5432])
        let tags: [String: String] = [
            "server.address": "db.example", "server.port": "5432", "network.local.address": "not an address", "error": "true",
            "otel.status_code": "ERROR", "otel.scope.name": "driver", "otel.scope.version": "2", "host.name": "a",
        ]
        #expect(span["tags"] as? [String: String] == tags)

        // As an agent hands Zipkin's spans on.
        let json = Array(Self.spans.utf8)
        let decoded = try json.withUnsafeBytes { try ZipkinDecoder.decode($0) }
        let other = try self.server()
        _ = try await other.send(
            .post, "/v1/traces", headers: [.contentType: "application/x-protobuf"], body: OTLPTraceEncoder.encode(decoded.batch))
        let ids = "000000000000000a,1111111111111111000000000000000b"
        let reply = try await other.send(.get, "/api/v2/traceMany?traceIds=\(ids)")
        let back = try #require(try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [[[String: Any]]])
        let flat = Array(try JSONSerialization.data(withJSONObject: Array(back.joined())))
        #expect(try ZipkinSpans.meanings(flat) == ZipkinSpans.meanings(json))
    }

    @Test("version 1 and protobuf are taken on Zipkin's port, gzip too; Thrift is refused with a sentence")
    func forms() async throws {
        let server = try server()
        let json = Array(Self.spans.utf8)
        let v1 = try await server.send(.post, "/api/v1/spans", body: try ZipkinSpans.versionOne(json), port: .zipkin)
        #expect(v1.status == 202, "\(v1.body)")
        let protobuf = try await server.send(
            .post, "/api/v2/spans", headers: [.contentType: "application/x-protobuf"], body: try ZipkinSpans.protobuf(json),
            port: .zipkin)
        #expect(protobuf.status == 202, "\(protobuf.body)")
        let thrift = try await server.send(
            .post, "/api/v1/spans", headers: [.contentType: "application/x-thrift"], body: [12], port: .zipkin)
        #expect(thrift.status == 415 && thrift.body.contains("Thrift"))
        let confused = try await server.send(.post, "/api/v1/spans", body: json, port: .zipkin)
        #expect(confused.status == 400 && confused.body.contains("/api/v2/spans"))
    }
}
