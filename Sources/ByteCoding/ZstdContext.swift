import CZstd

/// Compresses many small pieces with one zstd context. A piece is a zstd frame without its four bytes of magic number, which
/// would be a tenth of it.
public final class ZstdPacker {
    private let context: OpaquePointer
    private var buffer: [UInt8] = []

    /// Makes a context; throws when there is no memory for it.
    public init(level: Int32 = 3) throws(ByteCodingError) {
        guard let context = ZSTD_createCCtx() else { throw ByteCodingError(.tooLarge, "no memory is left for zstd") }
        self.context = context
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    }

    deinit { ZSTD_freeCCtx(context) }

    static let magicByteCount = 4

    /// The piece that stands for `bytes`; nil when it would not be shorter than they are.
    public func pack(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> ArraySlice<UInt8>? {
        let bound = ZSTD_compressBound(bytes.count)
        if buffer.count < bound { buffer = [UInt8](repeating: 0, count: bound) }
        let result = buffer.withUnsafeMutableBytes {
            ZSTD_compress2(context, $0.baseAddress, bound, bytes.baseAddress, bytes.count)
        }
        if ZSTD_isError(result) != 0 { throw Zstd.error(result) }
        return result - Self.magicByteCount < bytes.count ? buffer[Self.magicByteCount..<result] : nil
    }
}

/// Decompresses what ``ZstdPacker`` made, with one context for many pieces.
public final class ZstdUnpacker {
    private let context: OpaquePointer
    private var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    /// Makes a context; throws when there is no memory for it.
    public init() throws(ByteCodingError) {
        context = try ZstdDecoders.take()
    }

    deinit { ZstdDecoders.giveBack(context) }

    /// The bytes of a piece, at most `limit`; throws when it is none.
    public func unpack(_ piece: UnsafeRawBufferPointer, limit: Int) throws(ByteCodingError) -> [UInt8] {
        frame.removeLast(frame.count - ZstdPacker.magicByteCount)
        frame.append(contentsOf: piece)
        let announced = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // Unknown and error, which are the two greatest numbers, are beyond every limit.
        if announced > UInt64(max(limit, 0)) { throw .beyond(limit: limit, "a zstd piece announces \(announced) bytes") }
        var result = 0
        let output = [UInt8](unsafeUninitializedCapacity: Int(announced)) { buffer, count in
            result = frame.withUnsafeBytes {
                ZSTD_decompressDCtx(context, buffer.baseAddress, Int(announced), $0.baseAddress, $0.count)
            }
            count = ZSTD_isError(result) == 0 ? min(result, Int(announced)) : 0
        }
        if ZSTD_isError(result) != 0 { throw Zstd.error(result) }
        return output
    }
}
