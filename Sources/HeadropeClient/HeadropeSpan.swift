import Tracing
internal import TelemetryModel

/// A span of ``HeadropeTracer``. It is sent some time after ``end(at:)``; a span that never ends is never sent.
///
/// A span that is not recorded holds nothing but the context it was started in, and costs no memory of its own.
public struct HeadropeSpan: Tracing.Span {
    /// The context for whatever this span calls.
    public let context: InstrumentationContext

    /// What is recorded; nil when nothing is.
    private let record: SpanRecord?

    init(context: InstrumentationContext, record: SpanRecord?) {
        self.context = context
        self.record = record
    }

    /// The id of the trace, 32 hexadecimal digits: what a log line or an answer should name. Empty where there is none.
    public var traceID: String { context.span.map { $0.hasParent ? $0.traceID.description : "" } ?? "" }

    /// The id of the span, 16 hexadecimal digits; for a span that is not recorded, that of the one before it which had an id.
    public var spanID: String { context.span.map { $0.hasParent ? $0.spanID.description : "" } ?? "" }

    /// Whether what is said to the span is kept: it is sampled and has not ended.
    public var isRecording: Bool { record?.recording.withLock { !$0.isEnded } ?? false }

    /// The name of the operation; empty for a span that is not recorded.
    public var operationName: String {
        get { record?.recording.withLock { $0.name } ?? "" }
        nonmutating set { change { $0.name = newValue } }
    }

    /// The attributes; those beyond the limit are dropped when the span is sent.
    public var attributes: SpanAttributes {
        get { record?.recording.withLock { $0.attributes } ?? [:] }
        nonmutating set { change { $0.attributes = newValue } }
        nonmutating _modify {
            // They are taken out meanwhile, so that setting one does not copy all the others.
            var attributes = record?.takeAttributes() ?? [:]
            yield &attributes
            record?.putBack(attributes)
        }
    }

    /// Says how the operation ended. As OpenTelemetry has it, `ok` is final.
    public func setStatus(_ status: Tracing.SpanStatus) {
        change { recording in
            if recording.status?.code != .ok { recording.status = status }
        }
    }

    /// Adds something that happened.
    public func addEvent(_ event: Tracing.SpanEvent) {
        guard let record else { return }
        change { recording in
            if recording.events.count < record.queue.spanLimits.eventCount {
                recording.events.append(event)
            } else {
                recording.droppedEventCount &+= 1
            }
        }
    }

    /// Adds a pointer to another span.
    public func addLink(_ link: Tracing.SpanLink) {
        guard let record else { return }
        change { recording in
            if recording.links.count < record.queue.spanLimits.linkCount {
                recording.links.append(link)
            } else {
                recording.droppedLinkCount &+= 1
            }
        }
    }

    /// Adds an `exception` event as OpenTelemetry's conventions have it.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        if record == nil { return }
        var details: SpanAttributes = [
            "exception.type": .string(String(describing: type(of: error))), "exception.message": .string("\(error)"),
        ]
        details.merge(attributes)
        addEvent(Tracing.SpanEvent(name: "exception", at: instant(), attributes: details))
    }

    /// Ends the span and hands it to the exporter; the second call does nothing. Never waits for the network.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let record, record.end(instant().nanosecondsSinceEpoch) else { return }
        record.queue.take(record)
    }

    private func change(_ body: (inout SpanRecording) -> Void) {
        record?.recording.withLock { recording in
            if !recording.isEnded { body(&recording) }
        }
    }
}
