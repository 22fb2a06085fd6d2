import CZstd
import Synchronization

/// Compression contexts that wait for their next use: making one takes as long as compressing some kilobytes.
enum ZstdContexts {
    /// So many wait at most; one takes about a megabyte at the levels that are used.
    private static let limit = 4

    // Unchecked: a context belongs to the list or to the one call that took it out of the list.
    private struct Idle: @unchecked Sendable {
        var contexts: [OpaquePointer] = []
    }

    private static let idle = Mutex(Idle())

    /// Lends a context to `body`. Throws when there is no memory for one.
    static func with<Result>(_ body: (OpaquePointer) -> Result) throws(ByteCodingError) -> Result {
        guard let context = idle.withLock({ $0.contexts.popLast() }) ?? ZSTD_createCCtx() else {
            throw ByteCodingError(.tooLarge, "no memory is left for zstd")
        }
        defer {
            let isKept = idle.withLock { idle in
                if idle.contexts.count >= limit { return false }
                idle.contexts.append(context)
                return true
            }
            if !isKept { ZSTD_freeCCtx(context) }
        }
        return body(context)
    }
}

/// Decompression contexts that wait for their next use: making one takes as long as reading some columns of a page.
enum ZstdDecoders {
    /// So many wait at most; one takes about 160 kilobytes.
    private static let limit = 8

    // Unchecked: a context belongs to the list or to the one who took it out of the list.
    private struct Idle: @unchecked Sendable {
        var contexts: [OpaquePointer] = []
    }

    private static let idle = Mutex(Idle())

    /// Takes a context, which is given back when it is not used any more. Throws when there is no memory for one.
    static func take() throws(ByteCodingError) -> OpaquePointer {
        if let context = idle.withLock({ $0.contexts.popLast() }) ?? ZSTD_createDCtx() { return context }
        throw ByteCodingError(.tooLarge, "no memory is left for zstd")
    }

    /// Keeps a context for the next one who needs it, whatever it failed at last: each frame starts it anew.
    static func giveBack(_ context: OpaquePointer) {
        let isKept = idle.withLock { idle in
            if idle.contexts.count >= limit { return false }
            idle.contexts.append(context)
            return true
        }
        if !isKept { ZSTD_freeDCtx(context) }
    }
}
