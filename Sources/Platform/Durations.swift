extension Duration {
    /// The duration in nanoseconds, clamped to what a ``TimeSource`` can wait for; 0 when negative.
    public var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 1 << 33 else { return UInt64(Int64.max) }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}

extension TimeSource {
    /// Waits without blocking a thread; throws `CancellationError` when the task is cancelled.
    public func sleep(for duration: Duration) async throws { try await sleep(nanoseconds: duration.wholeNanoseconds) }
}
