import Tracing
internal import TelemetryModel

/// A span of ``HeadropeTracer``. It is sent some time after ``end(at:)``; a span that never ends is never sent.
///
/// A span that is not recorded holds nothing but the context it was started in, and costs no memory of its own.
public struct HeadropeSpan: Tracing.Span {
    /// What it was started in.
    private let base: InstrumentationContext

    /// What is recorded; nil when nothing is.
    private let record: SpanRecord?

    init(in base: InstrumentationContext, record: SpanRecord?) {
        self.base = base
        self.record = record
    }

    /// The context for whatever this span calls. Made when it is asked for, as many spans call nothing.
    public var context: InstrumentationContext {
        guard let record else { return base }
        var context = base
        context.node = record
        return context
    }

    /// The id of the trace, 32 hexadecimal digits: what a log line or an answer should name. Empty where there is none.
    public var traceID: String { own?.traceID.description ?? "" }

    /// The id of the span, 16 hexadecimal digits; for a span that is not recorded, that of the one before it which had an id.
    public var spanID: String { own?.spanID.description ?? "" }

    private var own: SpanContext? { (record?.own ?? base.span).flatMap { $0.hasParent ? $0 : nil } }

    /// Whether what is said to the span is kept: it is sampled and has not ended.
    public var isRecording: Bool { record.map { !$0.hasEnded } ?? false }

    /// The name of the operation; empty for a span that is not recorded.
    public var operationName: String {
        get { record?.name ?? "" }
        nonmutating set { record?.changeDetails { $0.name = newValue } }
    }

    /// The attributes; those beyond the limit are dropped when the span is sent.
    public var attributes: SpanAttributes {
        get { record?.visibleAttributes ?? [:] }
        nonmutating set {
            guard let record else { return }
            guard record.takeAttributes() else { return record.addLateAttributes(newValue) }
            record.attributes = newValue
            record.returnAttributes()
        }
        nonmutating _modify {
            if let record, record.takeAttributes() {
                defer { record.returnAttributes() }
                record.makeRoomForAttributes()
                yield &record.attributes
            } else {
                var attributes = SpanAttributes()
                yield &attributes
                record?.addLateAttributes(attributes)
            }
        }
    }

    /// Says how the operation ended. As OpenTelemetry has it, `ok` is final.
    public func setStatus(_ status: Tracing.SpanStatus) {
        record?.changeDetails { details in
            if details.status?.code != .ok { details.status = status }
        }
    }

    /// Adds something that happened.
    public func addEvent(_ event: Tracing.SpanEvent) {
        guard let record else { return }
        record.changeDetails { details in
            if details.events.count < record.limits.eventCount {
                details.events.append(event)
            } else {
                details.droppedEventCount &+= 1
            }
        }
    }

    /// Adds a pointer to another span.
    public func addLink(_ link: Tracing.SpanLink) {
        guard let record else { return }
        record.changeDetails { details in
            if details.links.count < record.limits.linkCount {
                details.links.append(link)
            } else {
                details.droppedLinkCount &+= 1
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
        record?.end(instant().nanosecondsSinceEpoch)
    }
}
