import CZlib

/// DEFLATE (RFC 1951) through zlib, bare or wrapped as `Content-Encoding` names it.
public enum Deflate {
    /// What stands around the compressed data.
    public enum Wrapping: Sendable {
        /// Nothing: RFC 1951.
        case none
        /// zlib's header and Adler-32: RFC 1950, what HTTP calls `deflate`.
        case zlib
        /// gzip's header and CRC-32: RFC 1952. Several members one after the other are read as one.
        case gzip

        /// zlib's `windowBits` for it.
        fileprivate var windowBits: Int32 {
            switch self {
            case .none: -15
            case .zlib: 15
            case .gzip: 31
            }
        }
    }

    private static let chunkByteCount = 64 << 10

    /// Compresses `bytes`. Levels 1 (fast) to 9 (small).
    public static func compress(
        _ bytes: UnsafeRawBufferPointer, as wrapping: Wrapping, level: Int32 = 6
    ) throws(ByteCodingError) -> [UInt8] {
        var stream = z_stream()
        let opened = deflateInit2_(
            &stream, level, Z_DEFLATED, wrapping.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else { throw ByteCodingError(.tooLarge, "no memory is left for zlib") }
        defer { deflateEnd(&stream) }
        return try pump(&stream, bytes, limit: .max) { deflate(&$0, $1 ? Z_FINISH : Z_NO_FLUSH) }
    }

    /// Compresses `bytes`.
    public static func compress(_ bytes: [UInt8], as wrapping: Wrapping, level: Int32 = 6) throws(ByteCodingError) -> [UInt8] {
        do { return try bytes.withUnsafeBytes { try compress($0, as: wrapping, level: level) } } catch { throw .wrap(error) }
    }

    /// Decompresses to at most `limit` bytes; more is ``ByteCodingError/Kind/tooLarge``, and never more than the limit and
    /// one chunk is held in memory.
    public static func decompress(
        _ bytes: UnsafeRawBufferPointer, as wrapping: Wrapping, limit: Int
    ) throws(ByteCodingError) -> [UInt8] {
        var stream = z_stream()
        let opened = inflateInit2_(&stream, wrapping.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else { throw ByteCodingError(.tooLarge, "no memory is left for zlib") }
        defer { inflateEnd(&stream) }
        return try pump(&stream, bytes, limit: limit) { stream, isLast in
            let result = inflate(&stream, Z_NO_FLUSH)
            let more = wrapping == .gzip && result == Z_STREAM_END && (stream.avail_in > 0 || !isLast)
            return more ? inflateReset(&stream) : result
        }
    }

    /// Decompresses `bytes`.
    public static func decompress(_ bytes: [UInt8], as wrapping: Wrapping, limit: Int) throws(ByteCodingError) -> [UInt8] {
        do { return try bytes.withUnsafeBytes { try decompress($0, as: wrapping, limit: limit) } } catch { throw .wrap(error) }
    }

    /// Feeds `bytes` to zlib until it says that the stream has ended. `step` is told whether no further input follows.
    private static func pump(
        _ stream: inout z_stream, _ bytes: UnsafeRawBufferPointer, limit: Int, step: (inout z_stream, Bool) -> Int32
    ) throws(ByteCodingError) -> [UInt8] {
        // zlib never writes through `next_in`; its C type only lacks the const.
        let source = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        var fed = 0
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkByteCount)
        while true {
            if stream.avail_in == 0, fed < bytes.count {
                let part = min(bytes.count - fed, 1 << 30)
                stream.next_in = source.map { $0 + fed }
                stream.avail_in = UInt32(part)
                fed += part
            }
            let isLast = fed == bytes.count
            let result = chunk.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(chunkByteCount)
                return step(&stream, isLast)
            }
            let written = chunkByteCount - Int(stream.avail_out)
            if written > limit - output.count { throw .beyond(limit: limit, "compressed data goes on") }
            output.append(contentsOf: chunk[..<written])
            switch result {
            case Z_STREAM_END: return output
            case Z_OK: break
            case Z_BUF_ERROR where isLast: throw .truncated(at: bytes.count, needing: 1)
            default: throw ByteCodingError(.malformed, "zlib: \(stream.msg.map { String(cString: $0) } ?? "error \(result)")")
            }
        }
    }
}
