import Foundation
import Hummingbird
import NIOCore

/// What the demo itself answers: what it is, its faults, and the truth about what it did.
struct ControlRoutes {
    /// `GET /`.
    struct State: Encodable {
        var what = "The Headrope demo: a small shop of real HTTP services that traces itself."
        var target: String
        var services: [String: String]
        var faults: [String]
        var rate: Double
        var seed: UInt64
        var traceCount: Int
        var isLoadFinished: Bool
        var export: Truth.Export
        var see = ["GET /fault", "POST /fault {\"name\":\"slow-sql\",\"on\":true}", "GET /truth"]
    }

    /// One line of `GET /fault`.
    struct FaultState: Codable, Equatable {
        var name: String
        var on: Bool
        var explanation: String
    }

    /// The body of `POST /fault`.
    private struct Switch: Decodable {
        var name: String
        var on: Bool
    }

    /// How large the body of a request may be, in bytes.
    private static let bodyLimit = 64 << 10

    let shop: Shop
    let options: DemoOptions

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ErrorForm())
        router.get("/") { _, _ in try Self.answer(state) }
        router.get("/fault") { _, _ in try Self.answer(["faults": faults]) }
        router.get("/truth") { _, _ in try Self.answer(shop.ledger.truth(export: shop.export)) }
        router.post("/fault") { request, _ in
            try change(Array(try await request.body.collect(upTo: Self.bodyLimit).readableBytesView))
            return try Self.answer(["faults": faults])
        }
        return router
    }

    private var faults: [FaultState] {
        Fault.allCases.map { FaultState(name: $0.rawValue, on: shop.faults.isOn($0), explanation: $0.explanation) }
    }

    private var state: State {
        let truth = shop.ledger.truth(export: shop.export)
        return State(
            target: options.target, services: shop.allOrigins, faults: faults.filter(\.on).map(\.name), rate: options.rate,
            seed: options.seed, traceCount: truth.traceCount, isLoadFinished: truth.isLoadFinished, export: truth.export)
    }

    private func change(_ body: [UInt8]) throws {
        let wanted: Switch
        do { wanted = try JSONDecoder().decode(Switch.self, from: Data(body)) } catch {
            throw HTTPError(.badRequest, message: #"The body must be JSON like {"name":"slow-sql","on":true}."#)
        }
        guard let fault = Fault(rawValue: wanted.name) else {
            let names = Fault.allCases.map(\.rawValue).joined(separator: ", ")
            throw HTTPError(.badRequest, message: "There is no fault \"\(wanted.name)\". The faults are: \(names).")
        }
        shop.faults.set(fault, on: wanted.on)
    }

    private static func answer(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    /// Every error in the one form of Headrope's own API.
    private struct ErrorForm: RouterMiddleware {
        func handle(
            _ request: Request, context: BasicRequestContext, next: (Request, BasicRequestContext) async throws -> Response
        ) async throws -> Response {
            do {
                return try await next(request, context)
            } catch let error as HTTPError {
                let message =
                    error.body ?? "There is no \(request.method.rawValue) \(request.uri.path) here; GET / says what there is."
                let detail = [
                    "code": error.status == .notFound ? "not_found" : "bad_request", "message": message,
                    "where": request.uri.path,
                ]
                return try ControlRoutes.answer(["error": detail], status: error.status)
            }
        }
    }
}
