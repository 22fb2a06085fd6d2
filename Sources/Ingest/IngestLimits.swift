import WireFormats

/// What intake takes at most; each limit is offered as a metric beside what it counts.
public struct IngestLimits: Sendable, Equatable {
    /// Bytes of one body after decompression.
    public var bodyByteCount = 64 << 20
    /// Bytes of one compressed body.
    public var compressedBodyByteCount = 32 << 20
    /// Bytes of all bodies that are being received, decoded or stored at the same time; more is refused with 503.
    public var inFlightByteCount = 256 << 20
    /// How long a client that was refused with 503 is asked to wait, seconds.
    public var retryAfterSeconds = 5
    /// How far in the future a span may start, nanoseconds: ten minutes, as metrics may lie.
    public var spanFutureNanoseconds: UInt64 = 600_000_000_000
    /// What the decoders take of one body.
    public var decoding = DecodeLimits()

    /// The defaults.
    public init() {}
}
