import Platform

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Really used processor time, for a fault that a profiler would find.
enum ProcessorTime {
    /// Computes until the calling thread has used so much more processor time.
    static func burn(milliseconds: Int) {
        let end = used() &+ UInt64(milliseconds) &* 1_000_000
        var random = SeededRandom(seed: end)
        while used() < end {
            for _ in 0..<10_000 { _ = random.next() }
        }
    }

    /// Processor time of the calling thread in nanoseconds.
    private static func used() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
