import ByteCoding
import HTTPTypes
import Hummingbird
import Ingest
import IntakeRoutes
import Storage
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@Suite("Intake over HTTP")
struct IntakeHandlersTests {
    private static let protobuf = "application/x-protobuf"
    private static let json = "application/json; charset=utf-8"

    private func traces(
        _ harness: IntakeHarness, _ body: [UInt8], _ type: String? = protobuf, encoding: String? = nil
    ) async throws -> IntakeHarness.Answer {
        try await IntakeHarness.answer(try await harness.handlers.otlpTraces(IntakeHarness.request(body, type, encoding: encoding)))
    }

    private func remoteWrite(
        _ harness: IntakeHarness, _ body: [UInt8], _ type: String? = protobuf, encoding: String? = "snappy"
    ) async throws -> IntakeHarness.Answer {
        try await IntakeHarness.answer(
            try await harness.handlers.remoteWrite(IntakeHarness.request(body, type, encoding: encoding)))
    }

    private func zipkin(_ harness: IntakeHarness, _ body: String, _ type: String? = json) async throws -> IntakeHarness.Answer {
        try await IntakeHarness.answer(try await harness.handlers.zipkinSpans(IntakeHarness.request(Array(body.utf8), type)))
    }

    // MARK: - OTLP

    @Test("OTLP spans are taken plain and compressed, as protobuf and as JSON")
    func otlp() async throws {
        let harness = IntakeHarness()
        let body = OTLPTraceEncoder.encode(Bodies.spans(50))
        for (encoding, bytes) in [
            (nil, body), ("identity", body), ("gzip", try Deflate.compress(body, as: .gzip)),
            ("deflate", try Deflate.compress(body, as: .zlib)),
        ] {
            let answer = try await traces(harness, bytes, encoding: encoding)
            #expect(answer.status == 200 && answer.body.isEmpty && answer.headers[.contentType] == Self.protobuf)
        }
        let json =
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001","#
            + #""spanId":"0000000000000001","name":"n"}]}]}]}"#
        let answer = try await traces(harness, Array(json.utf8), Self.json)
        #expect(answer.status == 200 && answer.text == "{}" && answer.headers[.contentType] == "application/json")
        #expect(harness.store.spanCount == 201)
        let key = IngestCounters.Key(signal: .traces, wireProtocol: .otlp, reason: "")
        #expect(harness.pipeline.counters.snapshot.items == [key: 201])
        #expect(harness.pipeline.counters.snapshot.requests == [key: 5])
        #expect(harness.pipeline.counters.snapshot.inFlightByteCount == 0)
    }

    @Test("good spans of a request are kept, the others named by partial success and counted")
    func partialSuccess() async throws {
        let harness = IntakeHarness()
        var batch = Bodies.spans(3)
        batch.rows[1].spanID = SpanID(0)
        let answer = try await traces(harness, OTLPTraceEncoder.encode(batch))
        #expect(answer.status == 200 && harness.store.spanCount == 2)
        let message = "1 refused (invalid_id), such as: Span 2 of the request: its span id must be 8 bytes and not all zero."
        #expect(answer.body == OTLPResponse.success(.traces, .protobuf, rejected: 1, message: message))
        let items = harness.pipeline.counters.snapshot.items
        #expect(items[IngestCounters.Key(signal: .traces, wireProtocol: .otlp, reason: "invalid_id")] == 1)
    }

    @Test("an empty body is an empty request", arguments: [protobuf, json])
    func empty(type: String) async throws {
        let harness = IntakeHarness()
        #expect(try await traces(harness, [], type).status == 200)
        #expect(try await traces(harness, [], type, encoding: "gzip").status == 200)
        #expect(harness.store.spanCount == 0)
    }

    @Test("a body that cannot be read is a 400 with google.rpc.Status in its encoding")
    func garbage() async throws {
        let harness = IntakeHarness()
        let body = OTLPTraceEncoder.encode(Bodies.spans(3))
        let truncated = try await traces(harness, Array(body.dropLast(5)))
        #expect(truncated.status == 400 && truncated.body.starts(with: [8, 3]) && truncated.headers[.contentType] == Self.protobuf)
        let json = try await traces(harness, Array("{\"resourceSpans\":[".utf8), Self.json)
        #expect(json.status == 400 && json.text.hasPrefix("{\"code\":3,\"message\":\"The OTLP/JSON request cannot be read: "))
        #expect(try await traces(harness, body, encoding: "gzip").status == 400)
        #expect(try await traces(harness, Array(try Deflate.compress(body, as: .gzip).dropLast(9)), encoding: "gzip").status == 400)
        let deep = [UInt8](repeating: 0x5B, count: 100_000)
        let nested = try await traces(harness, Array("{\"x\":".utf8) + deep, Self.json)
        #expect(nested.status == 413)
        #expect(harness.store.spanCount == 0)
        let key = IngestCounters.Key(signal: .traces, wireProtocol: .otlp, reason: "malformed")
        #expect(harness.pipeline.counters.snapshot.requests[key] == 4)
    }

