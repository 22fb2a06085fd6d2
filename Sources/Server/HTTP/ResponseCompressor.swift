import ByteCoding
import Hummingbird
import NIOCore
import Platform

/// Compresses replies for clients that accept gzip.
struct ResponseCompressor: Sendable {
    /// Shorter replies are sent as they are: the headers would eat up what is saved.
    static let smallestByteCount = 1_024
    /// Replies are made once for one client, so speed counts more than the last percent.
    static let level: Int32 = 3

    /// The threads that do the work.
    let pool: BlockingPool

    /// The same reply, compressed where the client accepts it and it pays. A busy pool sends it as it is.
    func compressed(_ response: Response, for request: Request) async throws -> Response {
        guard request.method != .head, Self.acceptsGzip(request.headers[.acceptEncoding]),
            let byteCount = response.body.contentLength, byteCount >= Self.smallestByteCount,
            response.headers[.contentEncoding] == nil, Self.isText(response.headers[.contentType])
        else { return response }
        let plain = try await ResponseCollector.collect(response.body)
        var result = response
        do {
            let packed = try await pool.run {
                try plain.withUnsafeReadableBytes { try Deflate.compress($0, as: .gzip, level: Self.level) }
            }
            result.headers[.contentEncoding] = "gzip"
            result.body = ResponseBody(byteBuffer: ByteBuffer(bytes: packed))
        } catch is PoolError {
            result.body = ResponseBody(byteBuffer: plain)
        }
        result.headers.addToVary("Accept-Encoding")
        return result
    }

    /// Whether `gzip` or `*` stands in the header and is not switched off by `q=0`.
    static func acceptsGzip(_ header: String?) -> Bool {
        for coding in (header ?? "").lowercased().split(separator: ",") {
            let parts = coding.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            guard let name = parts.first, name == "gzip" || name == "*" else { continue }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            return quality.map { $0 > 0 } ?? true
        }
        return false
    }

    private static func isText(_ type: String?) -> Bool {
        guard let type else { return false }
        return type.hasPrefix("text/") || type.hasPrefix("application/json") || type.hasPrefix("image/svg")
    }
}
