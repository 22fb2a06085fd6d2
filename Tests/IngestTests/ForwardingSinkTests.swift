import Ingest
import Platform
import Synchronization
import TelemetryModel
import Testing
import WireFormats

@Suite("Forwarding intake")
struct ForwardingSinkTests {
    private final class Recorder: Sendable {
        let requests = Mutex<[(TelemetrySignal, [UInt8])]>([])
    }

    private let recorder = Recorder()

    private func pipeline() -> IngestPipeline {
        let pool = BlockingPool(name: "test", threadCount: 1, queueLimit: 8)
        let sink = ForwardingSink(adding: [Attribute("host.name", "h1")], pool: pool) { [recorder] signal, body in
            recorder.requests.withLock { $0.append((signal, body)) }
        }
        return IngestPipeline(sink: sink, pool: pool)
    }

    @Test("spans go on with the host's attributes, bad ones are left out and reported")
    func traces() async throws {
        var batch = Bodies.spans(3)
        batch.rows[0].traceID = TraceID(high: 0, low: 0)
        let outcome = try await pipeline().take(OTLPTraceEncoder.encode(batch), .otlp(.traces, .protobuf), .identity)
        #expect(outcome.accepted == 2 && outcome.refusedCount == 1)
        let requests = recorder.requests.withLock { $0 }
        #expect(requests.map(\.0) == [.traces])
        let body = try #require(requests.first?.1)
        let forwarded = try body.withUnsafeBytes { try OTLPTraceDecoder.decode($0) }
        #expect(forwarded.refusals.isEmpty && forwarded.batch.count == 2)
        #expect(forwarded.batch.spans.allSatisfy { $0.resource.attributes.string("host.name") == "h1" })
    }

    @Test("Zipkin spans go on as OTLP, metrics as they came, remote write not at all")
    func others() async throws {
        let pipeline = pipeline()
        let zipkin = Array(#"[{"traceId":"1","id":"2","timestamp":5,"shared":true}]"#.utf8)
        #expect(try await pipeline.take(zipkin, .zipkin(.json), .identity).accepted == 1)
        let metrics =
            #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":1,"timeUnixNano":"9"}]}}]}]}]}"#
        #expect(try await pipeline.take(Array(metrics.utf8), .otlp(.metrics, .json), .identity).accepted == 1)
        #expect(recorder.requests.withLock { $0.map(\.0) } == [.traces, .metrics])
        await #expect(throws: IngestError.self) { try await pipeline.take([], .remoteWrite(.one), .identity) }
    }

    @Test("a request of which nothing is good is not forwarded")
    func nothingGood() async throws {
        let outcome = try await pipeline().take(Array("[{}]".utf8), .zipkin(.json), .identity)
        #expect(outcome.accepted == 0 && outcome.refusedCount == 1)
        #expect(recorder.requests.withLock { $0.isEmpty })
    }
}