    @Test("content types and encodings that are not known are a 415")
    func unsupported() async throws {
        let harness = IntakeHarness()
        for type in [nil, "text/plain", "application/grpc"] { #expect(try await traces(harness, [], type).status == 415) }
        let answer = try await traces(harness, [], encoding: "br")
        #expect(answer.status == 415)
        #expect(
            answer.body
                == OTLPResponse.failure(
                    .invalidArgument, "The content encoding \"br\" is not taken here; known are: identity, gzip, deflate, zstd.",
                    .protobuf))
        #expect(try await traces(harness, [], encoding: "snappy").status == 415)
    }

    @Test("bodies may be packed with zstd, and a bomb is a 413")
    func zstd() async throws {
        let harness = IntakeHarness()
        let packed = try Zstd.compress(OTLPTraceEncoder.encode(Bodies.spans(3)))
        #expect(try await traces(harness, packed, encoding: "zstd").status == 200)
        #expect(harness.store.spanCount == 3)
        let bomb = try Zstd.compress([UInt8](repeating: 0, count: IngestLimits().bodyByteCount + 1))
        #expect(try await traces(harness, bomb, encoding: "zstd").status == 413)
        #expect(try await traces(harness, packed.dropLast(2) + [], encoding: "zstd").status == 400)
        #expect(harness.pipeline.counters.snapshot.inFlightByteCount == 0)
    }

    @Test("bodies beyond the limits are a 413, announced, streamed or unpacked")
    func tooLarge() async throws {
        let harness = IntakeHarness {
            $0.bodyByteCount = 10_000
            $0.compressedBodyByteCount = 2_000
        }
        #expect(try await traces(harness, [UInt8](repeating: 0, count: 10_001)).status == 413)
        let announced = IntakeHarness.request([], Self.protobuf, announcing: 10_001)
        #expect(try await harness.handlers.otlpTraces(announced).status.code == 413)
        // A bomb: one megabyte of zeros in about a thousand bytes.
        let bomb = try Deflate.compress([UInt8](repeating: 0, count: 1_000_000), as: .gzip)
        #expect(bomb.count < 2_000)
        let answer = try await traces(harness, bomb, encoding: "gzip")
        #expect(answer.status == 413 && answer.body.starts(with: [8, 8]))
        #expect(try await traces(harness, [UInt8](repeating: 0, count: 2_001), encoding: "gzip").status == 413)
        let snappy = SnappyBlock.compress([UInt8](repeating: 0, count: 20_000))
        #expect(try await remoteWrite(harness, snappy).status == 413)
        #expect(harness.pipeline.counters.snapshot.inFlightByteCount == 0)
    }

