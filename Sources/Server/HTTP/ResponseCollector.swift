import Hummingbird
import NIOCore

/// Takes the body of a response as one piece, for what looks at whole replies: compression and tests.
struct ResponseCollector: ResponseBodyWriter {
    // The writer is consumed by the body that is written to it, so the bytes are kept in a box beside it.
    private final class Box {
        var bytes = ByteBuffer()
    }

    private let box: Box

    /// Every byte of a body, in order.
    static func collect(_ body: ResponseBody) async throws -> ByteBuffer {
        let box = Box()
        try await body.write(ResponseCollector(box: box))
        return box.bytes
    }

    /// Adds a piece.
    mutating func write(_ buffer: ByteBuffer) async throws { box.bytes.writeImmutableBuffer(buffer) }

    /// Ends the body; trailing headers are of no interest.
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
