import Foundation
import HTTPTransport
import HeadropeClient
import Hummingbird
import NIOCore
import Tracing

/// One service of the shop: what it serves, calls and executes is traced under its own name and written into the ledger.
struct ShopService: Sendable {
    static let gateway = "gateway"
    static let orders = "orders"
    static let catalogue = "catalogue"
    static let payment = "payment"
    static let users = "users"
    static let shipping = "shipping"
    static let names = [gateway, orders, catalogue, payment, users, shipping]

    /// How large the body of a request may be, in bytes.
    private static let bodyLimit = 64 << 10
    /// How large the answer of another service may be, in bytes.
    private static let answerLimit = 4 << 20

    let name: String
    let tracer: HeadropeTracer
    let shop: Shop

    /// A request as the handlers see it.
    struct Incoming: Sendable {
        var parameters: [String: String]
        var body: [UInt8]

        func integer(_ name: String) throws -> Int {
            guard let text = parameters[name], let value = Int(text) else {
                throw ShopError(400, "The \(name) in the path must be a whole number.")
            }
            return value
        }

        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            do { return try JSONDecoder().decode(type, from: Data(body)) } catch {
                throw ShopError(400, "The body is not the JSON that is expected here.")
            }
        }
    }

    // MARK: - Spans

    /// Runs `body` in a span, which `body` may mark as failed by returning true beside its result.
    func traced<Result: Sendable>(
        _ operation: String, _ kind: SpanKind, context: InstrumentationContext = .current ?? .topLevel,
        attributes: SpanAttributes, _ body: (HeadropeSpan) async throws -> (Result, failed: Bool)
    ) async throws -> Result {
        shop.ledger.begin()
        let span = tracer.startSpan(operation, context: context, ofKind: kind)
        span.attributes = attributes
        var failed = true
        defer {
            span.end()
            shop.ledger.spanEnded(name, operation, kind, traceID: span.traceID, isError: failed)
            shop.ledger.finish()
        }
        do {
            let result: Result
            (result, failed) = try await InstrumentationContext.withValue(span.context) { try await body(span) }
            if failed { span.setStatus(SpanStatus(code: .error)) }
            return result
        } catch {
            span.recordError(error)
            span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            throw error
        }
    }

    // MARK: - Serving

    /// Answers requests of one route with what `handler` returns, as JSON, in a server span.
    func serve<Answer: Encodable & Sendable>(
        _ router: Router<BasicRequestContext>, _ method: HTTPRequest.Method, _ path: String,
        _ handler: @escaping @Sendable (Incoming) async throws -> Answer
    ) {
        router.on(RouterPath(path), method: method) { request, context -> Response in
            var caller = InstrumentationContext.topLevel
            tracer.extract(request.headers, into: &caller, using: FieldExtractor())
            let body = Array(try await request.body.collect(upTo: Self.bodyLimit).readableBytesView)
            let parameters = Dictionary(context.parameters.map { (String($0.key), String($0.value)) }) { first, _ in first }
            let incoming = Incoming(parameters: parameters, body: body)
            return try await traced(
                "\(method.rawValue) \(path)", .server, context: caller, attributes: serverAttributes(request, path)
            ) { span in
                if name == Self.gateway { shop.ledger.traceStarted(span.traceID, route: "\(method.rawValue) \(path)") }
                let answer = await answer(to: incoming, span, handler)
                span.attributes["http.response.status_code"] = answer.status
                return (Self.response(answer), failed: answer.status >= 500)
            }
        }
    }

    private func answer<Answer: Encodable & Sendable>(
        to incoming: Incoming, _ span: HeadropeSpan, _ handler: @Sendable (Incoming) async throws -> Answer
    ) async -> HTTPAnswer {
        do {
            return HTTPAnswer(status: 200, body: Array(try JSONEncoder().encode(try await handler(incoming))))
        } catch let error as ShopError {
            if error.status >= 500 { span.recordError(error) }
            return HTTPAnswer(status: error.status, body: Self.errorBody(error.description))
        } catch {
            span.recordError(error)
            return HTTPAnswer(status: 500, body: Self.errorBody("Something went wrong in \(name)."))
        }
    }

    private func serverAttributes(_ request: Request, _ route: String) -> SpanAttributes {
        var attributes: SpanAttributes = [
            "http.request.method": .string(request.method.rawValue), "http.route": .string(route),
            "url.path": .string(request.uri.path), "url.scheme": "http", "server.address": "127.0.0.1",
        ]
        if let client = FieldExtractor().extract(key: "x-forwarded-for", from: request.headers) {
            attributes["client.address"] = client
        }
        return attributes
    }

    private static func errorBody(_ message: String) -> [UInt8] {
        (try? JSONEncoder().encode(["error": message])).map(Array.init) ?? []
    }

    private static func response(_ answer: HTTPAnswer) -> Response {
        Response(
            status: .init(code: answer.status), headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    // MARK: - Calling

    /// Calls another service in a client span and decodes its answer. Anything but a success is thrown as a ``ShopError``:
    /// what the caller did wrong stays 4xx, what failed behind us becomes 502.
    func call<Answer: Decodable & Sendable>(
        _ callee: String, _ template: String, method: String = "GET", id: Int? = nil, body: [UInt8] = [], as type: Answer.Type
    ) async throws -> Answer {
        guard let origin = shop.origin(of: callee) else { throw ShopError(503, "The service \(callee) has not started yet.") }
        let path = id.map { template.replacingOccurrences(of: "{id}", with: String($0)) } ?? template
        let attributes: SpanAttributes = [
            "http.request.method": .string(method), "url.full": .string(origin + path), "url.template": .string(template),
            "server.address": "127.0.0.1", "server.port": .int(Int64(origin.split(separator: ":").last ?? "") ?? 0),
        ]
        let answer = try await traced("\(method) \(template)", .client, attributes: attributes) { span in
            var call = HTTPCall(method: method, url: origin + path, body: body, answerByteLimit: Self.answerLimit)
            tracer.inject(span.context, into: &call.headers, using: FieldInjector())
            do {
                let answer = try await shop.transport.send(call)
                span.attributes["http.response.status_code"] = answer.status
                let failed = answer.status >= 400
                shop.ledger.called(from: name, to: callee, via: "http", isError: failed)
                return (answer, failed)
            } catch {
                shop.ledger.called(from: name, to: callee, via: "http", isError: true)
                throw error
            }
        }
        guard answer.isSuccess else {
            let isOurs = answer.status >= 500
            throw ShopError(isOurs ? 502 : answer.status, isOurs ? "The service \(callee) failed." : answer.text)
        }
        return try JSONDecoder().decode(type, from: Data(answer.body))
    }
}

/// Reads a context from the fields of a request, by lower-case names.
private struct FieldExtractor: Extractor {
    func extract(key: String, from carrier: HTTPFields) -> String? {
        carrier.first { $0.name.canonicalName == key }?.value
    }
}

/// Writes a context into the fields of a call.
private struct FieldInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [HTTPHeader]) {
        carrier.append(HTTPHeader(key, value))
    }
}
