import ByteCoding
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing

/// A server that takes OTLP/HTTP, remembers what it took, and answers as a test tells it.
final class FakeServer: Sendable {
    /// A request that came.
    struct Arrival: Sendable, Equatable {
        var path: String
        var authorization: String?
        var wasCompressed: Bool
        var body: [UInt8]

        /// The names of the metrics in it.
        var metricNames: [String] { OTLPNames.metrics(body) }
    }

    /// How a request is answered.
    struct Answer: Sendable {
        var status = 200
        var retryAfter: String?
        var body: [UInt8] = []
    }

    typealias Script = @Sendable (Arrival) -> Answer

    /// What the handler shares with the test.
    private final class Book: Sendable {
        struct State {
            var taken: [Arrival] = []
            var attemptCount = 0
            var script: Script
        }
        let state: Mutex<State>
        init(_ script: @escaping Script) { state = Mutex(State(script: script)) }
    }

    let port: Int
    private let book: Book
    private let task: Task<Void, any Error>

    /// Opens a port of the loopback interface; 0 lets the system choose.
    static func start(port: Int = 0, script: @escaping Script = { _ in Answer() }) async throws -> FakeServer {
        let book = Book(script)
        let (ports, continuation) = AsyncThrowingStream<Int, any Error>.makeStream()
        var logger = Logger(label: "fake server")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in try await respond(to: request, book) },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let task = Task {
            do {
                try await application.run()
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        for try await open in ports { return FakeServer(port: open, book: book, task: task) }
        throw CancellationError()
    }

    private init(port: Int, book: Book, task: Task<Void, any Error>) {
        self.port = port
        self.book = book
        self.task = task
    }

    var url: String { "http://127.0.0.1:\(port)" }
    /// The requests that were answered with a 2xx, in the order in which they came.
    var taken: [Arrival] { book.state.withLock { $0.taken } }
    /// The names of all metrics that were taken, in order.
    var metricNames: [String] { taken.flatMap(\.metricNames) }
    /// How many requests came at all.
    var attemptCount: Int { book.state.withLock { $0.attemptCount } }

    /// Answers otherwise from now on.
    func change(_ script: @escaping Script) { book.state.withLock { $0.script = script } }

    /// Closes the port.
    func stop() async {
        task.cancel()
        _ = await task.result
    }

    private static func respond(to request: Request, _ book: Book) async throws -> Response {
        let raw = try await request.body.collect(upTo: 64 << 20)
        var body = Array(raw.readableBytesView)
        let wasCompressed = request.headers[.contentEncoding] == "gzip"
        if wasCompressed { body = try Deflate.decompress(body, as: .gzip, limit: 64 << 20) }
        let arrival = Arrival(
            path: request.uri.path, authorization: request.headers[.authorization], wasCompressed: wasCompressed, body: body)
        let script = book.state.withLock { $0.script }
        let answer = script(arrival)
        book.state.withLock { state in
            state.attemptCount += 1
            if (200..<300).contains(answer.status) { state.taken.append(arrival) }
        }
        var response = Response(
            status: .init(code: answer.status), body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        if let retryAfter = answer.retryAfter { response.headers[.retryAfter] = retryAfter }
        return response
    }
}

/// Looks into OTLP bodies with nothing but the protobuf reader.
enum OTLPNames {
    /// The names of all metrics of an `ExportMetricsServiceRequest`.
    static func metrics(_ body: [UInt8]) -> [String] { texts(body, path: [1, 2, 2, 1]) }

    /// The names of all spans of an `ExportTraceServiceRequest`.
    static func spans(_ body: [UInt8]) -> [String] { texts(body, path: [1, 2, 2, 5]) }

    /// The attributes of all resources as `key=value`, of those that are texts.
    static func resource(_ body: [UInt8]) -> [String] {
        zip(texts(body, path: [1, 1, 1, 1]), texts(body, path: [1, 1, 1, 2, 1])).map { "\($0)=\($1)" }
    }

    /// The texts at a path of field numbers.
    static func texts(_ body: [UInt8], path: [UInt32]) -> [String] {
        guard let field = path.first else { return [String(decoding: body, as: UTF8.self)] }
        return body.withUnsafeBytes { raw in
            var texts: [String] = []
            var fields = ProtobufReader(raw)
            do {
                while try fields.nextField() {
                    if fields.fieldNumber == field, fields.wireType == .lengthDelimited {
                        texts += self.texts(Array(try fields.bytes()), path: Array(path.dropFirst()))
                    } else {
                        try fields.skipValue()
                    }
                }
            } catch { Issue.record("\(error)") }
            return texts
        }
    }
}
