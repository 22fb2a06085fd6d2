import Hummingbird
import Ingest
import Logging
import NIOCore
import Platform
import QueryEngine
import Storage
import TestSupport

@testable import Server

/// A server without ports: requests go to the responder directly.
struct TestServer {
    /// What the handlers work with.
    let dependencies: ServerDependencies
    /// The whole server as a function.
    let responder: ServerResponder

    init(dependencies: ServerDependencies? = nil, tokens: TokenTable? = nil) throws {
        let dependencies = try dependencies ?? Self.dependencies()
        self.dependencies = dependencies
        responder = Self.responder(dependencies, tokens: tokens)
        responder.serve(try AllRoutes.table(dependencies))
    }

    /// A responder that has not begun to serve.
    static func responder(_ dependencies: ServerDependencies, tokens: TokenTable? = nil) -> ServerResponder {
        ServerResponder(
            dependencies.configuration, logger: dependencies.logger, metrics: dependencies.metrics, time: dependencies.time,
            access: AccessControl(tokens: tokens),
            pool: dependencies.pool)
    }

    /// Dependencies over the in-memory reference.
    static func dependencies(
        store: any Store = InMemoryStore(time: ManualTime(now: Self.now)), time: any TimeSource = ManualTime(now: Self.now),
        configuration: ServerConfiguration = ServerConfiguration()
    ) throws -> ServerDependencies {
        let pool = BlockingPool(name: "test", threadCount: 2, queueLimit: 100)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let usage = MetricUsage(time: time)
        let queries = QueryRunner(
            configuration.queries, reader: CountedReader(reader: store, usage: usage, asker: .queries), time: time)
        let actions = try ActionServices(
            ActionSetup(configuration), configuration, store: store, usage: usage, promql: queries.engine, pool: pool,
            time: time,
            logger: logger)
        return ServerDependencies(
            configuration: configuration, store: store,
            intake: IngestPipeline(spans: store, metrics: store, pool: pool, time: time), queries: queries,
            alerting: actions.alerting, usage: usage, state: actions.state, pool: pool,
            upkeep: BlockingPool(name: "test-upkeep", threadCount: 2, queueLimit: 100), time: time, logger: logger,
            metrics: ServerMetrics(), readiness: Readiness())
    }

    /// 2026-01-02T03:04:05Z in nanoseconds.
    static let now: UInt64 = 1_767_323_045_000_000_000

    /// A reply, with the body as text.
    struct Reply {
        var status: Int
        var headers: HTTPFields
        var bytes: [UInt8]
        var body: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Sends a request.
    func send(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: [UInt8] = [], port: CompatibilityPort? = nil
    ) async throws -> Reply {
        let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path, headerFields: headers)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
        let response = try await responder.respond(to: request, port: port)
        let bytes = try await ResponseCollector.collect(response.body)
        return Reply(status: response.status.code, headers: response.headers, bytes: Array(bytes.readableBytesView))
    }
}
