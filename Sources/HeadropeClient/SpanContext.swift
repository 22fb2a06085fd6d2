import Tracing
internal import TelemetryModel

/// What a span hands on to its children, in this process or another.
struct SpanContext: Sendable, Hashable {
    /// The trace; zero when the caller sent a sampling decision and nothing else.
    var traceID: TraceID
    /// The span that is the parent of what follows.
    var spanID: SpanID
    /// Whether the trace is recorded.
    var isSampled: Bool
    /// W3C trace state, handed on unread.
    var traceState = ""
    /// Whether it came from another process.
    var isRemote = false

    /// Whether there is a span to be the child of.
    var hasParent: Bool { !traceID.isZero && !spanID.isZero }
}

/// Where a ``SpanContext`` stands among the values of a context.
private enum SpanContextKey: InstrumentationContextKey {
    typealias Value = SpanNode

    static var nameOverride: String? { "headrope-span" }
}

extension InstrumentationContext {
    /// The span that is current here.
    var span: SpanContext? {
        get { node?.own }
        set { node = newValue.map(SpanNode.init) }
    }

    /// The same as it is kept.
    var node: SpanNode? {
        get { self[SpanContextKey.self] }
        set { self[SpanContextKey.self] = newValue }
    }
}
