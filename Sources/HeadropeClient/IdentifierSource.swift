import Synchronization
internal import TelemetryModel

/// Random ids without a lock and without asking the kernel for each: two counters, mixed (SplitMix64), that start at random.
///
/// The halves of a trace id come from different counters, so two processes repeat each other's trace ids only if both
/// counters meet in step.
final class IdentifierSource: Sendable {
    private let upper = Atomic<UInt64>(.random(in: 0 ... .max))
    private let lower = Atomic<UInt64>(.random(in: 0 ... .max))

    func nextTraceID() -> TraceID { TraceID(high: Self.next(upper), low: Self.next(lower)) }

    func nextSpanID() -> SpanID { SpanID(Self.next(lower)) }

    /// The next number that is not zero, as zero stands for "none".
    private static func next(_ counter: borrowing Atomic<UInt64>) -> UInt64 {
        while true {
            var mixed = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
            mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
            mixed ^= mixed &>> 31
            if mixed != 0 { return mixed }
        }
    }
}