    @Test("a store that cannot take anything is a 503 with Retry-After, and nothing stays reserved")
    func unavailable() async throws {
        let harness = IntakeHarness()
        harness.store.state.withLock { $0.failure = StorageError(.unavailable, "The disk is full.") }
        let answers = [
            try await traces(harness, OTLPTraceEncoder.encode(Bodies.spans(1))),
            try await remoteWrite(harness, SnappyBlock.compress(Bodies.remoteWrite([("up", 1)]))),
            try await zipkin(harness, #"[{"traceId":"1","id":"1","timestamp":1}]"#),
        ]
        for answer in answers {
            #expect(answer.status == 503 && answer.headers[.retryAfter] == "5")
            #expect(answer.text.contains("The disk is full."))
        }
        #expect(harness.pipeline.counters.snapshot.inFlightByteCount == 0)
        #expect(harness.pipeline.counters.snapshot.requests.filter { $0.key.reason == "unavailable" }.values.reduce(0, +) == 3)
    }

    @Test("more bytes than may be worked on at once are a 503")
    func backPressure() async throws {
        let harness = IntakeHarness { $0.inFlightByteCount = 3_000 }
        #expect(try await traces(harness, OTLPTraceEncoder.encode(Bodies.spans(10))).status == 200)
        let answer = try await traces(harness, OTLPTraceEncoder.encode(Bodies.spans(200)))
        #expect(answer.status == 503 && answer.headers[.retryAfter] == "5")
        #expect(harness.pipeline.counters.snapshot.inFlightByteCount == 0)
        #expect(try await traces(harness, OTLPTraceEncoder.encode(Bodies.spans(10))).status == 200)
    }

    @Test("log records are counted and rejected by partial success")
    func logs() async throws {
        let harness = IntakeHarness()
        let json = #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{}]},{"logRecords":[{}]}]}]}"#
        let response = try await harness.handlers.otlpLogs(IntakeHarness.request(Array(json.utf8), Self.json))
        let answer = try await IntakeHarness.answer(response)
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix(#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"#))
        #expect(answer.text.contains("no log store yet"))
        let items = harness.pipeline.counters.snapshot.items
        #expect(items[IngestCounters.Key(signal: .logs, wireProtocol: .otlp, reason: "no_log_store")] == 3)
    }

    @Test("OTLP metrics reach the store")
    func metrics() async throws {
        let harness = IntakeHarness()
        let json =
            #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":["#
            + #"{"asInt":1,"timeUnixNano":"1000000"},{"asInt":1},{"asInt":"x"}]}}]}]}]}"#
        let response = try await harness.handlers.otlpMetrics(IntakeHarness.request(Array(json.utf8), Self.json))
        let answer = try await IntakeHarness.answer(response)
        #expect(answer.status == 200 && answer.text.hasPrefix(#"{"partialSuccess":{"rejectedDataPoints":"2","#))
        #expect(harness.store.sampleCount == 1)
    }

    // MARK: - Remote write

    @Test("remote write is a 204 when every sample is stored")
    func remoteWriteStored() async throws {
        let harness = IntakeHarness()
        let body = SnappyBlock.compress(Bodies.remoteWrite([("up", 2), ("down", 1)]))
        for (type, encoding) in [(Self.protobuf, "snappy"), ("application/x-protobuf;proto=prometheus.WriteRequest", nil)] {
            let answer = try await remoteWrite(harness, body, type, encoding: encoding)
            #expect(answer.status == 204 && answer.body.isEmpty)
        }
        #expect(harness.store.sampleCount == 6)
    }

    @Test("remote write is a 400 with counts when a sample is refused, by the decoder or the store; the good ones are kept")
    func remoteWriteRefused() async throws {
        let harness = IntakeHarness()
        let first = try await remoteWrite(harness, SnappyBlock.compress(Bodies.remoteWrite([("up", 2), ("", 3)])))
        #expect(first.status == 400)
        #expect(
            first.text == "2 samples stored, 3 not. 3 refused (invalid_labels), such as: "
                + "{}: its labels hold no __name__.\n")
        harness.store.state.withLock { $0.refusedSamples = 1 }
        let second = try await remoteWrite(harness, SnappyBlock.compress(Bodies.remoteWrite([("up", 2)])))
        #expect(
            second.status == 400 && second.text.hasPrefix("1 samples stored, 1 not. 1 refused (too_old), such as: up is 2 h old"))
        #expect(harness.store.sampleCount == 4)
    }

    @Test("remote write that is none is refused whole")
    func remoteWriteBroken() async throws {
        let harness = IntakeHarness()
        #expect(try await remoteWrite(harness, [1, 2, 3, 4]).status == 400)
        #expect(try await remoteWrite(harness, SnappyBlock.compress([0xFF, 0xFF])).status == 400)
        #expect(try await remoteWrite(harness, [], "application/json").status == 415)
        #expect(try await remoteWrite(harness, [], "application/x-protobuf;proto=io.prometheus.write.v3.Request").status == 415)
        #expect(try await remoteWrite(harness, [], encoding: "gzip").status == 415)
    }

