import Hummingbird
import Storage
import TelemetryModel
import WireFormats

/// The questions of Zipkin's API version 2, at its own paths and, as Zipkin's server has them for its pages, below `/zipkin`.
struct ZipkinRoutes: RouteGroup {
    let server: ServerDependencies

    /// A path with whoever answers it, on a thread for queries.
    private struct Question {
        let path: String
        let answer: @Sendable (RoutedRequest, ZipkinReader) throws -> Response

        init(_ path: String, _ answer: @escaping @Sendable (RoutedRequest, ZipkinReader) throws -> Response) {
            self.path = path
            self.answer = answer
        }
    }

    var routes: [Route] {
        ["", "/zipkin"].flatMap { prefix in
            (names + traces).map { question in
                Route(.get, prefix + question.path, scope: .query, errors: .text, ports: [.zipkin]) { [server] routed in
                    try await server.askTraces { try question.answer(routed, ZipkinReader($0)) }
                }
            }
        }
    }

    private var names: [Question] {
        [
            Question("/api/v2/services") { _, reader in .json(try reader.services()) },
            Question("/api/v2/spans") { routed, reader in
                .json(try reader.spanNames(service: try routed.query.required("serviceName")))
            },
            Question("/api/v2/remoteServices") { routed, reader in
                .json(try reader.remoteServices(of: try routed.query.required("serviceName")))
            },
            Question("/api/v2/autocompleteKeys") { _, reader in .json(reader.autocompleteKeys.sorted()) },
            Question("/api/v2/autocompleteValues") { routed, reader in
                .json(try reader.autocompleteValues(key: try routed.query.required("key")))
            },
            Question("/config.json") { _, _ in .json(ZipkinPageSettings()) },
        ]
    }

    private var traces: [Question] {
        [
            Question("/api/v2/traces") { routed, reader in
                let query = try ZipkinSearch.query(routed.query, now: reader.now)
                return .json(bytes: ZipkinEncoder.traces(try reader.search(query)))
            },
            Question("/api/v2/trace/{id}") { routed, reader in
                let id = try ZipkinSearch.traceID(routed.parameter("id"))
                guard let trace = try reader.traces([id]).first else {
                    throw APIError(.notFound, code: "not_found", "\(id.shortestDescription) not found")
                }
                return .json(bytes: ZipkinEncoder.trace(trace))
            },
            Question("/api/v2/traceMany") { routed, reader in
                let ids = try ZipkinSearch.traceIDs(try routed.query.required("traceIds"))
                return .json(bytes: ZipkinEncoder.traces(try reader.traces(ids)))
            },
            Question("/api/v2/dependencies") { routed, reader in
                let range = try ZipkinSearch.range(routed.query, now: reader.now, isEndRequired: true)
                return .json(bytes: ZipkinEncoder.dependencies(try DependencyTotals(reader.store, range: range).links))
            },
        ]
    }
}

/// What Zipkin's pages ask for first: which of them there are, and how far they look back.
private struct ZipkinPageSettings: Encodable {
    struct Dependency: Encodable {
        var enabled = true
        var lowErrorRate = 0.5
        var highErrorRate = 0.75
    }

    var environment = ""
    var queryLimit = ZipkinSearch.defaultLimit
    /// Milliseconds.
    var defaultLookback = 900_000
    var searchEnabled = true
    var dependency = Dependency()
}
