internal import TelemetryModel

/// Which traces are recorded.
public struct Sampler: Sendable, Hashable {
    /// The share of traces that start here and are recorded, 0…1.
    public var ratio: Double
    /// Whether a trace that came from elsewhere keeps the decision made there.
    public var followsParent: Bool

    /// Describes a sampler; a ratio outside 0…1 is moved to the nearer end.
    public init(ratio: Double, followsParent: Bool) {
        self.ratio = ratio.isNaN ? 0 : min(max(ratio, 0), 1)
        self.followsParent = followsParent
    }

    /// Records every span, whatever the caller decided.
    public static let always = Sampler(ratio: 1, followsParent: false)
    /// Records nothing. The caller's trace context goes on to whatever is called, as if this process were not there.
    public static let never = Sampler(ratio: 0, followsParent: false)

    /// Records this share of the traces by their ids, so that all services with the same ratio choose the same traces.
    public static func ratio(_ ratio: Double) -> Sampler { Sampler(ratio: ratio, followsParent: false) }

    /// Keeps the caller's decision, and records this share of the traces that start here.
    public static func parentBased(ratio: Double = 1) -> Sampler { Sampler(ratio: ratio, followsParent: true) }

    /// Whether nothing is ever recorded, so that nobody needs to be asked.
    var isOff: Bool { ratio <= 0 && !followsParent }

    /// Whether a span of this trace is recorded.
    func samples(_ trace: TraceID, parent: SpanContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        if ratio >= 1 { return true }
        // The lowest 56 bits of the id are the randomness that W3C Trace Context (level 2) promises.
        let randomness = Double(trace.low & ((1 << 56) - 1))
        return randomness >= (1 - ratio) * 0x1p56
    }
}
