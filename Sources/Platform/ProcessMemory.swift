#if canImport(Glibc)
    import Glibc
#endif

/// The memory of this process.
public enum ProcessMemory {
    #if canImport(Glibc)
        private typealias Trim = @convention(c) (Int) -> Int32

        // Looked up by name, as Swift's view of the C library leaves its header out; nil where the library has no such function.
        private static let trim: Trim? = {
            guard let symbol = dlsym(nil, "malloc_trim") else { return nil }
            // The type is the one that the library documents: int malloc_trim(size_t).
            return unsafeBitCast(symbol, to: Trim.self)
        }()
    #endif

    /// Gives memory that nothing uses back to the system, which the allocator else does not; takes some milliseconds a gigabyte.
    public static func giveBack() {
        #if canImport(Glibc)
            _ = trim?(0)
        #endif
    }
}
