import Tracing
internal import TelemetryModel

/// A span for hot paths: no allocation, no dictionary, no lock; two clock readings are most of what it costs.
///
/// Names and keys are written in the source. It holds at most ``annotationLimit`` annotations, and ends when ``end()`` is
/// called or the value goes out of scope. How many may be open or wait at once is set by
/// ``HeadropeTracer/Configuration/fastSpanLimit``; beyond it a span is dropped and counted, as its slot is taken.
///
/// ```swift
/// var lookup = tracer.startFast("cache lookup", in: context)
/// lookup.set("cache.hit", true)
/// lookup.end()
/// ```
public struct FastSpan: ~Copyable, Sendable {
    /// How many annotations one span holds; further ones are dropped and counted.
    public static let annotationLimit = 8

    private let shard: FastSpanShard?
    private let slot: UInt32
    private let isSampled: Bool
    private let traceHigh: UInt64
    private let traceLow: UInt64
    private let spanID: UInt64
    private let pool: FastSpanPool

    /// Starts a span; `shard` and `slot` are where it is recorded.
    init(
        _ place: FastSpanPool.Place?, isSampled: Bool, traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, pool: FastSpanPool
    ) {
        shard = place?.shard
        slot = place?.slot ?? 0
        self.isSampled = isSampled
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.pool = pool
    }

    deinit { shard?.end(slot) }

    /// Ends the span now.
    public consuming func end() {}

    /// Whether what is said to the span is kept.
    public var isRecording: Bool { shard != nil }

    /// Starts a span that this one calls.
    public func child(_ name: StaticString, ofKind kind: Tracing.SpanKind = .internal) -> FastSpan {
        pool.start(
            name, kind, isSampled: isSampled, traceHigh: traceHigh, traceLow: traceLow, parent: spanID, parentIsRemote: false)
    }

    /// The context for ordinary spans, and for calls to other services, below this one.
    public func context(in context: InstrumentationContext = .topLevel) -> InstrumentationContext {
        var context = context
        context.span = SpanContext(
            traceID: TraceID(high: traceHigh, low: traceLow), spanID: SpanID(spanID), isSampled: isSampled)
        return context
    }

    /// Annotates the span with a whole number.
    public func set(_ key: StaticString, _ value: Int) { shard?.annotate(slot, key, .int(Int64(value))) }

    /// Annotates the span with a number.
    public func set(_ key: StaticString, _ value: Double) { shard?.annotate(slot, key, .double(value)) }

    /// Annotates the span with a truth value.
    public func set(_ key: StaticString, _ value: Bool) { shard?.annotate(slot, key, .bool(value)) }

    /// Annotates the span with a text that is written in the source.
    public func set(_ key: StaticString, _ value: StaticString) { shard?.annotate(slot, key, .text(value)) }

    /// Says that the operation failed.
    public func fail() { shard?.fail(slot) }
}

extension HeadropeTracer {
    /// Starts a span for a hot path, as the root of a new trace.
    public func startFast(_ name: StaticString, ofKind kind: Tracing.SpanKind = .internal) -> FastSpan {
        startFastRoot(name, kind)
    }

    /// Starts a span for a hot path, as the child of the one in `context`, or as the root of a new trace.
    public func startFast(
        _ name: StaticString, in context: InstrumentationContext, ofKind kind: Tracing.SpanKind = .internal
    ) -> FastSpan {
        guard let caller = context.span else { return startFastRoot(name, kind) }
        guard caller.hasParent else { return startFastRoot(name, kind, caller: caller) }
        return exporter.fastSpans.start(
            name, kind, isSampled: configuration.sampler.samples(caller.traceID, parent: caller), traceHigh: caller.traceID.high,
            traceLow: caller.traceID.low, parent: caller.spanID.value, parentIsRemote: caller.isRemote)
    }

    private func startFastRoot(_ name: StaticString, _ kind: Tracing.SpanKind, caller: SpanContext? = nil) -> FastSpan {
        let pool = exporter.fastSpans
        let trace = pool.nextTraceID()
        return pool.start(
            name, kind, isSampled: configuration.sampler.samples(trace, parent: caller), traceHigh: trace.high, traceLow: trace.low,
            parent: 0, parentIsRemote: false)
    }
}
