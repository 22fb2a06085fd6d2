import ByteCoding
import Hummingbird
import Ingest
import IntakeRoutes
import NIOCore
import Platform
import Storage
import Synchronization
import TelemetryModel

/// A store that keeps what it is given and can be told to refuse.
final class RecordingStore: SpanWriter, MetricWriter {
    struct State {
        var spans: [SpanBatch] = []
        var metrics: [MetricBatch] = []
        var failure: StorageError?
        var refusedSamples = 0
        var sampleCount = 0
    }

    let state = Mutex(State())

    var spanCount: Int { state.withLock { $0.spans.reduce(0) { $0 + $1.count } } }
    var sampleCount: Int { state.withLock { $0.sampleCount } }

    func write(_ batch: SpanBatch) throws -> WriteReceipt {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            state.spans.append(batch)
            return WriteReceipt(stored: batch.count)
        }
    }

    func write(_ batch: MetricBatch) throws -> WriteReceipt {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            state.metrics.append(batch)
            var receipt = WriteReceipt()
            for row in batch.series {
                do throws(LabelProblem) {
                    _ = try batch.checkedLabels(row)
                    receipt.stored += Int(row.samples.count)
                } catch {
                    receipt.refuse(.invalidLabels, count: Int(row.samples.count), "\(batch.labels(row)): its \(error.text).")
                }
            }
            state.sampleCount += receipt.stored
            receipt.stored -= state.refusedSamples
            receipt.exemplars.stored = batch.exemplars.count
            receipt.metadata.stored = batch.metadata.count
            if state.refusedSamples > 0 { receipt.refuse(.tooOld, count: state.refusedSamples, "up is 2 h old") }
            return receipt
        }
    }
}

/// Handlers in front of a ``RecordingStore``.
struct IntakeHarness {
    let store = RecordingStore()
    let pipeline: IngestPipeline
    let handlers: IntakeHandlers

    init(_ change: (inout IngestLimits) -> Void = { _ in }) {
        var limits = IngestLimits()
        change(&limits)
        let pool = BlockingPool(name: "test", threadCount: 1, queueLimit: 64)
        pipeline = IngestPipeline(spans: store, metrics: store, limits: limits, pool: pool)
        handlers = IntakeHandlers(pipeline: pipeline)
    }

    /// A POST with this body in several chunks.
    static func request(_ body: [UInt8], _ contentType: String?, encoding: String? = nil, announcing length: Int? = nil) -> Request
    {
        var headers = HTTPFields()
        headers[.contentType] = contentType
        headers[.contentEncoding] = encoding
        headers[.contentLength] = length.map(String.init)
        let chunks = stride(from: 0, to: body.count, by: 1000).map { ByteBuffer(bytes: body[$0..<min($0 + 1000, body.count)]) }
        let stream = AsyncStream<ByteBuffer> { continuation in
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish()
        }
        return Request(
            head: HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/", headerFields: headers),
            body: RequestBody(asyncSequence: stream))
    }

    /// Status, headers and body of a response.
    struct Answer {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Collects a response.
    static func answer(_ response: Response) async throws -> Answer {
        let collector = Collector()
        try await response.body.write(Writer(collector: collector))
        return Answer(status: response.status.code, headers: response.headers, body: collector.bytes.withLock { $0 })
    }

    private final class Collector: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    private struct Writer: ResponseBodyWriter {
        let collector: Collector
        mutating func write(_ buffer: ByteBuffer) async throws {
            collector.bytes.withLock { $0 += Array(buffer.readableBytesView) }
        }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}

/// Bodies of requests.
enum Bodies {
    static func span(_ id: UInt64, name: String = "n") -> Span {
        Span(
            traceID: TraceID(high: 0, low: 1), spanID: SpanID(id), name: name, start: 1_000_000, end: 2_000_000,
            resource: Resource(attributes: [Attribute("service.name", "shop")]))
    }

    static func spans(_ count: Int) -> SpanBatch {
        var batch = SpanBatch()
        for index in 0..<count { batch.append(span(UInt64(index) + 1)) }
        return batch
    }

    static func remoteWrite(_ series: [(name: String, samples: Int)]) -> [UInt8] {
        var request = ProtobufWriter()
        for (name, samples) in series {
            request.message(1) { message in
                message.message(1) { label in
                    label.string(1, "__name__")
                    label.string(2, name)
                }
                for index in 0..<samples { message.message(2) { $0.varint(2, UInt64(index) + 1) } }
            }
        }
        return request.bytes
    }
}