    @Test("remote write 2.0 tells in headers what was written, and a refused exemplar is a 400")
    func remoteWrite2() async throws {
        let harness = IntakeHarness()
        let type = "application/x-protobuf; proto=io.prometheus.write.v2.Request"
        func written(_ answer: IntakeHarness.Answer) throws -> [String?] {
            try ["Samples", "Histograms", "Exemplars"].map { what in
                answer.headers[try #require(HTTPField.Name("X-Prometheus-Remote-Write-\(what)-Written"))]
            }
        }
        var body = RemoteWrite2Body()
        body.append([("__name__", "up")], samples: [(1, 1), (2, 1)], exemplars: [([], 1, 1)], metadata: (.gauge, "Up.", ""))
        let good = try await remoteWrite(harness, SnappyBlock.compress(body.bytes()), type)
        #expect(good.status == 204)
        #expect(try written(good) == ["2", "0", "1"])
        body.append([("__name__", "x")], samples: [(1, 1)], exemplars: [([("", "")], 1, 1)])
        let some = try await remoteWrite(harness, SnappyBlock.compress(body.bytes()), type)
        #expect(some.status == 400 && some.text.contains("3 samples stored, 0 not."), "\(some.text)")
        #expect(some.text.contains("Exemplars: 1 refused (invalid_labels)"))
        #expect(try written(some) == ["3", "0", "1"])
        body.append([("__name__", "h")], histogramCount: 1)
        let histogram = try await remoteWrite(harness, SnappyBlock.compress(body.bytes()), type)
        #expect(histogram.status == 400 && histogram.text.contains("native histograms are not stored"))
        #expect(try await remoteWrite(harness, SnappyBlock.compress([0xFF]), type).status == 400)
        let counts = harness.pipeline.counters.snapshot
        let key = IngestCounters.Key(signal: .metrics, wireProtocol: .remoteWrite, reason: "")
        #expect(counts.exemplars[key] == 3 && counts.metadata[key] == 3)
        #expect(counts.exemplars.filter { $0.key.reason == "invalid_labels" }.values.reduce(0, +) == 2)
    }

    @Test("in remote write 1.0 a refused exemplar is counted, and is no failure")
    func remoteWriteExemplars() async throws {
        let harness = IntakeHarness()
        var request = ProtobufWriter()
        request.message(1) { series in
            series.message(1) { label in
                label.string(1, "__name__")
                label.string(2, "up")
            }
            series.message(3) { $0.message(1) { $0.string(2, "no name") } }
        }
        #expect(try await remoteWrite(harness, SnappyBlock.compress(request.bytes)).status == 204)
        #expect(harness.pipeline.counters.snapshot.exemplars.values.reduce(0, +) == 1)
    }

    // MARK: - Zipkin

    @Test("Zipkin spans are a 202; refused ones are named, and when all are the status is 400")
    func zipkinSpans() async throws {
        let harness = IntakeHarness()
        let good = #"{"traceId":"1","id":"2","timestamp":5}"#
        let all = try await zipkin(harness, "[\(good)]")
        #expect(all.status == 202 && all.body.isEmpty)
        let some = try await zipkin(harness, "[\(good),{}]", nil)
        #expect(some.status == 202 && some.text.hasPrefix("1 accepted. 1 refused (invalid_id), such as: Span 2 of the list: "))
        #expect(try await zipkin(harness, "[{}]").status == 400)
        #expect(try await zipkin(harness, "{}").status == 400)
        #expect(try await zipkin(harness, "").status == 400)
        #expect(try await zipkin(harness, "[]", "application/x-thrift").status == 415)
        #expect(harness.store.spanCount == 2)
    }

    @Test("no mutated body brings an intake down or leaves bytes reserved", arguments: [71] as [UInt64])
    func fuzz(seed: UInt64) async throws {
        let harness = IntakeHarness()
        var mutator = BodyMutator(seed: seed)
        let trace = try Deflate.compress(OTLPTraceEncoder.encode(Bodies.spans(5)), as: .gzip)
        let write = SnappyBlock.compress(Bodies.remoteWrite([("up", 5)]))
        var statuses: Set<Int> = []
        for _ in 0..<500 {
            statuses.insert(try await traces(harness, mutator.mutate(trace), encoding: "gzip").status)
            statuses.insert(try await remoteWrite(harness, mutator.mutate(write)).status)
            statuses.insert(
                try await zipkin(harness, String(decoding: mutator.mutate(Array("[{\"id\":\"1\"}]".utf8)), as: UTF8.self)).status)
        }
        #expect(statuses.isSubset(of: [200, 202, 204, 400, 413]), "seed \(seed)")
        #expect(statuses.contains(400))
        #expect(harness.pipeline.counters.snapshot.inFlightByteCount == 0)
    }
}
