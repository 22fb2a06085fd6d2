import Hummingbird
import NIOCore

/// Answers the requests of ``AgentIntake``.
struct IntakeHandler: Sendable {
    let status: AgentCollector

    func respond(to request: Request) async throws -> Response {
        switch (request.uri.path, request.method) {
        case ("/metrics", .get):
            Self.response(.ok, "text/plain; version=0.0.4; charset=utf-8", MetricsText.text(status.metrics))
        case ("/-/healthy", .get), ("/-/ready", .get): Self.response(.ok, "text/plain; charset=utf-8", "ok\n")
        default: Self.response(.notFound, "text/plain; charset=utf-8", "The agent does not know \(request.uri.path).\n")
        }
    }

    private static func response(_ status: HTTPResponse.Status, _ contentType: String, _ body: String) -> Response {
        Response(
            status: status, headers: [.contentType: contentType], body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
