import Forwarding
import Hummingbird
import Ingest
import IntakeRoutes
import NIOCore
import Platform

/// Answers the requests of ``AgentIntake``.
///
/// Telemetry is checked as the server would, gets the identity of the host where it is missing, and is acknowledged once it
/// is in the spool.
struct IntakeHandler: Sendable {
    private let status: AgentCollector
    private let handlers: IntakeHandlers

    init(forwarder: Forwarder, identity: HostIdentity, status: AgentCollector) {
        let pool = BlockingPool(name: "intake", threadCount: 1, queueLimit: AgentIntake.connectionLimit)
        let sink = ForwardingSink(adding: identity.attributes, pool: pool) { signal, request in
            switch signal {
            case .traces: try await forwarder.accept(.traces, request)
            case .metrics: try await forwarder.accept(.metrics, request)
            case .logs: throw IngestError(.notImplemented, "An agent forwards no logs yet.")
            }
        }
        handlers = IntakeHandlers(pipeline: IngestPipeline(sink: sink, pool: pool))
        self.status = status
    }

    func respond(to request: Request) async throws -> Response {
        switch (request.method, request.uri.path) {
        case (.post, "/v1/traces"): try await handlers.otlpTraces(request)
        case (.post, "/v1/metrics"): try await handlers.otlpMetrics(request)
        case (.post, "/v1/logs"): try await handlers.otlpLogs(request)
        case (.post, "/api/v2/spans"): try await handlers.zipkinSpans(request)
        case (.post, "/api/v1/spans"): try await handlers.zipkinV1Spans(request)
        case (.get, "/metrics"): Self.text(.ok, MetricsText.text(status.metrics), "text/plain; version=0.0.4; charset=utf-8")
        case (.get, "/-/healthy"), (.get, "/-/ready"): Self.text(.ok, "ok\n")
        case (_, "/v1/traces"), (_, "/v1/metrics"), (_, "/v1/logs"), (_, "/api/v2/spans"), (_, "/api/v1/spans"), (_, "/metrics"),
            (_, "/-/healthy"), (_, "/-/ready"):
            Self.text(.methodNotAllowed, "\(request.uri.path) does not know the method \(request.method.rawValue).\n")
        default:
            Self.text(.notFound, "The agent takes OTLP and Zipkin spans; questions are answered by the server.\n")
        }
    }

    private static func text(
        _ status: HTTPResponse.Status, _ body: String, _ contentType: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: contentType], body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
