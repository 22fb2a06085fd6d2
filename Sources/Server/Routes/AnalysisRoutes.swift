import Answers
import Hummingbird
import TelemetryModel

/// The questions of the analysis API, answered by the one engine that alerts and reports use as well.
struct AnalysisRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        [
            question("/api/v1/services") { engine, _, _, request in try engine.services(request) },
            question("/api/v1/services/{name}") { engine, routed, _, request in
                try engine.service(routed.parameter("name"), request)
            },
            question("/api/v1/services/{name}/resources") { engine, routed, _, request in
                try engine.resources(service: routed.parameter("name"), request)
            },
            question("/api/v1/callchain") { engine, routed, _, request in
                try engine.callChain(
                    service: try routed.query.required("service"), operation: try routed.query.required("operation"), request)
            },
            question("/api/v1/latency") { engine, routed, parameters, request in
                try engine.latency(
                    service: try routed.query.required("service"), operation: parameters["operation"], request)
            },
            question("/api/v1/top") { engine, _, parameters, request in
                try engine.top(TopQuestion(parameters: parameters), request)
            },
            question("/api/v1/statements") { engine, _, parameters, request in
                try engine.statements(service: parameters["service"], request)
            },
            question("/api/v1/dependencies") { engine, _, _, request in try engine.dependencies(request) },
            question("/api/v1/traces/{id}") { engine, routed, _, _ in
                try engine.trace(try Self.traceID(routed.parameter("id")))
            },
        ]
    }

    /// A route that reads the common parameters, asks the engine on a thread for queries, which ends when the client goes, and
    /// writes its one JSON form.
    private func question<Result: Answer>(
        _ path: String,
        _ ask: @escaping @Sendable (AnswerEngine, RoutedRequest, [String: String], AnswerRequest) throws -> Result
    ) -> Route {
        Route(.get, path, scope: .query) { [server] routed in
            let parameters = routed.query.firstValues
            let request = try AnswerRequest(parameters: parameters)
            return .json(
                bytes: try await server.askTraces { queries in
                    try AnswerJSON.encode(try ask(server.answers(queries), routed, parameters, request))
                })
        }
    }

    /// A trace id in either length; 400 for anything else.
    static func traceID(_ text: String) throws -> TraceID {
        guard let id = TraceID(hex: text), !id.isZero else {
            throw APIError(
                .badRequest, code: "bad_trace_id",
                "'\(text.prefix(60))' is no trace id: it has 16 or 32 hexadecimal digits that are not all zero.", where: "id")
        }
        return id
    }
}
