import Hummingbird
import Ingest
import NIOCore
import WireFormats

/// Reads one request's body within limits, with its bytes reserved at the pipeline.
struct IntakeBody {
    /// What has been read.
    private(set) var bytes: [UInt8] = []
    private let pipeline: IngestPipeline
    private var reservedByteCount = 0

    /// How much memory is asked for before the first byte has come.
    private static let firstCapacity = 1 << 20

    /// An empty body.
    init(pipeline: IngestPipeline) { self.pipeline = pipeline }

    /// Reads the whole body; throws `tooLarge` beyond `limit` bytes, at once where the client announces more.
    mutating func read(_ request: Request, limit: Int) async throws(IngestError) {
        let tooLarge = IngestError(.tooLarge, "The body has more than \(limit) bytes.")
        if let text = request.headers[.contentLength], let announced = Int(text) {
            if announced > limit { throw tooLarge }
            // Room is reserved for what has come, not for what is announced: a slow client must not shut out the others.
            bytes.reserveCapacity(min(max(announced, 0), Self.firstCapacity))
        }
        do {
            for try await chunk in request.body {
                let byteCount = bytes.count + chunk.readableBytes
                if byteCount > limit { throw tooLarge }
                try reserve(chunk.readableBytes)
                chunk.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
            }
        } catch let error as IngestError {
            throw error
        } catch {
            throw IngestError(.malformed, "The body ended before it was complete.")
        }
    }

    private mutating func reserve(_ byteCount: Int) throws(IngestError) {
        try pipeline.reserve(byteCount)
        reservedByteCount += byteCount
    }

    /// Gives back what was reserved.
    func release() { pipeline.release(reservedByteCount) }

    // MARK: - Headers

    /// The type of a `Content-Type` without parameters, in lower case; "" when there is none.
    static func mediaType(_ contentType: String?) -> String {
        let type = contentType?.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        return type.trimming(while: { $0 == " " || $0 == "\t" }).lowercased()
    }

    /// The version of remote write that a `Content-Type` names; without the parameter `proto` it is the first.
    static func remoteWriteVersion(_ contentType: String?) -> RemoteWriteVersion? {
        if mediaType(contentType) != "application/x-protobuf" { return nil }
        let parameters = (contentType ?? "").split(separator: ";").dropFirst().map {
            $0.trimming(while: { $0 == " " || $0 == "\t" })
        }
        guard let message = parameters.first(where: { $0.lowercased().hasPrefix("proto=") })?.dropFirst("proto=".count) else {
            return .one
        }
        return RemoteWriteVersion.allCases.first { $0.message == message.trimming(while: { $0 == "\"" }) }
    }

    /// What a `Content-Encoding` says; a single allowed one, as Snappy in remote write, need not be named.
    static func compression(_ header: String?, _ allowed: [BodyCompression]) throws(IngestError) -> BodyCompression {
        let name = header?.lowercased().trimming(while: { $0 == " " }) ?? ""
        if name.isEmpty, allowed.count == 1 { return allowed[0] }
        let named: BodyCompression? =
            switch name {
            case "", "identity": .identity
            case "gzip", "x-gzip": .gzip
            case "deflate": .deflate
            case "snappy": .snappy
            case "zstd": .zstd
            default: nil
            }
        guard let named, allowed.contains(named) else {
            let names = allowed.map { "\($0)" }.joined(separator: ", ")
            throw IngestError(.unsupportedMedia, "The content encoding \"\(name)\" is not taken here; known are: \(names).")
        }
        return named
    }
}

extension StringProtocol {
    /// The text without such characters at either end.
    fileprivate func trimming(while isDropped: (Character) -> Bool) -> String {
        var rest = self[...]
        while let first = rest.first, isDropped(first) { rest.removeFirst() }
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return String(rest)
    }
}
