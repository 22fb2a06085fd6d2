#if canImport(Glibc)
    import Glibc
#endif

/// The memory of this process.
public enum ProcessMemory {
    #if canImport(Glibc)
        private typealias Trim = @convention(c) (Int) -> Int32
        private typealias Option = @convention(c) (Int32, Int32) -> Int32

        // Looked up by name, as Swift's view of the C library leaves their header out; nil where the library has no such
        // function. The types are those that it documents: int malloc_trim(size_t), int mallopt(int, int).
        private static let trim: Trim? = dlsym(nil, "malloc_trim").map { unsafeBitCast($0, to: Trim.self) }
        private static let option: Option? = dlsym(nil, "mallopt").map { unsafeBitCast($0, to: Option.self) }
        /// `M_ARENA_MAX` of malloc.h.
        private static let arenaLimit: Int32 = -8
    #endif

    /// Gives memory that nothing uses back to the system, which the allocator else does not; takes some milliseconds a gigabyte.
    public static func giveBack() {
        #if canImport(Glibc)
            _ = trim?(0)
        #endif
    }

    /// Lets threads share so many heaps from now on. Else there are eight a core, each as large as it ever had to be.
    public static func shareHeaps(_ count: Int) {
        #if canImport(Glibc)
            _ = option?(arenaLimit, Int32(clamping: count))
        #endif
    }
}
