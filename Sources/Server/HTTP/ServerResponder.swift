import Hummingbird
import Logging
import NIOHTTP1
import Platform
import Synchronization

/// What Hummingbird carries from the connection to the responder: nothing that we need.
struct ConnectionContext: InitializableFromSource {
    init(source: ApplicationRequestContextSource) {}
}

/// Answers every request of every port: phase, route, token, handler, error form.
final class ServerResponder: Sendable {
    /// Where the server is in its life.
    enum Phase: Sendable {
        /// The store is being opened; nobody can be answered yet.
        case starting
        /// Everything is answered.
        case serving(RouteTable)
        /// Questions that are under way are answered; telemetry is refused.
        case draining(RouteTable)
    }

    private let phase = Mutex(Phase.starting)
    private let logger: Logger
    private let metrics: ServerMetrics
    private let time: any TimeSource
    private let access: AccessControl
    private let compressor: ResponseCompressor
    private let crossOrigin: CrossOrigin
    private let formLimit: Int

    /// A responder in the phase ``Phase/starting``.
    init(
        _ configuration: ServerConfiguration, logger: Logger, metrics: ServerMetrics, time: any TimeSource,
        access: AccessControl, pool: BlockingPool
    ) {
        self.access = access
        crossOrigin = CrossOrigin(configuration.corsOrigin)
        formLimit = configuration.queries.maxFormSize
        compressor = ResponseCompressor(pool: pool)
        self.logger = logger
        self.metrics = metrics
        self.time = time
    }

    /// Begins to answer from a table.
    func serve(_ table: RouteTable) { phase.withLock { $0 = .serving(table) } }

    /// Refuses telemetry from now on.
    func drain() {
        phase.withLock { phase in
            if case .serving(let table) = phase { phase = .draining(table) }
        }
    }

    /// The reply to a request that came in on the main address (`port` is nil) or a compatibility port.
    func respond(to request: Request, port: CompatibilityPort?) async throws -> Response {
        let begin = time.monotonic()
        var route = "unknown"
        let response = try await compressor.compressed(reply(to: request, port: port, route: &route), for: request)
        let method = Self.countedMethods.contains(request.method) ? request.method.rawValue : "other"
        metrics.countRequest(
            .init(route: route, method: method, code: response.status.code), nanoseconds: time.monotonic() &- begin)
        return response
    }

    // Clients may invent methods; what is counted by name has a bound.
    private static let countedMethods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete, .options]

    private func reply(to request: Request, port: CompatibilityPort?, route name: inout String) async throws -> Response {
        let (table, isDraining): (RouteTable, Bool)
        switch phase.withLock({ $0 }) {
        case .starting: return Self.startingReply(to: request)
        case .serving(let current): (table, isDraining) = (current, false)
        case .draining(let current): (table, isDraining) = (current, true)
        }
        switch table.match(request.method, path: request.uri.path) {
        case .route(let route, let parameters) where port.map(route.ports.contains) ?? true:
            name = route.path
            var response = try await answer(request, route, parameters, isDraining: isDraining)
            if route.errors == .prometheus, route.scope == .query { crossOrigin.mark(&response, for: request) }
            return response
        case .wrongMethod where Self.isPreflight(request), .unknown where Self.isPreflight(request):
            var response = Response(status: .noContent)
            crossOrigin.mark(&response, for: request)
            return response
        case .wrongMethod(let allowed, let errors):
            return errors.response(Self.wrongMethod(request, allowed), to: request)
        case .malformed:
            return ErrorForm.headrope.response(
                APIError(.badRequest, code: "bad_path", "The path is not percent-encoded UTF-8.", where: request.uri.path),
                to: request)
        case .route, .unknown:
            return ErrorForm.headrope.response(Self.unknown(request, port), to: request)
        }
    }

    private func answer(
        _ request: Request, _ route: Route, _ parameters: [String: String], isDraining: Bool
    ) async throws -> Response {
        do {
            try access.check(request, route)
            if isDraining, route.scope == .ingest { throw Self.shuttingDown }
            let query = try QueryItems(parsing: request.uri.query ?? "")
            let response = try await route.handler(
                RoutedRequest(
                    request: request, parameters: parameters, query: query, formLimit: formLimit))
            return request.method == .head ? response.createHeadResponse() : response
        } catch let error as HTTPParserError {
            // The connection is beyond repair; Hummingbird answers 400 and closes it.
            throw error
        } catch {
            if let foreseen = APIError.foreseen(error) { return route.errors.response(foreseen, to: request) }
            logger.error("A request failed unexpectedly.", metadata: ["route": "\(route.path)", "error": "\(error)"])
            return route.errors.response(
                APIError(.internalServerError, code: "internal", "The server failed at this request; its log says more."),
                to: request)
        }
    }

    /// What a browser asks before a script of another origin may; Prometheus answers it at every path of its API.
    private static func isPreflight(_ request: Request) -> Bool {
        request.method == .options && request.uri.path.hasPrefix("/api/v1/")
    }

    private static let shuttingDown = APIError(
        .serviceUnavailable, code: "shutting_down", "The server is shutting down; send this again to its successor."
    ).retryingSoon

    private static func startingReply(to request: Request) -> Response {
        if ["/-/healthy", "/health"].contains(request.uri.path) { return .text("Headrope is healthy.\n") }
        return ErrorForm.headrope.response(
            APIError(.serviceUnavailable, code: "starting", "The server is starting: it is reading its store.").retryingSoon,
            to: request)
    }

    private static func wrongMethod(_ request: Request, _ allowed: [String]) -> APIError {
        var error = APIError(
            .methodNotAllowed, code: "wrong_method",
            "\(request.method.rawValue) is not possible here, only \(allowed.joined(separator: ", ")).", where: request.uri.path)
        error.headers[.allow] = allowed.joined(separator: ", ")
        return error
    }

    private static func unknown(_ request: Request, _ port: CompatibilityPort?) -> APIError {
        let elsewhere = port == nil ? "" : " This port takes telemetry only; everything else is on the main address."
        return APIError(.notFound, code: "unknown_path", "There is nothing at this path.\(elsewhere)", where: request.uri.path)
    }
}

/// What one port answers with.
struct PortResponder: HTTPResponder {
    /// The server behind all ports.
    let server: ServerResponder
    /// Which compatibility port this is; nil for the main address.
    let port: CompatibilityPort?

    /// The server's reply on this port.
    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        try await server.respond(to: request, port: port)
    }
}
