import IntakeRoutes

/// Everything by which telemetry comes in: on the main address and on the compatibility ports.
struct IntakeRouteGroup: RouteGroup {
    let handlers: IntakeHandlers

    var routes: [Route] {
        let handlers = handlers
        return [
            Route(.post, "/v1/traces", scope: .ingest, errors: .otlp, ports: [.otlp]) {
                try await handlers.otlpTraces($0.request)
            },
            Route(.post, "/v1/metrics", scope: .ingest, errors: .otlp, ports: [.otlp]) {
                try await handlers.otlpMetrics($0.request)
            },
            Route(.post, "/v1/logs", scope: .ingest, errors: .otlp, ports: [.otlp]) {
                try await handlers.otlpLogs($0.request)
            },
            Route(.post, "/api/v2/spans", scope: .ingest, errors: .text, ports: [.zipkin]) {
                try await handlers.zipkinSpans($0.request)
            },
            Route(.post, "/api/v1/write", scope: .ingest, errors: .text) { try await handlers.remoteWrite($0.request) },
            Route(.post, "/api/v1/spans", scope: .ingest, errors: .text, ports: [.zipkin]) {
                try await handlers.zipkinV1Spans($0.request)
            },
        ]
    }
}
