import CZstd

/// Zstandard frames (RFC 8878) through libzstd, for pages and log records.
public enum Zstd {
    /// Compresses `bytes` into one frame that says its size. Levels are those of libzstd; 1 is fast, 3 the usual one.
    public static func compress(_ bytes: UnsafeRawBufferPointer, level: Int32 = 3) throws(ByteCodingError) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.count)
        var result = 0
        let output = try ZstdContexts.with { context in
            [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
                result = ZSTD_compressCCtx(context, buffer.baseAddress, bound, bytes.baseAddress, bytes.count, level)
                count = ZSTD_isError(result) == 0 ? result : 0
            }
        }
        if ZSTD_isError(result) != 0 { throw Self.error(result) }
        return output
    }

    /// Compresses `bytes`.
    public static func compress(_ bytes: [UInt8], level: Int32 = 3) throws(ByteCodingError) -> [UInt8] {
        do { return try bytes.withUnsafeBytes { try compress($0, level: level) } } catch { throw .wrap(error) }
    }

    /// Decompresses one frame that says its size, at most `limit` bytes; more is ``ByteCodingError/Kind/tooLarge`` and
    /// costs no memory. A frame that does not say its size (a stream) is decompressed up to the limit.
    public static func decompress(_ frame: UnsafeRawBufferPointer, limit: Int) throws(ByteCodingError) -> [UInt8] {
        let announced = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
        // libzstd's constants are macros over casts that Swift does not import: unknown = -1, error = -2.
        if announced == UInt64.max - 1 { throw ByteCodingError(.malformed, "the data is no zstd frame") }
        if announced == UInt64.max { return try decompressStream(frame, limit: limit) }
        if announced > UInt64(max(limit, 0)) { throw .beyond(limit: limit, "a zstd frame announces \(announced) bytes") }
        var result = 0
        let output = [UInt8](unsafeUninitializedCapacity: Int(announced)) { buffer, count in
            result = ZSTD_decompress(buffer.baseAddress, Int(announced), frame.baseAddress, frame.count)
            count = ZSTD_isError(result) == 0 ? min(result, Int(announced)) : 0
        }
        if ZSTD_isError(result) != 0 { throw Self.error(result) }
        return output
    }

    /// Decompresses `frame` to at most `limit` bytes.
    public static func decompress(_ frame: [UInt8], limit: Int) throws(ByteCodingError) -> [UInt8] {
        do { return try frame.withUnsafeBytes { try decompress($0, limit: limit) } } catch { throw .wrap(error) }
    }

    private static func decompressStream(_ frame: UnsafeRawBufferPointer, limit: Int) throws(ByteCodingError) -> [UInt8] {
        guard let stream = ZSTD_createDStream() else { throw ByteCodingError(.tooLarge, "no memory is left for zstd") }
        defer { ZSTD_freeDStream(stream) }
        // A frame may ask for a window of gigabytes; 8 MiB is what RFC 8878 recommends decoders to support.
        _ = ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 23)
        var output: [UInt8] = []
        var input = ZSTD_inBuffer(src: frame.baseAddress, size: frame.count, pos: 0)
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let capacity = chunk.count
            var written = 0
            let result = chunk.withUnsafeMutableBytes { raw in
                var target = ZSTD_outBuffer(dst: raw.baseAddress, size: capacity, pos: 0)
                defer { written = target.pos }
                return ZSTD_decompressStream(stream, &target, &input)
            }
            if ZSTD_isError(result) != 0 { throw Self.error(result) }
            if written > limit - output.count { throw .beyond(limit: limit, "a zstd stream goes on") }
            output.append(contentsOf: chunk[..<written])
            if result == 0 { return output }
            if input.pos == frame.count, written < capacity { throw .truncated(at: frame.count, needing: 1) }
        }
    }

    static func error(_ code: Int) -> ByteCodingError {
        ByteCodingError(.malformed, "zstd: \(String(cString: ZSTD_getErrorName(code)))")
    }
}
