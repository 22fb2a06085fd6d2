import Hummingbird

/// What a token must be good for before a route is answered.
enum RouteScope: String, Sendable, Hashable, CaseIterable {
    /// Anybody, without a token.
    case open
    /// Whoever may ask questions.
    case query
    /// Whoever may send telemetry.
    case ingest
    /// Whoever may change the server.
    case admin
}

/// The ports beside the main address on which a route is offered as well.
enum CompatibilityPort: String, Sendable, Hashable {
    /// The port of OTLP over HTTP.
    case otlp
    /// The port of Zipkin.
    case zipkin
}

/// One path with one method, and who answers it.
struct Route: Sendable {
    /// Answers a request. Whatever it throws becomes a reply in the route's error form.
    typealias Handler = @Sendable (RoutedRequest) async throws -> Response

    /// The method; HEAD is answered by what stands for GET.
    let method: HTTPRequest.Method
    /// The path. A segment in braces, such as `{id}`, takes one segment of any content.
    let path: String
    /// What a token must be good for.
    let scope: RouteScope
    /// The form in which errors are told.
    let errors: ErrorForm
    /// On which ports beside the main address the route is offered.
    let ports: Set<CompatibilityPort>
    /// Who answers.
    let handler: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, scope: RouteScope, errors: ErrorForm = .headrope,
        ports: Set<CompatibilityPort> = [], handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.scope = scope
        self.errors = errors
        self.ports = ports
        self.handler = handler
    }

    /// A path of the contract that comes with a later issue: 501 with a sentence that names what is missing.
    static func later(
        _ method: HTTPRequest.Method, _ path: String, scope: RouteScope, errors: ErrorForm = .headrope, _ what: String
    ) -> Route {
        Route(method, path, scope: scope, errors: errors) { _ in
            throw APIError(.notImplemented, code: "not_implemented", "\(what) is not built yet.", where: path)
        }
    }
}
