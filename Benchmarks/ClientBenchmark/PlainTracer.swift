import Tracing

/// The least that a backend can do: it keeps name, ids, times and attributes of a span, and throws them away at its end.
///
/// Without a lock, a queue, limits or sampling: what it costs is what swift-distributed-tracing makes every backend pay that
/// keeps attributes as they come and makes the context when a span starts.
struct PlainTracer: Tracer {
    /// Not safe for several threads, unlike what `Sendable` says: one thread measures it.
    final class Record: @unchecked Sendable {
        let name: String
        let traceID: (UInt64, UInt64)
        let spanID: UInt64
        let parentID: UInt64
        let start: UInt64
        var end: UInt64 = 0
        @exclusivity(unchecked) var attributes = SpanAttributes()

        nonisolated(unsafe) private static var counter: UInt64 = 1

        init(name: String, parent: Record?, start: UInt64) {
            let id = Self.nextID()
            self.name = name
            traceID = parent?.traceID ?? (id, Self.nextID())
            spanID = id
            parentID = parent?.spanID ?? 0
            self.start = start
        }

        private static func nextID() -> UInt64 {
            counter &+= 1
            return counter &* 0x9E37_79B9_7F4A_7C15
        }
    }

    private enum Key: InstrumentationContextKey {
        typealias Value = Record
    }

    struct Span: Tracing.Span {
        let context: InstrumentationContext
        fileprivate let record: Record

        var isRecording: Bool { true }
        var operationName: String {
            get { record.name }
            nonmutating set {}
        }
        var attributes: SpanAttributes {
            get { record.attributes }
            nonmutating set { record.attributes = newValue }
            nonmutating _modify { yield &record.attributes }
        }
        func setStatus(_ status: SpanStatus) {}
        func addEvent(_ event: SpanEvent) {}
        func addLink(_ link: SpanLink) {}
        func recordError<Instant: TracerInstant>(
            _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
        ) {}
        func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) { record.end = instant().nanosecondsSinceEpoch }
    }

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> Span {
        var context = context()
        let record = Record(name: operationName, parent: context[Key.self], start: instant().nanosecondsSinceEpoch)
        context[Key.self] = record
        return Span(context: context, record: record)
    }

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {}

    func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {}

    func forceFlush() {}
}
