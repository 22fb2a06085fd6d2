import Foundation
import Hummingbird
import NIOCore

/// A request that has found its route.
struct RoutedRequest: Sendable {
    /// The request as it came, with a body that nobody has read yet.
    let request: Request
    /// The content of the path's segments in braces.
    let parameters: [String: String]
    /// The query string, decoded.
    let query: QueryItems
    /// Forms of more bytes than this are refused.
    let formLimit: Int

    /// The content of a segment in braces; "" when the route has no such segment.
    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// The query string and, for a POST or PUT with `application/x-www-form-urlencoded`, the form in the body before it.
    func queryAndForm() async throws -> QueryItems {
        guard [.post, .put].contains(request.method),
            Self.isForm(request.headers[.contentType])
        else {
            return query
        }
        let body = try await bodyBytes(limit: formLimit)
        return try QueryItems(parsing: String(buffer: body)).appending(query)
    }

    /// Whether a content type names the one form of forms that is read, whatever its parameters are.
    private static func isForm(_ type: String?) -> Bool {
        let name = (type ?? "").prefix { $0 != ";" }
        return name.filter { !$0.isWhitespace }.lowercased() == "application/x-www-form-urlencoded"
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
