import Foundation
import Hummingbird
import NIOCore

/// A request that has found its route.
struct RoutedRequest: Sendable {
    /// Forms larger than this are refused; queries are small.
    static let formLimit = 1 << 20

    /// The request as it came, with a body that nobody has read yet.
    let request: Request
    /// The content of the path's segments in braces.
    let parameters: [String: String]
    /// The query string, decoded.
    let query: QueryItems

    /// The content of a segment in braces; "" when the route has no such segment.
    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// The query string and, for a POST or PUT with `application/x-www-form-urlencoded`, the form in the body before it.
    func queryAndForm() async throws -> QueryItems {
        guard [.post, .put].contains(request.method),
            request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true
        else {
            return query
        }
        let body = try await bodyBytes(limit: Self.formLimit)
        return try QueryItems(parsing: String(buffer: body)).appending(query)
    }

    /// The whole body; throws 413 when it has more than `limit` bytes.
    func bodyBytes(limit: Int) async throws -> ByteBuffer {
        let tooLarge = APIError(.contentTooLarge, code: "body_too_large", "The body has more than \(limit) bytes.")
        if let text = request.headers[.contentLength], let announced = Int(text), announced > limit { throw tooLarge }
        do {
            return try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }
}
